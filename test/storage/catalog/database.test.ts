/** The catalog with several processes: the command line beside the server, and many that open an empty catalog at once. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import BetterSqlite3 from 'better-sqlite3';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../../storage/catalog/database.ts';
import { openStorage } from '../../../storage/index.ts';
import { temporaryFolder } from '../../support/server/server.ts';

const built = path.resolve(import.meta.dirname, '../../../dist/storage/index.js');
const run = promisify(execFile);

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => root.remove());

/** Starts another process that opens the storage and runs `work` on it. Returns what the process prints. */
async function inProcess(work: string, at = 0): Promise<string> {
  const script = `
    import { openStorage } from ${JSON.stringify(built)};
    while (Date.now() < ${at});
    const storage = await openStorage({ dataDir: ${JSON.stringify(root.path)} });
    await storage.interviews.ensureDefault();
    ${work}
    await storage.close();`;
  return (await run(process.execPath, ['--input-type=module', '-e', script])).stdout;
}

test('processes that open an empty catalog at the same time all find it ready', async () => {
  const work = `console.log((await storage.interviews.get('default')).questions.length);`;
  // All processes load their code first, and open the catalog at the same moment.
  const at = Date.now() + 1_500;
  const printed = await Promise.all(Array.from({ length: 6 }, () => inProcess(work, at)));
  expect(printed).toEqual(Array.from({ length: 6 }, () => '5\n'));
});

test('a migration that fails leaves no partial change: the next start runs it again', async () => {
  const file = path.join(root.path, 'tresgo.db');
  const other = new BetterSqlite3(file);
  other.exec('create table takes (in_the_way text)');
  await expect(openDatabase(file)).rejects.toThrow('table "takes" already exists');
  other.exec('drop table takes');
  other.close();
  await (await openDatabase(file)).destroy();
});

test('two processes that write at the same time, in transactions that read first, lose nothing', async () => {
  const storage = await openStorage({ dataDir: root.path });
  await storage.interviews.ensureDefault();
  const interview = await storage.interviews.get('default');
  if (!interview) throw new Error('no interview');
  const { token } = await storage.tokens.create({
    name: 'Anna',
    interview: 'default',
    expiresAt: null,
    maxSessions: 0,
  });
  const work = (name: string) => `
    for (let i = 0; i < 40; i++)
      await storage.tokens.create({ name: '${name} ' + i, interview: 'default', expiresAt: null, maxSessions: 1 });
    console.log('done');`;
  let others = true;
  const processes = Promise.all([inProcess(work('one')), inProcess(work('two'))]).finally(() => {
    others = false;
  });
  let sessions = 0;
  while (others) {
    const started = await storage.startSession(token, { userName: 'Anna', interview, mayCreate: true });
    if (!started) throw new Error('not started');
    await storage.finishSession(started.session.id);
    sessions += 1;
  }
  expect(await processes).toEqual(['done\n', 'done\n']);
  expect(sessions).toBeGreaterThan(2);
  expect(await storage.tokens.list()).toHaveLength(81);
  expect(await storage.sessions.folders()).toHaveProperty('size', sessions);
  await storage.close();
}, 60_000);

test('two starts of a session at the same time make one session and one folder', async () => {
  const storage = await openStorage({ dataDir: root.path });
  await storage.interviews.ensureDefault();
  const interview = await storage.interviews.get('default');
  if (!interview) throw new Error('no interview');
  const { token } = await storage.tokens.create({
    name: 'Anna',
    interview: 'default',
    expiresAt: null,
    maxSessions: 1,
  });
  const start = () => storage.startSession(token, { userName: 'Anna', interview, mayCreate: true });
  const all = await Promise.all([start(), start(), start()]);
  expect(new Set(all.map((one) => one?.session.folder)).size).toBe(1);
  expect(all.filter((one) => one?.resumed === false)).toHaveLength(1);
  await storage.close();
});

test('the secret is nowhere in the catalog’s files', async () => {
  const storage = await openStorage({ dataDir: root.path });
  await storage.interviews.ensureDefault();
  const from = { name: 'Anna', interview: 'default', expiresAt: null, maxSessions: 1 };
  const { secret, token } = await storage.tokens.create({ ...from, token: 'a-secret-of-my-own' });
  expect(secret).toBe('a-secret-of-my-own');
  expect(await storage.tokens.getBySecret(secret)).toMatchObject({ id: token.id });
  await expect(storage.tokens.create({ ...from, token: secret })).rejects.toMatchObject({ code: 'token-taken' });
  const { stdout } = await run('grep', ['-rlaF', secret, root.path]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
  // The same search finds a text that is in the catalog.
  expect((await run('grep', ['-rlaF', token.id, root.path])).stdout).toContain('tresgo.db');
  await storage.close();
});

test('opening a file that is no catalog throws an error that names the file', async () => {
  await writeFile(path.join(root.path, 'tresgo.db'), 'this is not a database, but long enough to look at'.repeat(50));
  await expect(openStorage({ dataDir: root.path })).rejects.toThrow(
    /^the catalog .*tresgo\.db can't be opened: .*not a database/,
  );
});

test('each commit is synced: in WAL mode only FULL does', async () => {
  const db = await openDatabase(path.join(root.path, 'tresgo.db'));
  const { rows: mode } = await sql`pragma journal_mode`.execute(db);
  const { rows: synchronous } = await sql`pragma synchronous`.execute(db);
  expect([...mode, ...synchronous]).toEqual([{ journal_mode: 'wal' }, { synchronous: 2 }]);
  await db.destroy();
});
