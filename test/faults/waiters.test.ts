/** Many requests for one upload (field note 8): each is answered, nobody else waits, and no byte is mixed up. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRandom, scale, seed } from '../support/scale.ts';
import { openApp, type TestApp } from '../support/server.ts';
import { openSitting, type RawRequest, recording, refusalOf, reprDigest, type Sitting, until } from '../support/tus.ts';

const WAITERS = 100;
const ROUNDS = scale(50, 500);
/** The contract's bound for a take-over. */
const HAND_OVER_MS = 1_000;
const COMMITTED = 1_000;
const STALLED_AT = 60_000;
/** More than any waiter brings. */
const LENGTH = 200_000;
/** Where a HEAD waits for a lock that is held for good, it takes 5 s. */
const HEAD_MS = 2_500;

const random = createRandom();

let app: TestApp;
let sitting: Sitting;
let sittings = 0;
beforeAll(async () => {
  console.log(`waiters: seed ${seed}`);
  app = await openApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  sittings += 1;
  sitting = await openSitting(app, `Anna ${sittings}`);
});

const idOf = (location: string) => location.split('/').at(-1) as string;
const onDisk = (location: string) => readFile(`${app.dataDir}/uploads/${idOf(location)}`);
const offsetOf = async (location: string) => Number((await sitting.tus.head(location)).headers.get('upload-offset'));

/** A PATCH whose bytes have reached the server and which then says nothing more. */
async function openStalled(location: string, bytes: Buffer<ArrayBuffer>): Promise<RawRequest> {
  // The first bytes are committed as soon as they tell what they are; the others wait for the body's end.
  expect((await sitting.tus.patch(location, 0, bytes.subarray(0, COMMITTED))).status).toBe(204);
  const stalled = await sitting.tus.openPatch(location, COMMITTED, LENGTH);
  await stalled.write(bytes.subarray(COMMITTED));
  await until(async () => (await onDisk(location)).length === bytes.length);
  // Written, and promised to nobody: it holds the lock.
  expect(await offsetOf(location)).toBe(COMMITTED);
  expect(await app.storage.locks.acquire(idOf(location), { waitMs: 0 })).toBe(null);
  return stalled;
}

/** Asks HEAD of these uploads again and again until `stop`, which tells how often, and how long the slowest took. */
function askMeanwhile(locations: string[]): { stop(): Promise<{ heads: number; slowestMs: number }> } {
  let stopped = false;
  const told = { heads: 0, slowestMs: 0 };
  const asking = locations.map(async (location) => {
    while (!stopped) {
      const startedAt = performance.now();
      expect((await sitting.tus.head(location)).status).toBe(200);
      told.heads += 1;
      told.slowestMs = Math.max(told.slowestMs, Math.round(performance.now() - startedAt));
    }
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all(asking);
      return told;
    },
  };
}

/** What is on disk is what the last answer tells, and begins as it must. */
async function finishWith(location: string, rest: Buffer<ArrayBuffer>): Promise<Buffer> {
  const at = await offsetOf(location);
  const last = await sitting.tus.patch(location, at, rest, { length: at + rest.length });
  expect([last.status, last.headers.get('upload-complete')]).toEqual([204, '?1']);
  const whole = await readFile(`${sitting.path}/Q1.webm`);
  expect(whole.length).toBe(at + rest.length);
  expect(last.headers.get('repr-digest')).toBe(reprDigest(whole));
  return whole;
}

test(`a stalled writer and ${WAITERS} waiters with bodies: all are answered, the lock goes over within 1 s`, async () => {
  const [location, other] = [await sitting.tus.begin(), await sitting.tus.begin({ question: 2 })];
  const bytes = recording(STALLED_AT);
  const stalled = await openStalled(location, bytes);
  const asking = askMeanwhile([location, other]);

  const startedAt = performance.now();
  const bodies = Array.from({ length: WAITERS }, (_, at) => Buffer.alloc(1_000, at + 1));
  const handedOver = stalled.status.then((status) => ({ status, ms: performance.now() - startedAt }));
  // One in four has asked too early, and still thinks that nothing more has arrived.
  const waiters = await Promise.all(
    bodies.map(async (body, at) => {
      const waiter = await sitting.tus.openPatch(location, at % 4 === 3 ? COMMITTED : STALLED_AT, body.length);
      waiter.socket.write(body);
      return waiter;
    }),
  );
  const firstMs = Promise.race(waiters.map((waiter) => waiter.status)).then(() => performance.now() - startedAt);
  const statuses = await Promise.all(waiters.map((waiter) => waiter.status));
  const allMs = performance.now() - startedAt;
  const { status, ms } = await handedOver;
  const heads = await asking.stop();
  for (const { socket } of [stalled, ...waiters]) socket.destroy();

  const count = (wanted: number) => statuses.filter((told) => told === wanted).length;
  console.log(
    `${WAITERS} waiters: hand-over ${Math.round(ms)} ms, first answer ${Math.round(await firstMs)} ms, all ${Math.round(allMs)} ms; ` +
      `204: ${count(204)}, 409: ${count(409)}, 423: ${count(423)}; ${JSON.stringify(heads)}`,
  );
  expect(count(204) + count(409) + count(423)).toBe(WAITERS);
  expect(count(204)).toBeLessThanOrEqual(1);
  expect(status).toBe(409);
  expect(ms).toBeLessThan(HAND_OVER_MS);
  expect(await firstMs).toBeLessThan(HAND_OVER_MS);
  expect(heads.heads).toBeGreaterThan(2);
  expect(heads.slowestMs).toBeLessThan(HEAD_MS);

  // The stalled writer's bytes, then (the part of) one waiter's.
  const committed = (await onDisk(location)).subarray(0, await offsetOf(location));
  expect(committed.subarray(0, STALLED_AT).equals(bytes)).toBe(true);
  const added = committed.subarray(STALLED_AT);
  const winner = statuses.indexOf(204);
  if (winner >= 0) expect(added.equals(bodies[winner] as Buffer)).toBe(true);
  else expect(bodies.some((body) => added.equals(body.subarray(0, added.length)))).toBe(true);
  const whole = await finishWith(location, Buffer.from('rest'));
  expect(whole.equals(Buffer.concat([committed, Buffer.from('rest')]))).toBe(true);
});

test(`${WAITERS} waiters that send a head and stall, too: all but the last are answered`, async () => {
  const [location, other] = [await sitting.tus.begin(), await sitting.tus.begin({ question: 2 })];
  const bytes = recording(STALLED_AT);
  const stalled = await openStalled(location, bytes);
  const asking = askMeanwhile([location, other]);

  const startedAt = performance.now();
  const answered: Array<{ at: number; status: number | null }> = [];
  const waiters = await Promise.all(
    Array.from({ length: WAITERS }, async (_, at) => {
      const waiter = await sitting.tus.openPatch(location, STALLED_AT, 1_000);
      void waiter.status.then((status) => answered.push({ at, status }));
      return waiter;
    }),
  );
  expect(await stalled.status).toBe(409);
  const ms = performance.now() - startedAt;
  await until(() => answered.length >= WAITERS - 1);
  const allMs = performance.now() - startedAt;
  const heads = await asking.stop();
  console.log(
    `${WAITERS} stalled waiters: hand-over ${Math.round(ms)} ms, all ${Math.round(allMs)} ms; ${JSON.stringify(heads)}`,
  );
  expect(ms).toBeLessThan(HAND_OVER_MS);
  expect(answered.map(({ status }) => status)).toEqual(Array(WAITERS - 1).fill(409));
  expect(heads.heads).toBeGreaterThan(2);
  expect(heads.slowestMs).toBeLessThan(HEAD_MS);

  // The one that is left has the upload, and may go on whenever it likes.
  const last = waiters.find((_, at) => !answered.some((told) => told.at === at)) as RawRequest;
  expect(await offsetOf(location)).toBe(STALLED_AT);
  const more = Buffer.alloc(1_000, 7);
  await last.write(more);
  expect(await last.status).toBe(204);
  for (const { socket } of [stalled, ...waiters]) socket.destroy();
  const whole = await finishWith(location, Buffer.from('rest'));
  expect(whole.equals(Buffer.concat([bytes, more, Buffer.from('rest')]))).toBe(true);
});

test(`two racing writers, ${ROUNDS} rounds: each committed chunk is one writer's, the digest is the file's`, async () => {
  const location = await sitting.tus.begin();
  let content: Buffer = recording(100);
  await sitting.tus.patch(location, 0, Buffer.from(content));
  const tally = { first: 0, second: 0, partial: 0, conflicts: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const at = content.length;
    const bytes = 1_000 + Math.floor(random() * 300_000);
    // No byte of one is a byte of the other.
    const bodies = [Buffer.alloc(bytes, 1 + (round % 100)), Buffer.alloc(bytes, 101 + (round % 100))] as const;
    const delayMs = random() * 4;
    const inPieces = async (body: Buffer) => {
      const live = await sitting.tus.openPatch(location, at, bytes);
      const half = Math.floor(random() * bytes);
      void live.write(body.subarray(0, half));
      await pause(random() * 8);
      // It may have been turned away by now, and its connection be gone.
      live.write(body.subarray(half)).catch(() => {});
      const status = await live.status;
      live.socket.destroy();
      return status;
    };
    const atOnce = async (body: Buffer<ArrayBuffer>) => {
      await pause(delayMs);
      return (await sitting.tus.patch(location, at, body)).status;
    };
    const statuses = await Promise.all([inPieces(bodies[0]), atOnce(bodies[1])]);
    for (const status of statuses) expect([204, 409]).toContain(status);
    const offset = await offsetOf(location);
    expect(offset).toBeGreaterThanOrEqual(at);
    const chunk = (await onDisk(location)).subarray(at, offset);
    const owner = bodies.findIndex((body) => chunk.equals(body.subarray(0, chunk.length)));
    expect(owner, `round ${round}: a chunk of ${chunk.length} bytes is of neither writer alone`).not.toBe(-1);
    const winner = statuses.indexOf(204);
    // Both start at the same offset: at most one can have been told that all of it is there.
    expect(statuses.filter((status) => status === 204).length).toBeLessThanOrEqual(1);
    if (winner !== -1) expect([owner, chunk.length]).toEqual([winner, bytes]);
    content = Buffer.concat([content, chunk]);
    expect((await onDisk(location)).equals(content)).toBe(true);
    tally.conflicts += statuses.filter((status) => status === 409).length;
    if (winner === -1) tally.partial += 1;
    else tally[winner === 0 ? 'first' : 'second'] += 1;
  }
  console.log(`two writers: ${JSON.stringify(tally)}`);
  // They did meet: somebody was turned away in each round.
  expect(tally.conflicts).toBeGreaterThanOrEqual(ROUNDS);
  const whole = await finishWith(location, Buffer.from('rest'));
  expect(whole.equals(Buffer.concat([content, Buffer.from('rest')]))).toBe(true);
}, 120_000);

test('a lock that can’t be had is 423 with Retry-After; HEAD answers all the while', async () => {
  const [location, other] = [await sitting.tus.begin(), await sitting.tus.begin({ question: 2 })];
  const bytes = recording(1_000);
  // A holder that never lets go, whatever it is asked.
  const release = await app.storage.locks.acquire(idOf(location));
  expect(release).toBeTypeOf('function');
  const asking = askMeanwhile([location, other]);
  const refused = await Promise.all([
    sitting.tus.patch(location, 0, bytes),
    sitting.tus.patch(location, 0, new Uint8Array(), { length: 1_000 }),
    sitting.tus.remove(location),
  ]);
  const heads = await asking.stop();
  for (const answer of refused) {
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await refusalOf(answer)).toMatchObject({ status: 423, code: 'upload-locked' });
  }
  expect(heads.heads).toBeGreaterThan(10);
  expect(heads.slowestMs).toBeLessThan(HEAD_MS);
  expect(await offsetOf(location)).toBe(0);
  release?.();
  const again = await sitting.tus.patch(location, 0, bytes, { length: 1_000 });
  expect(again.headers.get('repr-digest')).toBe(reprDigest(bytes));
}, 20_000);
