/** `kill -9` at every system call of the commands that change a finished session: `session reopen` and `session repair`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { checkData } from '../../storage/backup/check.ts';
import { scale } from '../support/scale.ts';
import { openStorageSession, type StorageSession } from '../support/server/open-session.ts';
import { recording, until } from '../support/tus/tus.ts';
import { killAt, traceCalls } from './kill-points.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Makes the process's thread for files, and waits with all its threads until it is told to go on. */
const PAUSE = `data:text/javascript,await (await import('node:fs/promises')).stat('.'); process.kill(process.pid, 'SIGSTOP');`;

/** A command that waits at its start, with one thread for files, so that a thread and a number identify one call. */
async function startCommand(
  ...args: string[]
): Promise<{ pid: number; process: ChildProcess; run(): Promise<string> }> {
  const child = spawn(process.execPath, ['--import', PAUSE, 'server/cli/bin.mjs', ...args], {
    cwd: root,
    env: { ...process.env, UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid as number;
  const exited = once(child, 'close');
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += text));
  child.stdout.resume();
  const isStopped = async () => / T /.test((await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/\(.*\)/, ''));
  await until(isStopped, 60_000);
  return {
    ...{ pid, process: child },
    async run() {
      child.kill('SIGCONT');
      await exited;
      return stderr;
    },
  };
}

/** A finished session, a command that changes it, and what holds after the command, wherever it was killed. */
interface Change {
  name: string;
  command: string[];
  prepare(opened: StorageSession): Promise<unknown>;
  /** After the next start of the server. */
  afterKill(opened: StorageSession): Promise<unknown>;
  /** What the command does, in this process. */
  again(opened: StorageSession): Promise<unknown>;
  /** After the command was run to its end. */
  after(opened: StorageSession): Promise<unknown>;
}

const QUESTIONS = [1, 2, 3, 4, 5];
const recordings = QUESTIONS.map(() => recording(1_000));
const [first = Buffer.alloc(0)] = recordings;

async function stateOf({ storage, session }: StorageSession) {
  const now = await storage.sessions.get(session.id);
  if (!now) throw new Error('no session');
  return { open: now.finishedAt === null, answered: await storage.answered(now) };
}

/** The questions of which files are not as the catalog says: a repair finds them. */
async function damagedIn({ dataDir }: StorageSession): Promise<number[]> {
  return (await checkData(dataDir))?.problems.map(({ question }) => question) ?? [];
}

/** A second take of question 1, which counts, and whose file loses bytes; the first one is in `takes/`. */
async function damageSecondTake(opened: StorageSession): Promise<void> {
  await opened.storage.reopen(opened.session.id);
  await opened.storage.finish(await opened.whole(recording(2_000), 1));
  await opened.storage.finishSession(opened.session.id);
  await writeFile(`${opened.folder}/Q1.webm`, recording(500));
}

/** Question 1 is answered by its first take, as the document says. */
async function expectFirstTake(opened: StorageSession): Promise<void> {
  expect(await readFile(`${opened.folder}/Q1.webm`)).toEqual(first);
  expect((await opened.meta()).files[0]).toMatchObject({ questionIndex: 1, bytes: 1_000 });
}

const repair = ({ storage, session }: StorageSession) => storage.repairSession(session.id);

const changes: Change[] = [
  {
    name: 'reopen with two questions',
    command: ['reopen', '--question', '2', '--question', '4'],
    again: ({ storage, session }) => storage.reopen(session.id, [2, 4]),
    prepare: async () => {},
    async afterKill(opened) {
      const { open, answered } = await stateOf(opened);
      expect({ open, answered }).toEqual({ open, answered: open ? [1, 3, 5] : QUESTIONS });
      expect(await damagedIn(opened)).toEqual([]);
    },
    async after(opened) {
      expect(await stateOf(opened)).toEqual({ open: true, answered: [1, 3, 5] });
      expect(await opened.meta()).toMatchObject({
        status: 'started',
        takes: [{ questionIndex: 2 }, { questionIndex: 4 }],
      });
      for (const question of [2, 4])
        expect(await readFile(`${opened.folder}/takes/Q${question}-1.webm`)).toEqual(recordings[question - 1]);
    },
  },
  {
    name: 'repair, where an earlier take counts again',
    command: ['repair'],
    again: repair,
    prepare: damageSecondTake,
    async afterKill(opened) {
      expect((await stateOf(opened)).open, 'a repair that misses nothing opens no session').toBe(false);
      if ((await damagedIn(opened)).length === 0) expect(await readFile(`${opened.folder}/Q1.webm`)).toEqual(first);
    },
    async after(opened) {
      expect(await stateOf(opened)).toEqual({ open: false, answered: QUESTIONS });
      await expectFirstTake(opened);
      expect((await opened.files()).filter((name) => name.startsWith('takes/'))).toEqual(['takes/Q1-2.damaged.webm']);
    },
  },
  {
    name: 'repair, where another answer is gone',
    command: ['repair'],
    again: repair,
    async prepare(opened) {
      await damageSecondTake(opened);
      await rm(`${opened.folder}/Q4.webm`);
    },
    async afterKill(opened) {
      const { open, answered } = await stateOf(opened);
      const damaged = await damagedIn(opened);
      // What is missing is asked for, or found by the next repair.
      expect({ open, answered: answered.includes(4) }).toEqual({ open: !damaged.includes(4), answered: false });
      if (!damaged.includes(1)) expect(await readFile(`${opened.folder}/Q1.webm`)).toEqual(first);
    },
    async after(opened) {
      expect(await stateOf(opened)).toEqual({ open: true, answered: [1, 2, 3, 5] });
      await expectFirstTake(opened);
      expect(await opened.meta()).toMatchObject({ status: 'started' });
    },
  },
];

/** A finished session of five answers, in a data folder of its own, as the command finds it. */
async function openFinished({ prepare }: Change): Promise<StorageSession> {
  const opened = await openStorageSession();
  for (const question of QUESTIONS)
    await opened.storage.finish(await opened.whole(recordings[question - 1] as Buffer, question));
  await opened.storage.finishSession(opened.session.id);
  await prepare(opened);
  return opened;
}

test.concurrent.each(changes)('$name', { timeout: scale(600_000, 3_600_000) }, async (change) => {
  const commandIn = ({ session, dataDir }: StorageSession) => {
    const [verb = '', ...options] = change.command;
    return startCommand('session', verb, session.folder, ...options, '--data-dir', dataDir);
  };
  const whole = await openFinished(change);
  const traced = await commandIn(whole);
  const series = await traceCalls(traced, async () => expect(await traced.run()).toBe(''));
  expect(traced.process.exitCode).toBe(0);
  await change.after(whole);
  await whole.close();

  const kills: string[] = [];
  for (const calls of series)
    for (const [at, counts] of calls.counts.entries()) {
      if (!counts) continue;
      const opened = await openFinished(change);
      const command = await commandIn(opened);
      const { killed } = await killAt(command, calls, at + 1, command.run);
      const where = `${calls.call} ${at + 1}`;
      if (killed) kills.push(where);
      const hold = async () => {
        await opened.restart();
        expect((await opened.storage.recover()).unfinished).toEqual([]);
        await change.afterKill(opened);
        await change.again(opened);
        await change.after(opened);
      };
      await hold().catch((error: Error) => {
        throw new Error(`${killed ? 'killed at' : 'past'} ${where}: ${error.message}`, { cause: error });
      });
      await opened.close();
    }
  console.log(`command-kill: ${change.name}: ${kills.length} kills: ${kills.join(', ')}`);
  expect(kills.length).toBeGreaterThan(10);
});
