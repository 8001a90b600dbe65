/** `tresgo session reopen`, while the server runs. */
import { readFile } from 'node:fs/promises';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Candidate, openCandidate } from '../../support/server/candidate.ts';
import { expectRefusal, inThisProcess } from '../../support/server/in-this-process.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../../support/server/server.ts';
import { recording, refusalOf } from '../../support/tus/tus.ts';

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
const reopen = (...options: string[]) => run('session', 'reopen', 'anna', ...options);
const post = (route: string, body: object) =>
  fetch(`${server.url}/api/session/${route}`, { method: 'POST', body: JSON.stringify({ token: anna.token, ...body }) });
const start = () => post('start', { userName: 'Anna' });
const finish = () => post('finish', { folder: anna.folder, questionsCount: 5 });

async function answerAll(): Promise<void> {
  for (const question of [1, 2, 3, 4, 5]) await anna.tus(server).send(recording(1_000), { question });
  expect((await finish()).status).toBe(200);
}

test('the candidate answers one question again by the same link, and finishes again', async () => {
  await answerAll();
  const before = await readFile(`${anna.path}/Q3.webm`);
  expect(await refusalOf(await start())).toMatchObject({ status: 409, code: 'sessions-used-up' });

  const { status, stdout, stderr } = await reopen('--question', '3');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toBe(
    `${anna.folder} is open again, 4 of 5 answered: its candidate goes on by the same link.\nQuestion 3 is asked again; the earlier recording is in takes/.\n`,
  );
  expect(await (await start()).json()).toMatchObject({ folder: anna.folder, resumed: true, answered: [1, 2, 4, 5] });
  expect(JSON.parse((await run('token', 'list', '--json')).stdout)).toMatchObject([
    { state: 'in-progress', answered: 4 },
  ]);
  expect(JSON.parse((await run('session', 'list', '--json')).stdout)[0].answers).toHaveLength(4);
  // The page repeats a finish whose response it has lost.
  expect(await refusalOf(await finish())).toMatchObject({ status: 409, code: 'answers-missing' });

  const again = recording(3_000);
  const last = await anna.tus(server).send(again, { question: 3 });
  expect(last.headers.get('upload-complete')).toBe('?1');
  expect((await finish()).status).toBe(200);
  expect(await readFile(`${anna.path}/Q3.webm`)).toEqual(again);
  expect(await readFile(`${anna.path}/takes/Q3-1.webm`)).toEqual(before);
  expect(JSON.parse(await readFile(`${anna.path}/meta.json`, 'utf8'))).toMatchObject({
    status: 'finished',
    takes: [{ questionIndex: 3, number: 1 }],
  });
  expect((await run('check')).status).toBe(0);
});

test('several questions at once, and none', async () => {
  await answerAll();
  expect(JSON.parse((await reopen('--question', '5', '--question', '1', '--json')).stdout)).toMatchObject({
    folder: anna.folder,
    withdrawn: [1, 5],
    answered: [2, 3, 4],
  });
  for (const question of [1, 5]) await anna.tus(server).send(recording(500), { question });
  await finish();
  expect(JSON.parse((await reopen('--json')).stdout)).toMatchObject({ withdrawn: [], answered: [1, 2, 3, 4, 5] });
  expect((await start()).status).toBe(200);
});

test('what can’t be reopened is refused in one line', async () => {
  expectRefusal(await reopen(), /is open already: its candidate can go on by the link/);
  await answerAll();
  expectRefusal(await reopen('--question', '6'), /has 5 questions, and no question 6/);
  expectRefusal(await run('session', 'reopen', 'nobody'), /there is no session "nobody"/);
  expect((await reopen('--question', '0')).status).toBe(2);
  expect((await start()).status).toBe(409);
});

test('where it was cut off, a repair does the rest, and says so', async () => {
  await answerAll();
  const before = await readFile(`${anna.path}/Q2.webm`);
  const catalog = new BetterSqlite3(`${root.path}/tresgo.db`);
  catalog.exec(
    `update sessions set reopening = '[2]'; update takes set file_name = 'takes/Q2-1.webm' where question = 2`,
  );
  catalog.close();
  expect(await run('session', 'repair', 'anna')).toEqual({
    status: 0,
    stdout: `${anna.folder} is whole. A "session reopen" of it had been cut off: it is done, and the session is open again.\n`,
    stderr: '',
  });
  expect(await (await start()).json()).toMatchObject({ resumed: true, answered: [1, 3, 4, 5] });
  expect(await readFile(`${anna.path}/takes/Q2-1.webm`)).toEqual(before);
  expectRefusal(await reopen(), /is open already/);
});

test('it is said where the link opens nothing yet', async () => {
  await answerAll();
  const [token] = JSON.parse((await run('token', 'list', '--json')).stdout) as Array<{ id: string }>;
  const catalog = new BetterSqlite3(`${root.path}/tresgo.db`);
  const long = '2020-01-01T00:00:00.000Z';
  catalog.exec(`update tokens set expires_at = '${long}'; update sessions set started_at = '${long}'`);
  catalog.exec(`update takes set updated_at = '${long}'`);
  catalog.close();
  expect((await reopen()).stderr).toContain(`has expired: "tresgo token update ${token?.id} --expires 7d"`);
  expect((await start()).status).toBe(401);
  await run('token', 'update', token?.id ?? '', '--expires', '7d');
  expect((await start()).status).toBe(200);
});
