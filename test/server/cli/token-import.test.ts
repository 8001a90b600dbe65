/** `tresgo token import` and `tresgo token remind`. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import Papa from 'papaparse';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectRefusal, inThisProcess } from '../../support/server/in-this-process.ts';
import { openApp, startSession, type TestApp, temporaryFolder, tresgo } from '../../support/server/server.ts';
import { createTusClient, recording } from '../../support/tus/tus.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let app: TestApp;
beforeEach(async () => {
  root = await temporaryFolder();
  app = await openApp({ dataDir: `${root.path}/data` });
});
afterEach(async () => {
  await app.close();
  await root.remove();
});

const run = (...args: string[]) => inThisProcess(['token', ...args, '--data-dir', app.dataDir]);
const inFolder = (name: string) => `${root.path}/${name}`;

async function importText(text: string, ...options: string[]) {
  const file = inFolder('candidates.csv');
  await writeFile(file, text);
  return run('import', file, ...options);
}

type Row = Record<string, string>;
const rowsOf = (csv: string) => Papa.parse<Row>(csv, { header: true, skipEmptyLines: true }).data;

test('200 rows become 200 tokens in one go, and each link logs in', async () => {
  const names = Array.from({ length: 200 }, (_, at) => `Nguyễn Văn ${at}`);
  const out = inFolder('out.csv');
  const { status, stdout } = await importText(`name\n${names.join('\n')}\n`, '--out', out, '--qr', inFolder('codes'));
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: `200 tokens are in the catalog. Their links and messages are in ${out}.\nQR codes of the links are in ${inFolder('codes')}.\n`,
  });
  const text = await readFile(out, 'utf8');
  expect(text.startsWith('\ufeffname,link,message,error\r\n')).toBe(true);
  expect((await stat(out)).mode & 0o777).toBe(0o600);
  const rows = rowsOf(text.slice(1));
  expect(rows.map(({ name }) => name)).toEqual(names);
  expect(new Set(rows.map(({ link }) => link)).size).toBe(200);
  expect(await app.storage.tokens.list()).toHaveLength(200);
  // One invitation to many is listed by name, and told in a line.
  const listed = JSON.parse((await run('list', '--json')).stdout) as Row[];
  expect(listed.map(({ name }) => name)).toEqual([...names].sort());
  expect((await run('list')).stdout).toContain('\n\n200 tokens: 200 invited. 30 shown: --limit 0 shows all.\n');
  const secret = decodeURIComponent(rows[199]?.link?.split('#t=')[1] ?? '');
  expect(await startSession(app.url, secret, 'nguyen van 199')).toMatch(/_nguyen_van_199$/);
  const codes = await readdir(inFolder('codes'));
  expect(codes).toHaveLength(200);
  expect(codes.sort()[0]).toBe('002_nguyen_van_0.svg');
  expect(await readFile(`${inFolder('codes')}/002_nguyen_van_0.svg`, 'utf8')).toMatch(/^<svg /);
});

test('of 200 rows with two mistakes none is made, and each mistake has its row and column', async () => {
  const rows = Array.from({ length: 200 }, (_, at) => `Name ${at},,`);
  rows[5] = 'Name 5,soon,';
  rows[100] = 'Name 100,,fr';
  const { status, stdout, stderr } = await importText(
    `name,expires,language\n${rows.join('\n')}\n`,
    '--out',
    inFolder('out.csv'),
  );
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/candidates\.csv: row 7, expires: It takes 30m, 24h/),
    expect.stringMatching(/candidates\.csv: row 102, language: It takes en, vi or th\.$/),
    `${inFolder('out.csv')} has all rows, with their mistakes: correct and import it`,
  ]);
  expect(await app.storage.tokens.list()).toEqual([]);

  const result = rowsOf((await readFile(inFolder('out.csv'), 'utf8')).slice(1));
  expect(result).toHaveLength(200);
  expect(result.flatMap(({ name, link, error }) => (error || link ? [[name, link, error]] : []))).toEqual([
    ['Name 5', '', expect.stringMatching(/^expires: It takes 30m, 24h/)],
    ['Name 100', '', 'language: It takes en, vi or th.'],
  ]);
  // Corrected, the same file can be imported; a file that is there is not written over.
  const corrected = Papa.unparse(result.map((row) => ({ ...row, expires: '', language: '' })));
  expect((await importText(corrected, '--out', inFolder('out.csv'))).stderr).toMatch(/it is there already/);
  const again = await importText(corrected, '--out', inFolder('links.csv'));
  expect(again.stdout).toContain('200 tokens are in the catalog.');
  const made = rowsOf((await readFile(inFolder('links.csv'), 'utf8')).slice(1));
  expect(Object.keys(made[0] ?? {})).toEqual(['name', 'expires', 'language', 'link', 'message', 'error']);
  expect(made.every(({ link, error }) => link?.startsWith('http') && error === '')).toBe(true);
});

test('none is made where one secret is a token already; its row says so, and no link is left', async () => {
  await app.token('Anna', { token: 'a secret of long ago' });
  const text = 'name,token\nBao,a secret of my own\nChi,a secret of long ago\n';
  expectRefusal(await importText(text, '--qr', inFolder('codes')), /row 3, token: It is a token already/);
  expect(await app.storage.tokens.list()).toHaveLength(1);
  expect(await readdir(inFolder('codes'))).toEqual([]);
  expect((await importText(text, '--out', inFolder('out.csv'))).status).toBe(1);
  expect(rowsOf((await readFile(inFolder('out.csv'), 'utf8')).slice(1))).toMatchObject([
    { name: 'Bao', link: '', error: '' },
    { name: 'Chi', link: '', error: 'token: It is a token already: choose another, or leave it out.' },
  ]);
});

test('a spreadsheet’s file is read: BOM, semicolons, CRLF, quotes, empty rows, capitals; further columns stay', async () => {
  const text = '\ufeffName;Phone;Expires;Email\r\n"Bình; Trần";+84 1;7d;b@x.vn\r\n;;;\r\n"Anna ""Nan"" Lee";=1+1;;\r\n';
  const { status, stdout, stderr } = await importText(text);
  expect(status).toBe(0);
  expect(stderr).toContain('these columns mean nothing here: phone\n');
  const rows = rowsOf(stdout);
  expect(rows).toMatchObject([
    { name: 'Bình; Trần', phone: "'+84 1", email: 'b@x.vn', error: '' },
    { name: 'Anna "Nan" Lee', phone: "'=1+1" },
  ]);
  const [newest, older] = (await app.storage.tokens.list()).sort((a, b) => a.name.localeCompare(b.name));
  expect(newest).toMatchObject({ name: 'Anna "Nan" Lee', expiresAt: null });
  expect(older?.expiresAt?.diffNow('days').days).toBeGreaterThan(6.9);
});

test('no cell of the result is a formula, also one of several lines', async () => {
  const cells = ['=1+1', '+1', '-1', '@SUM(A1)', '"=1\n+2"', '"\t=1"'];
  const { stdout } = await importText(`name,note\n${cells.map((cell, at) => `N ${at},${cell}`).join('\n')}\n`);
  for (const { note } of rowsOf(stdout)) expect(note).toMatch(/^'/);
});

test('each row has a message in its language, with name, link, deadline and organization', async () => {
  const interview = await app.storage.interviews.get('default-vi');
  if (!interview) throw new Error('no interview');
  await app.storage.interviews.create({ ...interview, organization: 'Công ty Sen' }, { replace: true });
  const text = [
    'name,interview,language,expires',
    'Nguyễn Văn A,default-vi,,2099-12-04T18:00',
    'สมชาย ใจดี,default-vi,th,2099-12-04T18:00',
    'Anna Lee,default,,2099-12-04T18:00',
    'Bob Lee,default,en,',
  ].join('\n');
  const { stdout } = await importText(text, '--json');
  const rows = JSON.parse(stdout) as Array<{ link: string; message: string }>;
  const [vi, th, none, en] = rows;
  expect(rows.map(({ link }) => link.match(/\/(\?lang=\w+)?#t=/)?.[1])).toEqual([
    '?lang=vi',
    '?lang=th',
    undefined,
    '?lang=en',
  ]);
  for (const { link, message } of rows) expect(message.split('\n')).toContain(link);
  expect(vi?.message).toMatch(
    /^Chào Nguyễn Văn A,\n\nCông ty Sen mời bạn .*trước lúc 18:00 Thứ Sáu, 4 tháng 12, 2099 \(UTC/s,
  );
  expect(vi?.message).toMatch(/Trân trọng,\nCông ty Sen$/);
  expect(th?.message).toMatch(/^เรียน คุณสมชาย ใจดี\n\nCông ty Sen ขอเชิญ.*วันศุกร์ที่ 4 ธันวาคม 2642 เวลา 18:00/s);
  expect(none?.message).toMatch(/^Hello Anna Lee,\n\nYou are invited .*Friday,? 4 December 2099 at 18:00 \(UTC/s);
  expect(en?.message).not.toContain('before');
  const languages = (await app.storage.tokens.list()).map(({ name, language }) => [name, language]);
  expect(new Map(languages as [string, string][])).toEqual(
    new Map([
      ['Nguyễn Văn A', null],
      ['สมชาย ใจดี', 'th'],
      ['Anna Lee', null],
      ['Bob Lee', 'en'],
    ]),
  );
});

test('--dry-run makes nothing, and shows a message', async () => {
  const { status, stdout } = await importText('name\nAnna\n', '--dry-run', '--qr', inFolder('codes'));
  expect(status).toBe(0);
  expect(stdout).toMatch(/^1 token can be made\. Nothing was made\. The first message:\n\n {2}Hello Anna,\n/);
  expect(await app.storage.tokens.list()).toEqual([]);
  expect(await readdir(root.path)).not.toContain('codes');
});

test.each([
  ['email\na@b\n', /row 1: there is no column "name"/],
  ['name,name\nA,B\n', /row 1: the column name is there twice/],
  ['name\n', /there are no rows below/],
  ['', /there is no column "name"/],
  ['name,email\nA,b\n', /row 2, email: It takes a mail address/],
  [
    'name,email\nLee, Anna,a@b\n',
    /row 2, cells: there are 3, and row 1 has 2: put a text that has the separator in quotes/,
  ],
  ['name,interview\nA,none\n', /row 2, interview: There is no interview "none"/],
  ['name,expires\nA,2020-01-01\n', /row 2, expires: It takes a time that is still to come/],
  ['name,token\nA,abc\n', /row 2, token: It takes 4 to 200/],
  ['name,token\nA,abcd\nB,abcd\n', /row 3, token: It is that of row 2 as well/],
  ['name\nA\n\n\u200b\n', /row 4, name: It takes a name/],
  ['name,link\nA,https://x\n', /row 2, link: this row has a link already/],
  ['name\n"A\n', /row 2: /],
])('%j is refused in one line', async (text, words) => {
  expectRefusal(await importText(text), words);
  expect(await app.storage.tokens.list()).toEqual([]);
});

test('what can’t be read or written is refused, and nothing is made', async () => {
  expectRefusal(await run('import', inFolder('none.csv')), /can’t be read \(there is no such file\): name a CSV file/);
  expectRefusal(await importText('name\nA\n', '--interview', 'none'), /there is no interview "none"/);
  await writeFile(inFolder('old.csv'), 'links');
  expectRefusal(
    await importText('name\nA\n', '--out', inFolder('old.csv')),
    /old\.csv can’t be written \(it is there already\)/,
  );
  expectRefusal(await importText('name\nA\n', '--out', inFolder('no/out.csv')), /can’t be written \(ENOENT\)/);
  expect(await app.storage.tokens.list()).toEqual([]);
  expect(await readFile(inFolder('old.csv'), 'utf8')).toBe('links');
});

test('- reads standard input, beside the running server', async () => {
  const text = Buffer.from('name\nAnna\n');
  const shell = `printf '%s' '${text.toString()}' | node server/cli/bin.mjs token import - --data-dir '${app.dataDir}'`;
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  const { stdout } = await promisify(execFile)('bash', ['-c', shell]);
  expect(rowsOf(stdout)).toMatchObject([{ name: 'Anna' }]);
  expect((await tresgo(['token', 'list', '--data-dir', app.dataDir])).stdout).toContain('Anna');
});

test('remind lists who has not begun and who has not finished, each with what to write', async () => {
  const old = DateTime.now().plus({ days: 3 });
  await app.token('Waits', { expiresAt: old });
  const half = await app.token('Half', { interview: 'default-vi' });
  const done = await app.token('Done');
  await app.storage.tokens.revoke((await app.token('Gone')).id, true);
  const folder = await startSession(app.url, half.secret, 'Half');
  await createTusClient({ url: app.url, token: half.secret, folder }).send(recording(100), { question: 1 });
  const closed = await startSession(app.url, done.secret, 'Done');
  const tus = createTusClient({ url: app.url, token: done.secret, folder: closed });
  for (const question of [1, 2, 3, 4, 5]) await tus.send(recording(100), { question });
  await fetch(`${app.url}/api/session/finish`, {
    method: 'POST',
    body: JSON.stringify({ token: done.secret, folder: closed, questionsCount: 5 }),
  });
  const all = JSON.parse((await run('remind', '--json')).stdout) as Array<{ name: string; message: string }>;
  expect(all.map(({ name }) => name).sort()).toEqual(['Half', 'Waits']);
  const messageTo = (name: string) => all.find((one) => one.name === name)?.message;
  expect(messageTo('Waits')).toMatch(
    /^Hello Waits,\n\nYour invitation .* still open\.\n\nOpen the link .* begin before /s,
  );
  expect(messageTo('Half')).toMatch(/^Chào Half,\n\nBạn đã trả lời 1\/5 câu hỏi/);
  expect((await run('remind')).stdout).toMatch(/Half: in-progress \(1 of 5\) since \d{4}-/);
  expect((await run('remind', '--interview', 'default-vi')).stdout).not.toContain('Waits');
  expect((await run('remind', '--older', '2d')).stdout).toBe('There is nobody to remind.\n');
  const { status, stderr } = await run('remind', '--older', 'long');
  expect(status).toBe(2);
  expect(stderr).toContain('It takes 12h, 2d or 1w.');
});
