import { DateTime } from 'luxon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../storage/types.ts';
import { recording } from '../support/tus.ts';
import { openStorageSitting, type StorageSitting } from './open-sitting.ts';

const LEASE_MS = 60_000;

let now = DateTime.fromISO('2025-12-03T06:39:00Z');
let sitting: StorageSitting;
beforeEach(async () => {
  now = DateTime.fromISO('2025-12-03T06:39:00Z');
  sitting = await openStorageSitting({ now: () => now });
});
afterEach(() => sitting.close());

const jobs = () => sitting.storage.jobs;
const lease = (owner = 'me') => jobs().lease(['remux', 'transcribe'], owner, LEASE_MS);

async function answer(question = 1): Promise<string> {
  const id = await sitting.whole(recording(300), question);
  await sitting.storage.finish(id);
  return id;
}

async function leased(owner = 'me'): Promise<Job> {
  const job = await lease(owner);
  if (!job) throw new Error('nothing is due');
  return job;
}

test('an answer that is recorded has one job to come, once, and whatever is unfinished has none', async () => {
  await sitting.begin(2);
  const id = await answer();
  await sitting.storage.finish(id);
  expect(await jobs().list()).toMatchObject([
    { kind: 'remux', takeId: id, question: 1, state: 'queued', attempts: 0, folder: sitting.session.folder },
  ]);
});

test('a take that comes late, behind a newer one, has no job', async () => {
  const late = await sitting.whole(recording(200));
  const counts = await answer();
  await sitting.storage.finish(late);
  expect((await sitting.get(late)).fileName).toBe('takes/Q1-1.webm');
  expect((await jobs().list()).map(({ takeId }) => takeId)).toEqual([counts]);
});

test('a job has one owner at a time; whoever lost the lease changes nothing', async () => {
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

test('a failed try waits; one that was spared does not count', async () => {
  await answer();
  await jobs().end(await leased(), 'me', { state: 'queued', reason: 'later', delayMs: 5_000 });
  expect(await lease()).toBeNull();
  now = now.plus(5_000);
  const again = await leased();
  expect(again).toMatchObject({ attempts: 2, reason: 'later' });
  await jobs().end(again, 'me', { state: 'queued', reason: null, delayMs: 0, spared: true });
  expect(await leased()).toMatchObject({ attempts: 2 });
});

test('the job that comes next is queued with the end of the one before, once', async () => {
  const id = await answer();
  await jobs().end(await leased(), 'me', { state: 'done', next: 'transcribe' });
  expect(await jobs().list({ states: ['queued'] })).toMatchObject([{ kind: 'transcribe', takeId: id }]);
  const next = await leased();
  await jobs().end(next, 'me', { state: 'dead', reason: 'nobody speaks' });
  expect(await jobs().list({ states: ['dead'] })).toMatchObject([{ id: next.id, reason: 'nobody speaks' }]);
  // Made again: what became of the next one stays.
  await jobs().queue('remux', id);
  await jobs().end(await leased(), 'me', { state: 'done', next: 'transcribe' });
  expect(await jobs().get(next.id)).toMatchObject({ state: 'dead' });
});

test('asked for again, a job begins afresh; one that runs goes on', async () => {
  const id = await answer();
  const job = await leased();
  await jobs().queue('remux', id);
  expect(await jobs().get(job.id)).toMatchObject({ state: 'running', owner: 'me' });
  await jobs().end(job, 'me', { state: 'dead', reason: 'broken' });
  await jobs().queue('remux', id);
  expect(await jobs().get(job.id)).toMatchObject({ state: 'queued', attempts: 0, reason: null });
});

test('a new process takes up what the last one had running', async () => {
  await answer();
  const job = await leased('the last one');
  await sitting.restart();
  expect(await lease('new')).toBeNull();
  await jobs().release();
  expect(await leased('new')).toMatchObject({ id: job.id, attempts: 2 });
});

test('the one that is due longest goes first; of the kinds and the session that are asked for', async () => {
  const first = await answer(1);
  now = now.plus(1_000);
  const second = await answer(2);
  await jobs().queue('transcribe', second);
  expect(await jobs().lease(['transcribe'], 'me', LEASE_MS)).toMatchObject({ takeId: second });
  expect(await jobs().lease([], 'me', LEASE_MS)).toBeNull();
  expect(await jobs().lease(['remux'], 'me', LEASE_MS, 'another session')).toBeNull();
  expect(await jobs().lease(['remux'], 'me', LEASE_MS, sitting.session.id)).toMatchObject({ takeId: first });
});
