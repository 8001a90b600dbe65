import { DateTime } from 'luxon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobError } from '../../../server/job-error.ts';
import {
  createRunner,
  FIRST_WAIT_MS,
  LEASE_MS,
  MAX_ATTEMPTS,
  type Runner,
  type Work,
} from '../../../server/jobs/runner.ts';
import type { Job, JobKind } from '../../../storage/types.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording, until } from '../../support/tus/tus.ts';

let now: DateTime = DateTime.fromISO('2025-12-03T06:39:00Z');
let session: StorageSession;
const runners: Runner[] = [];
beforeEach(async () => {
  now = DateTime.fromISO('2025-12-03T06:39:00Z');
  session = await openStorageSession({ now: () => now });
});
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.stop();
  await session.close();
});

const jobs = () => session.storage.jobs;
const follows = (kind: JobKind) => (kind === 'remux' ? ('transcribe' as const) : undefined);
const only = async (): Promise<Job> => (await jobs().list())[0] as Job;

async function answer(question = 1): Promise<string> {
  const id = await session.whole(recording(300), question);
  await session.storage.finish(id);
  return id;
}

function open(
  work: Work,
  more: {
    slots?: number;
    isReady?: (kind: JobKind) => boolean;
    next?: (kind: JobKind) => JobKind | undefined;
    renewMs?: number;
  } = {},
): Runner {
  const { slots = 1, isReady = () => true, next = () => undefined, ...rest } = more;
  const silent = { info() {}, warn() {} };
  const runner = createRunner({
    jobs: jobs(),
    work: { remux: work, transcribe: work },
    slots: { remux: slots, transcribe: slots },
    isReady,
    next,
    log: silent,
    owner: 'me',
    ...rest,
  });
  runners.push(runner);
  return runner;
}

/** Starts the jobs that are due, and waits until none runs. */
async function settled(runner: Runner): Promise<void> {
  runner.look();
  await runner.looked();
  await until(() => runner.running() === 0);
}

test('a job is run, its progress is recorded, and the next job is queued', async () => {
  await answer();
  const seen: string[] = [];
  const runner = open(
    async ({ kind }, { onProgress }) => {
      seen.push(kind);
      onProgress(0.5);
      return {};
    },
    { next: follows },
  );
  runner.look();
  await until(() => seen.length === 2);
  await until(async () => (await jobs().list()).every(({ state }) => state === 'done'));
  expect(seen).toEqual(['remux', 'transcribe']);
});

test('the next job is queued, too, where the first one is given up, but not where the take counts no more', async () => {
  await answer(1);
  await answer(2);
  const runner = open(
    async ({ kind, question }) => {
      if (question === 2) return { reason: 'another take counts by now', isLast: true };
      if (kind === 'remux') throw new JobError('no container has both', { final: true });
      return {};
    },
    { next: follows },
  );
  runner.look();
  await until(async () => (await jobs().list()).every(({ state }) => state === 'done' || state === 'dead'));
  expect((await jobs().list()).map(({ kind, question, state }) => [kind, question, state])).toEqual([
    ['remux', 1, 'dead'],
    ['remux', 2, 'done'],
    ['transcribe', 1, 'done'],
  ]);
});

test('no more jobs run at once than there are slots, and none of a kind that is not ready', async () => {
  for (const question of [1, 2, 3]) await answer(question);
  let [running, most, ready] = [0, 0, false];
  const runner = open(
    async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running -= 1;
      return {};
    },
    { slots: 2, isReady: () => ready },
  );
  await settled(runner);
  expect(most).toBe(0);
  ready = true;
  runner.look();
  await until(async () => (await jobs().list()).every(({ state }) => state === 'done'));
  expect(most).toBe(2);
});

test('an error that may pass leads to attempts after growing waits, and to a dead job with its reason in the end', async () => {
  await answer();
  let tries = 0;
  const runner = open(async () => {
    tries += 1;
    throw new Error('the engine is away');
  });
  const waits: number[] = [];
  for (let at = 1; at <= MAX_ATTEMPTS; at++) {
    await settled(runner);
    await until(async () => (await only()).attempts === at && (await only()).state !== 'running');
    const { state, dueAt, reason } = await only();
    expect(reason).toBe('the engine is away');
    if (at < MAX_ATTEMPTS) expect(state).toBe('queued');
    waits.push(dueAt.toMillis() - now.toMillis());
    // The job does not start 1 ms before it is due.
    now = dueAt.minus(1);
    await settled(runner);
    expect(tries).toBe(at);
    now = dueAt;
  }
  expect((await only()).state).toBe('dead');
  expect(waits.slice(0, -1)).toEqual([FIRST_WAIT_MS, 30_000, 180_000, 1_080_000, 3_600_000]);
});

test('a final error makes the job dead at once; a requested wait is kept', async () => {
  await answer(1);
  await answer(2);
  const runner = open(
    async ({ question }) => {
      if (question === 1) throw new JobError('its codec is not allowed', { final: true });
      throw new JobError('too many requests', { final: false, retryAfterMs: 600_000 });
    },
    { slots: 2 },
  );
  runner.look();
  await until(async () => (await jobs().list()).every(({ reason }) => reason !== null));
  const [first, second] = await jobs().list();
  expect(first).toMatchObject({ state: 'dead', reason: 'its codec is not allowed' });
  expect(second).toMatchObject({ state: 'queued', reason: 'too many requests' });
  expect(second?.dueAt.diff(now).toMillis()).toBe(600_000);
});

test('a job that makes the process crash at each attempt is dead after MAX_ATTEMPTS leases', async () => {
  await answer();
  for (let at = 0; at < MAX_ATTEMPTS; at++) {
    expect(await jobs().lease(['remux'], `process ${at}`, LEASE_MS)).not.toBeNull();
    await jobs().release();
  }
  let begun = false;
  const runner = open(async () => {
    begun = true;
    return {};
  });
  runner.look();
  await until(async () => (await only()).state === 'dead');
  expect(begun).toBe(false);
  expect((await only()).reason).toMatch(/begun 6 times/);
});

test('a stop aborts running jobs, which are due again at once, and the attempt does not count', async () => {
  await answer();
  const runner = open(
    (_job, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  runner.look();
  await until(() => runner.running() === 1);
  await runner.stop();
  expect(await only()).toMatchObject({ state: 'queued', attempts: 0, owner: null });
});

test('a lease that another process took aborts the work, and its end changes nothing', async () => {
  await answer();
  let why: unknown;
  const runner = open(
    (_job, { signal, isOurs }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', async () => {
          why = { reason: signal.reason, ours: await isOurs() };
          reject(signal.reason);
        }),
      ),
    { renewMs: 10 },
  );
  runner.look();
  await until(() => runner.running() === 1);
  await jobs().release();
  expect(await jobs().lease(['remux'], 'other', LEASE_MS)).not.toBeNull();
  await until(() => runner.running() === 0);
  expect(why).toMatchObject({ reason: { message: 'the lease is gone' }, ours: false });
  expect(await only()).toMatchObject({ state: 'running', owner: 'other' });
});
