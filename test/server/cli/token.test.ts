/** `tresgo token …` */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import BetterSqlite3 from 'better-sqlite3';
import { DateTime } from 'luxon';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseExpiry } from '../../../server/cli/command.ts';
import { displayWidth } from '../../../server/display-width.ts';
import { expectRefusal, inThisProcess } from '../../support/server/in-this-process.ts';
import { openApp, spawnServer, startSession, temporaryFolder, tresgo } from '../../support/server/server.ts';
import { createTusClient, recording, refusalOf } from '../../support/tus/tus.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  root = await temporaryFolder();
});
afterAll(() => root.remove());

const run = (...args: string[]) => inThisProcess([...args, '--data-dir', root.path]);

/** What a command says of the folder and of the link. */
const REMARKS = /^(made a new data folder|the link begins with|this token has) .*\n/gm;

/** Runs a command that must succeed. Returns its JSON document. */
async function json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  const { status, stdout, stderr } = await run(...args, '--json');
  expect({ status, stderr: stderr.replace(REMARKS, '') }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

interface Created {
  id: string;
  token: string;
  name: string;
  link: string;
  expiresAt: string | null;
}

test('a token is created, listed, shown, revoked and restored; its secret is printed once and stored nowhere', async () => {
  const made = await json<Created>('token', 'create', '--name', ' Nguyễn Văn A ', '--expires', '7d');
  expect(Object.keys(made)).toEqual(['id', 'token', 'name', 'link', 'expiresAt']);
  expect(made.name).toBe('Nguyễn Văn A');
  expect(made.link).toBe(`http://127.0.0.1:8002/#t=${made.token}`);
  expect(made.token).toMatch(/^[\w-]{32}$/);
  const left = Date.parse(made.expiresAt ?? '') - Date.now();
  expect(left).toBeGreaterThan(7 * 86_400_000 - 60_000);
  expect(left).toBeLessThanOrEqual(7 * 86_400_000);

  const chosen = 'my-own~!secret';
  expect(await json<Created>('token', 'create', '--name', 'B', '--token', chosen)).toMatchObject({
    token: chosen,
    link: `http://127.0.0.1:8002/#t=${encodeURIComponent(chosen)}`,
    expiresAt: null,
  });
  expectRefusal(await run('token', 'create', '--name', 'C', '--token', chosen), /a token already/);

  expect(await json<Created[]>('token', 'list')).toMatchObject([
    { name: 'B' },
    { id: made.id, state: 'invited', maxSessions: 1 },
  ]);
  expect(await json('token', 'revoke', made.id)).toMatchObject({ id: made.id, state: 'revoked' });
  expect(await json('token', 'show', made.id)).toMatchObject({ state: 'revoked' });
  expect(await json('token', 'restore', made.id)).toMatchObject({ state: 'invited' });

  const printed = [
    await run('token', 'list'),
    await run('token', 'show', made.id),
    await run('token', 'list', '--json'),
  ];
  for (const { status, stdout } of printed) {
    expect(status).toBe(0);
    expect(stdout).toContain(made.id);
    expect(stdout).not.toContain(made.token);
  }
  for (const secret of [made.token, chosen]) {
    const found = await promisify(execFile)('grep', ['-rlaF', secret, root.path]).catch(
      (error: { stdout: string }) => error,
    );
    expect(found.stdout).toBe('');
  }
  for (const command of ['show', 'revoke', 'restore'])
    expectRefusal(await run('token', command, 'nope'), /there is no token "nope": "tresgo token list" shows them/);
});

test('the output for people has the secret and the link on lines of their own', async () => {
  const { status, stdout } = await run('token', 'create', '--name', 'Anna', '--max-sessions', '0');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Token for Anna \(id \w+\):\n {2}(\S{32})\nLink:\n {2}http:\/\/127\.0\.0\.1:8002\/#t=\1\n$/);
  expect((await run('token', 'list')).stdout).toMatch(/^ID +NAME +INTERVIEW +STATE +LAST ACTIVITY +EXPIRES\n/);
});

test('the columns of the list are aligned whatever script the names are in', async () => {
  for (const name of ['王小明', 'สมศรี ผู้ดี', 'Nguyễn Văn A'.normalize('NFD')])
    await json('token', 'create', '--name', name);
  const [headings = '', ...lines] = (await run('token', 'list')).stdout.split('\n');
  const rows = lines.slice(0, lines.indexOf(''));
  const beforeInterview = (row: string) => displayWidth(row.slice(0, row.lastIndexOf('default')));
  expect(new Set(rows.map(beforeInterview))).toEqual(new Set([headings.indexOf('INTERVIEW')]));
});

test('a token of its own that can be guessed is made with a warning', async () => {
  const warned = await run('token', 'create', '--name', 'A', '--token', '123456789012345');
  expect(warned.status).toBe(0);
  expect(warned.stderr).toContain('this token has 15 characters and can be guessed: use 16 or more');
  const calm = await run('token', 'create', '--name', 'A', '--token', '1234567890123456');
  expect(calm.stderr).not.toContain('guessed');
});

test('--token takes 4 to 200 characters, and an unknown interview is refused', async () => {
  for (const token of ['abcd', 'a  b', '!'.repeat(200)])
    expect(await json<Created>('token', 'create', '--name', 'A', '--token', token)).toMatchObject({ token });
  expectRefusal(
    await run('token', 'create', '--name', 'A', '--interview', 'none'),
    /there is no interview "none": "tresgo interview list" shows them/,
  );
});

test('a running server accepts and refuses tokens at once after they are created and revoked', async () => {
  const { path: dataDir, remove } = await temporaryFolder();
  const server = await spawnServer({ dataDir });
  const verify = (token: string) =>
    fetch(`${server.url}/api/verify-token`, { method: 'POST', body: JSON.stringify({ token }) });
  try {
    const create = async (name: string) =>
      JSON.parse(
        (await tresgo(['token', 'create', '--name', name, '--json', '--data-dir', dataDir])).stdout,
      ) as Created;
    const made = await Promise.all(['A', 'B', 'C'].map(create));
    for (const { token } of made) expect((await verify(token)).status).toBe(200);
    const [first] = made;
    if (!first) throw new Error('none was made');
    await tresgo(['token', 'revoke', first.id, '--data-dir', dataDir]);
    expect(await refusalOf(await verify(first.token))).toMatchObject({ status: 401 });
  } finally {
    await server.stop();
    await remove();
  }
});

test('a token says how far its candidate is', async () => {
  const { path: dataDir, remove } = await temporaryFolder();
  const app = await openApp({ dataDir });
  const made = new Map<string, { id: string; secret: string }>();
  const names = ['invited', 'opened', 'in-progress', 'finished', 'expired', 'revoked', 'resumed', 'given up'];
  for (const name of names) made.set(name, await app.token(name));
  const secret = (name: string) => made.get(name)?.secret ?? '';
  const start = async (name: string, questions: number[]) => {
    const folder = await startSession(app.url, secret(name), name);
    const tus = createTusClient({ url: app.url, token: secret(name), folder });
    for (const question of questions) await tus.send(recording(100), { question });
    return folder;
  };
  const sql = (statement: string, ...values: string[]) => {
    const catalog = new BetterSqlite3(`${dataDir}/tresgo.db`);
    catalog.prepare(statement).run(...values);
    catalog.close();
  };
  try {
    await fetch(`${app.url}/api/verify-token`, { method: 'POST', body: JSON.stringify({ token: secret('opened') }) });
    await start('in-progress', [2, 2, 4]);
    const folder = await start('finished', [1, 2, 3, 4, 5]);
    await fetch(`${app.url}/api/session/finish`, {
      method: 'POST',
      body: JSON.stringify({ token: secret('finished'), folder, questionsCount: 5 }),
    });
    await start('resumed', []);
    const last = await start('given up', [1]);
    for (const name of ['expired', 'resumed', 'given up', 'finished'])
      sql(`update tokens set expires_at = '2020-01-01T00:00:00.000Z' where id = ?`, made.get(name)?.id ?? '');
    const old = '2020-01-02T00:00:00.000Z';
    sql(`update sessions set started_at = '${old}' where folder = ?`, last);
    sql(`update takes set updated_at = '${old}' where session_id = (select id from sessions where folder = ?)`, last);
    await app.storage.tokens.revoke(made.get('revoked')?.id ?? '', true);

    const run = (...args: string[]) => inThisProcess(['token', ...args, '--data-dir', dataDir]);
    const list = JSON.parse((await run('list', '--json')).stdout) as Array<Record<string, unknown>>;
    expect(Object.fromEntries(list.map(({ name, state }) => [name, state]))).toEqual({
      ...Object.fromEntries(names.slice(0, 6).map((name) => [name, name])),
      // Its session may go on for a week after its last byte.
      resumed: 'in-progress',
      'given up': 'expired',
    });
    expect(list.find(({ name }) => name === 'in-progress')).toMatchObject({ answered: 2, questions: 5 });
    expect((await run('list')).stdout).toContain('in-progress (2 of 5)');
    for (const one of list)
      for (const at of [one.createdAt, one.openedAt, one.expiresAt, one.revokedAt])
        if (at !== null) expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/);
    expect(JSON.parse((await run('show', made.get('opened')?.id ?? '', '--json')).stdout)).toMatchObject({
      state: 'opened',
    });
  } finally {
    await app.close();
    await remove();
  }
});

test.each([
  ['2026-12-31', '2026-12-31T23:59:59.999'],
  ['2026-11-27', '2026-11-27T23:59:59.999'],
  ['2026-12', '2026-12-31T23:59:59.999'],
  ['2027', '2027-12-31T23:59:59.999'],
  ['2026-W53', '2027-01-03T23:59:59.999'],
  ['20261231', '2026-12-31T23:59:59.999'],
  ['2026-365', '2026-12-31T23:59:59.999'],
  ['2026-12-31T18:00', '2026-12-31T18:00:00.000'],
  ['24h', '2026-11-28T20:00:00.000'],
])('--expires %s means %s', (text, at) => {
  const now = DateTime.fromISO('2026-11-27T20:00');
  expect(parseExpiry(text, now).toISO({ includeOffset: false })).toBe(at);
});

test('a day that is over is refused, and the output says the exact time of the end of a day', async () => {
  expect(() => parseExpiry('2026-11-26', DateTime.fromISO('2026-11-27T00:00'))).toThrow(/still to come/);
  const { stdout } = await run('token', 'create', '--name', 'Anna', '--expires', '2099-12-31');
  expect(stdout).toMatch(/expires 2099-12-31 23:59:59 UTC[+-]\d+\)/);
});

test('a link begins with the address of the server that runs on the data folder; else it is a guess, and said', async () => {
  const { path: dataDir, remove } = await temporaryFolder();
  const create = () => inThisProcess(['token', 'create', '--name', 'A', '--json', '--data-dir', dataDir]);
  const linkOf = ({ stdout }: { stdout: string }) => (JSON.parse(stdout) as Created).link;
  try {
    for (const env of [{}, { TRESGO_PUBLIC_URL: 'https://interviews.example' }]) {
      const server = await spawnServer({ dataDir, env });
      const made = await create();
      await server.stop();
      expect(linkOf(made)).toMatch(
        env.TRESGO_PUBLIC_URL ? /^https:\/\/interviews\.example\/#t=/ : new RegExp(`^${server.url}/#t=`),
      );
      expect(made.stderr).toBe('');
    }
    const guessed = await create();
    expect(linkOf(guessed)).toMatch(/^http:\/\/127\.0\.0\.1:8002\/#t=/);
    expect(guessed.stderr).toMatch(
      /^the link begins with http:\/\/127\.0\.0\.1:8002, which is a guess: no server runs/,
    );
  } finally {
    await remove();
  }
});
