/** Requests that meet on one upload (platform note 7): HEAD never disturbs, a PATCH takes over. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { silentLog } from '../../support/server/server.ts';
import { openAppInTest, useApp, useSession } from '../../support/server/use-app.ts';
import { openSession, recording, refusalOf, reprDigest, until } from '../../support/tus/tus.ts';

/** Of the server on which requests fall silent: longer than a busy machine stands still. */
const IDLE_MS = 1_500;

const app = useApp();
const session = useSession(app);
const impatient = useApp({ idleMs: IDLE_MS });

const offsetOf = async (location: string) => Number((await session.tus.head(location)).headers.get('upload-offset'));
/** Bytes that have reached the upload's file, committed or not. */
const onDisk = async (location: string) =>
  (await readFile(`${app.dataDir}${location.replace('/files', '/uploads')}`)).length;

test('a creation that another one forestalled, and whose upload was removed since, is to be sent again', async () => {
  const errors: object[] = [];
  const log = { ...silentLog, error: (details: object) => void errors.push(details) };
  const here = await openAppInTest({ log });
  const { tus } = await openSession(here);
  const takeId = randomUUID();
  await tus.begin({ takeId });
  vi.spyOn(here.storage.takes, 'getByTakeId').mockResolvedValueOnce(null).mockResolvedValueOnce(null);
  expect(await refusalOf(await tus.create({ takeId }))).toMatchObject({ status: 503, code: 'unavailable' });
  expect(errors).toEqual([]);
  expect((await tus.create({ takeId })).status).toBe(201);
});

test('HEAD during a live PATCH does not wait for its end, tells the committed offset and disturbs nothing', async () => {
  const bytes = recording(90_000);
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, bytes.subarray(0, 10_000));
  const live = await session.tus.openPatch(location, 10_000, 80_000);
  await live.write(bytes.subarray(10_000, 50_000));
  await until(async () => (await onDisk(location)) === 50_000);
  // What came is committed once the PATCH has paused for 270 ms. It gets no more bytes before these responses.
  for (let ask = 0; ask < 5; ask++) expect([10_000, 50_000]).toContain(await offsetOf(location));
  await live.write(bytes.subarray(50_000));
  expect(await live.status).toBe(204);
  live.socket.destroy();
  expect(await offsetOf(location)).toBe(90_000);
  const last = await session.tus.patch(location, 90_000, new Uint8Array(), { length: 90_000 });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
});

test('a PATCH takes over, again and again: the older one gets 409, its bytes are committed and stay', async () => {
  const bytes = recording(64_000);
  const location = await session.tus.begin();
  const tookMs: number[] = [];
  for (let at = 0; at < 64_000; at += 8_000) {
    const older = await session.tus.openPatch(location, at, 100_000 - at);
    await older.write(bytes.subarray(at, at + 8_000));
    await until(async () => (await onDisk(location)) === at + 8_000);
    const askedAt = performance.now();
    // In turn: the bytes are others than those that came while the newer PATCH waited, and the offset was never right.
    const newer =
      at % 16_000 === 0
        ? await session.tus.patch(location, at, recording(10))
        : await session.tus.patch(location, 1, new Uint8Array());
    tookMs.push(performance.now() - askedAt);
    expect(newer.headers.get('upload-offset')).toBe(String(at + 8_000));
    expect(await refusalOf(newer)).toMatchObject({ status: 409, code: 'offset-conflict' });
    // Asked to end: one that fell silent would get 503, and the newer one, which waits for 5 s, 423.
    expect(await older.status).toBe(409);
    older.socket.destroy();
    expect(await offsetOf(location)).toBe(at + 8_000);
  }
  // The contract's second, for the one that the machine delayed least.
  expect(Math.min(...tookMs)).toBeLessThan(1_000);
  const last = await session.tus.patch(location, 64_000, new Uint8Array(), { length: 64_000 });
  expect([last.status, last.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
});

test('two PATCHes at the same offset: one is stored, the other gets 409, and the bytes are those of one', async () => {
  const bytes = recording(50_000);
  const location = await session.tus.begin({ length: 50_000 });
  const statuses = (
    await Promise.all([session.tus.patch(location, 0, bytes), session.tus.patch(location, 0, bytes)])
  ).map((response) => response.status);
  expect(statuses).toContain(409);
  if (!statuses.includes(204)) {
    const at = await offsetOf(location);
    expect((await session.tus.patch(location, at, bytes.subarray(at))).status).toBe(204);
  }
  expect((await session.tus.head(location)).headers.get('repr-digest')).toBe(reprDigest(bytes));
});

test('DELETE takes over from a live PATCH, which ends', async () => {
  const location = await session.tus.begin();
  const live = await session.tus.openPatch(location, 0, 100_000);
  await live.write(recording(10_000));
  await until(async () => (await onDisk(location)) === 10_000);
  expect((await session.tus.remove(location)).status).toBe(204);
  expect(await live.status).toBe(409);
  live.socket.destroy();
  expect((await session.tus.head(location)).status).toBe(404);
});

test('a PATCH that falls silent is given up, and what it brought is kept (platform note 10)', async () => {
  const { tus } = await openSession(impatient);
  const location = await tus.begin();
  const bytes = recording(30_000);
  const silent = await tus.openPatch(location, 0, 100_000);
  await silent.write(bytes);
  const startedAt = performance.now();
  expect(await silent.status).toBe(503);
  expect(performance.now() - startedAt).toBeGreaterThan(IDLE_MS / 2);
  silent.socket.destroy();
  expect((await tus.head(location)).headers.get('upload-offset')).toBe('30000');
});

test('a slow but living PATCH is not given up', async () => {
  const { tus } = await openSession(impatient);
  const location = await tus.begin();
  const bytes = recording(1_000);
  const slow = await tus.openPatch(location, 0, 1_000);
  const startedAt = performance.now();
  let at = 0;
  for (; performance.now() - startedAt < 1.2 * IDLE_MS; at += 10) {
    await slow.write(bytes.subarray(at, at + 10));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await slow.write(bytes.subarray(at));
  expect(await slow.status).toBe(204);
  slow.socket.destroy();
  expect((await tus.head(location)).headers.get('upload-offset')).toBe('1000');
});

test('fifty uploads at once are all whole (platform note 7)', async () => {
  const all = await Promise.all(
    Array.from({ length: 50 }, async (_, at) => {
      const bytes = new Uint8Array(Buffer.concat([recording(64), randomBytes(20_000 + at)]));
      const response = await session.tus.send(bytes, { question: (at % 5) + 1 });
      return response.headers.get('repr-digest') === reprDigest(bytes);
    }),
  );
  expect(all.filter((whole) => !whole)).toEqual([]);
});
