import BetterSqlite3 from 'better-sqlite3';
import { DateTime } from 'luxon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LONGEST_WAIT_MS } from '../../../storage/index.ts';
import type { Job } from '../../../storage/types.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording } from '../../support/tus/tus.ts';

const LEASE_MS = 60_000;

let now = DateTime.fromISO('2025-12-03T06:39:00Z');
let opened: StorageSession;
beforeEach(async () => {
  now = DateTime.fromISO('2025-12-03T06:39:00Z');
  opened = await openStorageSession({ now: () => now });
});
afterEach(() => opened.close());

const jobs = () => opened.storage.jobs;
const lease = (owner = 'me') => jobs().lease(['remux', 'transcribe'], owner, LEASE_MS);

async function answer(question = 1): Promise<string> {
  const id = await opened.whole(recording(300), question);
  await opened.storage.finish(id);
  return id;
}

async function leased(owner = 'me'): Promise<Job> {
  const job = await lease(owner);
  if (!job) throw new Error('nothing is due');
  return job;
}

test('a recorded answer has one queued job, and an unfinished take has none', async () => {
  await opened.create(2);
  const id = await answer();
  await opened.storage.finish(id);
  expect(await jobs().list()).toMatchObject([
    { kind: 'remux', takeId: id, question: 1, state: 'queued', attempts: 0, folder: opened.session.folder },
  ]);
});

test('a take that becomes whole after a newer one has no job', async () => {
  const late = await opened.whole(recording(200));
  const counts = await answer();
  await opened.storage.finish(late);
  expect((await opened.get(late)).fileName).toBe('takes/Q1-1.webm');
  expect((await jobs().list()).map(({ takeId }) => takeId)).toEqual([counts]);
});

test('a job has one owner at a time; an owner that lost its lease changes nothing', async () => {
  await answer();
  const job = await leased('first');
  expect(job).toMatchObject({ state: 'running', attempts: 1, owner: 'first' });
  expect(await lease('second')).toBeNull();
  expect(await jobs().renew(job, 'second', LEASE_MS, 0.5)).toBe(false);
  expect(await jobs().end(job, 'second', { state: 'done' })).toBe(false);
  expect(await jobs().renew(job, 'first', LEASE_MS, 0.5)).toBe(true);
  expect(await jobs().get(job.id)).toMatchObject({ state: 'running', progress: 0.5 });

  now = now.plus(LEASE_MS + 1);
  const taken = await leased('second');
  expect(taken).toMatchObject({ id: job.id, attempts: 2, progress: 0 });
  expect(await jobs().end(job, 'first', { state: 'done' })).toBe(false);
  expect(await jobs().end(taken, 'second', { state: 'done' })).toBe(true);
  expect(await jobs().get(job.id)).toMatchObject({ state: 'done', owner: null, progress: 1 });
});

test('after a failed attempt the job waits; a spared attempt does not count', async () => {
  await answer();
  await jobs().end(await leased(), 'me', { state: 'queued', reason: 'later', delayMs: 5_000 });
  expect(await lease()).toBeNull();
  now = now.plus(5_000);
  const again = await leased();
  expect(again).toMatchObject({ attempts: 2, reason: 'later' });
  await jobs().end(again, 'me', { state: 'queued', reason: null, delayMs: 0, spared: true });
  expect(await leased()).toMatchObject({ attempts: 2 });
});

test('the end of a job queues the next job, once', async () => {
  const id = await answer();
  await jobs().end(await leased(), 'me', { state: 'done', next: 'transcribe' });
  expect(await jobs().list({ states: ['queued'] })).toMatchObject([{ kind: 'transcribe', takeId: id }]);
  const next = await leased();
  await jobs().end(next, 'me', { state: 'dead', reason: 'nobody speaks' });
  expect(await jobs().list({ states: ['dead'] })).toMatchObject([{ id: next.id, reason: 'nobody speaks' }]);
  // The first job runs again: the end of the next job stays as it was.
  await jobs().queue('remux', id);
  await jobs().end(await leased(), 'me', { state: 'done', next: 'transcribe' });
  expect(await jobs().get(next.id)).toMatchObject({ state: 'dead' });
});

test('a job that is queued again starts anew; a running job continues', async () => {
  const id = await answer();
  const job = await leased();
  await jobs().queue('remux', id);
  expect(await jobs().get(job.id)).toMatchObject({ state: 'running', owner: 'me' });
  await jobs().end(job, 'me', { state: 'dead', reason: 'broken' });
  await jobs().queue('remux', id);
  expect(await jobs().get(job.id)).toMatchObject({ state: 'queued', attempts: 0, reason: null });
});

test('a new process takes over the jobs that the last one had running', async () => {
  await answer();
  const job = await leased('the last one');
  await opened.restart();
  expect(await lease('new')).toBeNull();
  await jobs().release();
  expect(await leased('new')).toMatchObject({ id: job.id, attempts: 2 });
});

test('the job that has been due for the longest time is leased first, of the given kinds and session', async () => {
  const first = await answer(1);
  now = now.plus(1_000);
  const second = await answer(2);
  await jobs().queue('transcribe', second);
  expect(await jobs().lease(['transcribe'], 'me', LEASE_MS)).toMatchObject({ takeId: second });
  expect(await jobs().lease([], 'me', LEASE_MS)).toBeNull();
  expect(await jobs().lease(['remux'], 'me', LEASE_MS, 'another session')).toBeNull();
  expect(await jobs().lease(['remux'], 'me', LEASE_MS, opened.session.id)).toMatchObject({ takeId: first });
});

test('an answer that a server of an earlier version recorded gets its first job at the next start', async () => {
  const [first, second] = [await answer(1), await answer(1)];
  const other = await answer(2);
  const catalog = new BetterSqlite3(`${opened.dataDir}/tresgo.db`);
  catalog.exec('delete from jobs');
  catalog.close();
  await jobs().release();
  const queued = (await jobs().list()).map(({ kind, takeId, state }) => [kind, takeId, state]);
  expect(queued.sort()).toEqual([second, other].map((id) => ['remux', id, 'queued']).sort());
  expect(queued.map(([, id]) => id)).not.toContain(first);
});

test('a job whose time was written while the clock was ahead runs when the clock is right', async () => {
  now = now.plus({ days: 2 });
  await answer(1);
  await answer(2);
  const job = await leased();
  await jobs().end(job, 'me', { state: 'queued', reason: 'no', delayMs: LONGEST_WAIT_MS });
  now = now.minus({ days: 2 });
  expect([(await leased()).question, (await leased()).question].sort()).toEqual([1, 2]);
});

test('the longest wait of a job is waited for', async () => {
  await answer(1);
  await jobs().end(await leased(), 'me', { state: 'queued', reason: 'no', delayMs: LONGEST_WAIT_MS });
  expect(await lease()).toBeNull();
  now = now.plus(LONGEST_WAIT_MS);
  expect(await lease()).not.toBeNull();
});
