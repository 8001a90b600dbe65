/** Many requests for one upload (platform note 7): each gets a response, no other upload waits, and no bytes are mixed up. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRandom, scale, seed } from '../support/scale.ts';
import { useApp, useSession } from '../support/server/use-app.ts';
import type { RawRequest } from '../support/tus/raw-connection.ts';
import { recording, refusalOf, reprDigest, until } from '../support/tus/tus.ts';

const WAITERS = 100;
const ROUNDS = scale(50, 500);
/** The contract's bound for a take-over. */
const HAND_OVER_MS = 1_000;
const COMMITTED = 1_000;
const STALLED_AT = 60_000;
/** More than any waiter sends. */
const LENGTH = 200_000;
/** A HEAD that waits for a lock that is never released takes 5 s. */
const HEAD_MS = 2_500;

const random = createRandom();

console.log(`waiters: seed ${seed}`);
const app = useApp();
const session = useSession(app);

const idOf = (location: string) => location.split('/').at(-1) as string;
const onDisk = (location: string) => readFile(`${app.dataDir}/uploads/${idOf(location)}`);
const offsetOf = async (location: string) => Number((await session.tus.head(location)).headers.get('upload-offset'));

/** Opens a PATCH whose bytes have reached the server, and which then falls silent. */
async function openStalled(location: string, bytes: Buffer<ArrayBuffer>): Promise<RawRequest> {
  // The first bytes are committed as soon as they show the format; the others after a pause of 270 ms.
  expect((await session.tus.patch(location, 0, bytes.subarray(0, COMMITTED))).status).toBe(204);
  const stalled = await session.tus.openPatch(location, COMMITTED, LENGTH);
  await stalled.write(bytes.subarray(COMMITTED));
  await until(async () => (await onDisk(location)).length === bytes.length);
  // The bytes are written, perhaps not acknowledged yet, and the PATCH holds the lock.
  expect([COMMITTED, bytes.length]).toContain(await offsetOf(location));
  expect(await app.storage.locks.acquire(idOf(location), { waitMs: 0 })).toBe(null);
  return stalled;
}

/** Sends HEAD for these uploads again and again until `stop`, which returns their number and the slowest time. */
function askMeanwhile(locations: string[]): { stop(): Promise<{ heads: number; slowestMs: number }> } {
  let stopped = false;
  const asked = { heads: 0, slowestMs: 0 };
  const asking = locations.map(async (location) => {
    while (!stopped) {
      const startedAt = performance.now();
      expect((await session.tus.head(location)).status).toBe(200);
      asked.heads += 1;
      asked.slowestMs = Math.max(asked.slowestMs, Math.round(performance.now() - startedAt));
    }
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all(asking);
      return asked;
    },
  };
}

/** Sends the rest and finishes; checks the stored answer against the last response, and returns it. */
async function finishWith(location: string, rest: Buffer<ArrayBuffer>): Promise<Buffer> {
  const at = await offsetOf(location);
  const last = await session.tus.patch(location, at, rest, { length: at + rest.length });
  expect([last.status, last.headers.get('upload-complete')]).toEqual([204, '?1']);
  const whole = await readFile(`${session.path}/Q1.webm`);
  expect(whole.length).toBe(at + rest.length);
  expect(last.headers.get('repr-digest')).toBe(reprDigest(whole));
  return whole;
}

test(`a stalled writer and ${WAITERS} waiters with bodies: all get a response, the lock is handed over within 1 s`, async () => {
  const [location, other] = [await session.tus.begin(), await session.tus.begin({ question: 2 })];
  const bytes = recording(STALLED_AT);
  const stalled = await openStalled(location, bytes);
  const asking = askMeanwhile([location, other]);

  const startedAt = performance.now();
  const bodies = Array.from({ length: WAITERS }, (_, at) => Buffer.alloc(1_000, at + 1));
  const handedOver = stalled.status.then((status) => ({ status, ms: performance.now() - startedAt }));
  // One in four has an old offset, from before the stalled bytes.
  const waiters = await Promise.all(
    bodies.map(async (body, at) => {
      const waiter = await session.tus.openPatch(location, at % 4 === 3 ? COMMITTED : STALLED_AT, body.length);
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

  const count = (wanted: number) => statuses.filter((status) => status === wanted).length;
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

  // The stalled writer's bytes, then those of one waiter, or a part of them.
  const committed = (await onDisk(location)).subarray(0, await offsetOf(location));
  expect(committed.subarray(0, STALLED_AT).equals(bytes)).toBe(true);
  const added = committed.subarray(STALLED_AT);
  const winner = statuses.indexOf(204);
  if (winner >= 0) expect(added.equals(bodies[winner] as Buffer)).toBe(true);
  else expect(bodies.some((body) => added.equals(body.subarray(0, added.length)))).toBe(true);
  const whole = await finishWith(location, Buffer.from('rest'));
  expect(whole.equals(Buffer.concat([committed, Buffer.from('rest')]))).toBe(true);
});

test(`${WAITERS} waiters that send a head and stall, too: all but the last get a response`, async () => {
  const [location, other] = [await session.tus.begin(), await session.tus.begin({ question: 2 })];
  const bytes = recording(STALLED_AT);
  const stalled = await openStalled(location, bytes);
  const asking = askMeanwhile([location, other]);

  const startedAt = performance.now();
  const answered: Array<{ at: number; status: number | null }> = [];
  const waiters = await Promise.all(
    Array.from({ length: WAITERS }, async (_, at) => {
      const waiter = await session.tus.openPatch(location, STALLED_AT, 1_000);
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

  // The last waiter has the upload, and may continue at any time.
  const last = waiters.find((_, at) => !answered.some((one) => one.at === at)) as RawRequest;
  expect(await offsetOf(location)).toBe(STALLED_AT);
  const more = Buffer.alloc(1_000, 7);
  await last.write(more);
  expect(await last.status).toBe(204);
  for (const { socket } of [stalled, ...waiters]) socket.destroy();
  const whole = await finishWith(location, Buffer.from('rest'));
  expect(whole.equals(Buffer.concat([bytes, more, Buffer.from('rest')]))).toBe(true);
});

test(`two racing writers, ${ROUNDS} rounds: each committed chunk is one writer's, the digest is the file's`, async () => {
  const location = await session.tus.begin();
  let content: Buffer = recording(100);
  await session.tus.patch(location, 0, Buffer.from(content));
  const tally = { first: 0, second: 0, partial: 0, conflicts: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const at = content.length;
    const bytes = 1_000 + Math.floor(random() * 300_000);
    // The bodies have no byte in common.
    const bodies = [Buffer.alloc(bytes, 1 + (round % 100)), Buffer.alloc(bytes, 101 + (round % 100))] as const;
    const delayMs = random() * 4;
    const inPieces = async (body: Buffer) => {
      const live = await session.tus.openPatch(location, at, bytes);
      const half = Math.floor(random() * bytes);
      void live.write(body.subarray(0, half));
      await pause(random() * 8);
      // The server may have refused it by now, and closed its connection.
      live.write(body.subarray(half)).catch(() => {});
      const status = await live.status;
      live.socket.destroy();
      return status;
    };
    const atOnce = async (body: Buffer<ArrayBuffer>) => {
      await pause(delayMs);
      return (await session.tus.patch(location, at, body)).status;
    };
    const statuses = await Promise.all([inPieces(bodies[0]), atOnce(bodies[1])]);
    for (const status of statuses) expect([204, 409]).toContain(status);
    const offset = await offsetOf(location);
    expect(offset).toBeGreaterThanOrEqual(at);
    const chunk = (await onDisk(location)).subarray(at, offset);
    const owner = bodies.findIndex((body) => chunk.equals(body.subarray(0, chunk.length)));
    expect(owner, `round ${round}: a chunk of ${chunk.length} bytes is of neither writer alone`).not.toBe(-1);
    const winner = statuses.indexOf(204);
    // Both start at the same offset: at most one of them can be acknowledged whole.
    expect(statuses.filter((status) => status === 204).length).toBeLessThanOrEqual(1);
    if (winner !== -1) expect([owner, chunk.length]).toEqual([winner, bytes]);
    content = Buffer.concat([content, chunk]);
    expect((await onDisk(location)).equals(content)).toBe(true);
    tally.conflicts += statuses.filter((status) => status === 409).length;
    if (winner === -1) tally.partial += 1;
    else tally[winner === 0 ? 'first' : 'second'] += 1;
  }
  console.log(`two writers: ${JSON.stringify(tally)}`);
  // The writers did meet: one was refused in each round.
  expect(tally.conflicts).toBeGreaterThanOrEqual(ROUNDS);
  const whole = await finishWith(location, Buffer.from('rest'));
  expect(whole.equals(Buffer.concat([content, Buffer.from('rest')]))).toBe(true);
}, 120_000);

test('a lock that is not released is 423 with Retry-After; HEAD responds all the while', async () => {
  const [location, other] = [await session.tus.begin(), await session.tus.begin({ question: 2 })];
  const bytes = recording(1_000);
  // A holder that never releases the lock, even when asked to.
  const release = await app.storage.locks.acquire(idOf(location));
  expect(release).toBeTypeOf('function');
  const asking = askMeanwhile([location, other]);
  const refused = await Promise.all([
    session.tus.patch(location, 0, bytes),
    session.tus.patch(location, 0, new Uint8Array(), { length: 1_000 }),
    session.tus.remove(location),
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
  const again = await session.tus.patch(location, 0, bytes, { length: 1_000 });
  expect(again.headers.get('repr-digest')).toBe(reprDigest(bytes));
}, 20_000);
