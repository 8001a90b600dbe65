/** `tresgo session repair`: what is whole stays, what can be had again is asked for, and nothing is deleted. */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Candidate, openCandidate } from '../../support/server/candidate.ts';
import { expectRefusal, inThisProcess } from '../../support/server/in-this-process.ts';
import { spawnServer, startSession, type TestServer, temporaryFolder } from '../../support/server/server.ts';
import { recording, refusalOf, reprDigest } from '../../support/tus/tus.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
let anna: Candidate;
beforeEach(async () => {
  root = await temporaryFolder();
  server = await spawnServer({ dataDir: root.path });
  anna = await openCandidate(server, 'Anna');
});
afterEach(async () => {
  await server.stop();
  await root.remove();
});

const run = (...args: string[]) => inThisProcess([...args, '--data-dir', root.path]);
const repair = () => run('session', 'repair', anna.folder);

/** The questions that the page counts as answered when it starts the session again. */
async function answered(): Promise<number[]> {
  const response = await fetch(`${server.url}/api/session/start`, {
    method: 'POST',
    body: JSON.stringify({ token: anna.token, userName: 'Anna' }),
  });
  return ((await response.json()) as { answered: number[] }).answered;
}

test('an upload that lost bytes goes on from those that are there, while the server runs', async () => {
  const tus = anna.tus(server);
  const bytes = recording(60_000);
  const location = await tus.begin();
  await tus.patch(location, 0, bytes.subarray(0, 40_000));
  await truncate(anna.uploadFile(location), 15_000);
  expect(await refusalOf(await tus.patch(location, 40_000, bytes.subarray(40_000)))).toMatchObject({
    code: 'upload-damaged',
  });
  expect(await repair()).toEqual({
    status: 0,
    stdout: 'Question 1, take 1: the file has 15000 of 40000 bytes; the upload goes on from byte 15000.\n',
    stderr: '',
  });
  const offset = Number((await tus.head(location)).headers.get('upload-offset'));
  expect(offset).toBe(15_000);
  expect((await tus.patch(location, offset, bytes.subarray(offset))).status).toBe(204);
  const last = await tus.patch(location, bytes.length, Buffer.alloc(0), { length: bytes.length });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect((await run('check')).status).toBe(0);
});

test('also where the server still has the file open, and where the file is gone', async () => {
  const tus = anna.tus(server);
  const bytes = recording(60_000);
  const [short, gone] = [await tus.begin(), await tus.begin({ question: 2 })];
  for (const location of [short, gone]) await tus.patch(location, 0, bytes.subarray(0, 40_000));
  await truncate(anna.uploadFile(short), 15_000);
  await rm(anna.uploadFile(gone));
  expect((await repair()).stdout).toMatch(/goes on from byte 15000\.\n.*is missing; the upload goes on from byte 0\./);
  for (const location of [short, gone]) {
    const offset = Number((await tus.head(location)).headers.get('upload-offset'));
    await tus.patch(location, offset, bytes.subarray(offset));
    const last = await tus.patch(location, bytes.length, Buffer.alloc(0), { length: bytes.length });
    expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  }
});

test('an answer that is damaged or gone is asked for again, and its file is kept', async () => {
  const tus = anna.tus(server);
  for (const question of [1, 2, 3]) await tus.send(recording(2_000), { question });
  await truncate(`${anna.path}/Q1.webm`, 900);
  await rm(`${anna.path}/Q2.webm`);
  expect(await answered()).toContain(1);
  const done = await run('session', 'repair', 'anna', '--json');
  expect(JSON.parse(done.stdout)).toMatchObject({
    folder: anna.folder,
    reopened: false,
    steps: [
      { question: 1, outcome: 'missing', problem: 'has 900 of 2000 bytes', kept: 'takes/Q1-1.damaged.webm' },
      { question: 2, outcome: 'missing', problem: 'is missing', kept: null },
    ],
  });
  expect(await answered()).toEqual([3]);
  expect((await readFile(`${anna.path}/takes/Q1-1.damaged.webm`)).length).toBe(900);
  const again = recording(2_500);
  expect((await tus.send(again)).headers.get('upload-complete')).toBe('?1');
  expect(await readFile(`${anna.path}/Q1.webm`)).toEqual(again);
  expect((await readdir(`${anna.path}/takes`)).sort()).toEqual(['Q1-1.damaged.webm']);
  expect(await repair()).toMatchObject({ status: 0, stdout: expect.stringContaining('there was nothing to repair') });
});

test('an earlier take that is whole counts again', async () => {
  const tus = anna.tus(server);
  const [first, second] = [recording(2_000), recording(3_000)];
  await tus.send(first);
  await tus.send(second);
  await writeFile(`${anna.path}/Q1.webm`, recording(3_000));
  expect((await repair()).stdout).toMatch(/take 2: the file has other bytes.*take 1, which is whole, counts again/);
  expect(await readFile(`${anna.path}/Q1.webm`)).toEqual(first);
  expect((await readdir(`${anna.path}/takes`)).sort()).toEqual(['Q1-2.damaged.webm']);
  expect(await answered()).toEqual([1]);
  const { files } = JSON.parse(await readFile(`${anna.path}/meta.json`, 'utf8')) as { files: object[] };
  expect(files).toMatchObject([{ fileName: 'Q1.webm', bytes: 2_000 }]);
});

test('a finished session that is whole is refused; one that lost an answer is open again for it', async () => {
  const tus = anna.tus(server);
  for (const question of [1, 2, 3, 4, 5]) await tus.send(recording(1_000), { question });
  const finish = () =>
    fetch(`${server.url}/api/session/finish`, {
      method: 'POST',
      body: JSON.stringify({ token: anna.token, folder: anna.folder, questionsCount: 5 }),
    });
  expect((await finish()).status).toBe(200);
  expectRefusal(await repair(), /is finished, and whole: there is nothing to repair/);
  await rm(`${anna.path}/Q4.webm`);
  expect((await repair()).stdout).toContain('It is open again: the same link asks for what is missing.');
  expect(await startSession(server.url, anna.token, 'Anna')).toBe(anna.folder);
  expect(await answered()).toEqual([1, 2, 3, 5]);
  expect((await finish()).status).toBe(409);
  await tus.send(recording(1_000), { question: 4 });
  expect((await finish()).status).toBe(200);
});
