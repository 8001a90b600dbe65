/** Requests that meet on one upload (field note 8): HEAD never disturbs, a PATCH takes over. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openApp, type TestApp } from '../support/server.ts';
import { openSitting, recording, refusalOf, reprDigest, type Sitting, type Tus, until } from '../support/tus.ts';

const IDLE_MS = 400;

let app: TestApp;
let sitting: Sitting;
let tus: Tus;
let count = 0;
beforeAll(async () => {
  app = await openApp({ idleMs: IDLE_MS });
});
afterAll(() => app.close());
beforeEach(async () => {
  count += 1;
  sitting = await openSitting(app, `Anna ${count}`);
  tus = sitting.tus;
});

const offsetOf = async (location: string) => Number((await tus.head(location)).headers.get('upload-offset'));
/** Bytes that have reached the upload's file, committed or not. */
const onDisk = async (location: string) =>
  (await readFile(`${app.dataDir}${location.replace('/files', '/uploads')}`)).length;

test('HEAD during a live PATCH answers at once, tells the committed offset and disturbs nothing', async () => {
  const bytes = recording(90_000);
  const location = await tus.begin();
  await tus.patch(location, 0, bytes.subarray(0, 10_000));
  const live = await tus.openPatch(location, 10_000, 80_000);
  await live.write(bytes.subarray(10_000, 50_000));
  await until(async () => (await onDisk(location)) === 50_000);
  for (let ask = 0; ask < 5; ask++) {
    const startedAt = performance.now();
    expect(await offsetOf(location)).toBe(10_000);
    expect(performance.now() - startedAt).toBeLessThan(IDLE_MS / 2);
  }
  await live.write(bytes.subarray(50_000));
  expect(await live.status).toBe(204);
  live.socket.destroy();
  expect(await offsetOf(location)).toBe(90_000);
  const last = await tus.patch(location, 90_000, new Uint8Array(), { length: 90_000 });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
});

test('a PATCH takes over within 1 s; what the older one brought is committed, and it is told 409', async () => {
  const bytes = recording(100_000);
  const location = await tus.begin();
  const older = await tus.openPatch(location, 0, 100_000);
  await older.write(bytes.subarray(0, 60_000));
  await until(async () => (await onDisk(location)) === 60_000);
  const startedAt = performance.now();
  const newer = await tus.patch(location, 0, bytes);
  expect(performance.now() - startedAt).toBeLessThan(IDLE_MS);
  // The offset has moved under it: the client asks and goes on.
  expect(newer.headers.get('upload-offset')).toBe('60000');
  expect(await refusalOf(newer)).toMatchObject({ status: 409, code: 'offset-conflict' });
  expect(await older.status).toBe(409);
  older.socket.destroy();
  expect(await offsetOf(location)).toBe(60_000);
  const rest = await tus.patch(location, 60_000, bytes.subarray(60_000), { length: 100_000 });
  expect([rest.status, rest.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
});

test('many take-overs in a row lose nothing: every byte that was committed is there once', async () => {
  const bytes = recording(64_000);
  const location = await tus.begin();
  const held: Array<{ destroy(): void }> = [];
  for (let at = 0; at < 64_000; at += 8_000) {
    const live = await tus.openPatch(location, at, 64_000 - at);
    await live.write(bytes.subarray(at, at + 8_000));
    await until(async () => (await onDisk(location)) === at + 8_000);
    held.push(live.socket);
    // A wrong offset, so that the probe itself brings nothing.
    expect((await tus.patch(location, 1, new Uint8Array())).status).toBe(409);
    expect(await offsetOf(location)).toBe(at + 8_000);
  }
  for (const socket of held) socket.destroy();
  const last = await tus.patch(location, 64_000, new Uint8Array(), { length: 64_000 });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
});

test('two PATCHes at the same offset: one is stored, the other is told 409, the bytes are those of one', async () => {
  const bytes = recording(50_000);
  const location = await tus.begin({ length: 50_000 });
  const statuses = (await Promise.all([tus.patch(location, 0, bytes), tus.patch(location, 0, bytes)])).map(
    (response) => response.status,
  );
  expect(statuses).toContain(409);
  if (!statuses.includes(204)) {
    const at = await offsetOf(location);
    expect((await tus.patch(location, at, bytes.subarray(at))).status).toBe(204);
  }
  expect((await tus.head(location)).headers.get('repr-digest')).toBe(reprDigest(bytes));
});

test('DELETE takes over from a live PATCH, which ends', async () => {
  const location = await tus.begin();
  const live = await tus.openPatch(location, 0, 100_000);
  await live.write(recording(10_000));
  await until(async () => (await onDisk(location)) === 10_000);
  expect((await tus.remove(location)).status).toBe(204);
  expect(await live.status).toBe(409);
  live.socket.destroy();
  expect((await tus.head(location)).status).toBe(404);
});

test('a PATCH that falls silent is given up, and what it brought is kept (field note 12)', async () => {
  const location = await tus.begin();
  const bytes = recording(30_000);
  const silent = await tus.openPatch(location, 0, 100_000);
  await silent.write(bytes);
  const startedAt = performance.now();
  expect(await silent.status).toBe(503);
  expect(performance.now() - startedAt).toBeGreaterThan(IDLE_MS / 2);
  silent.socket.destroy();
  expect(await offsetOf(location)).toBe(30_000);
});

test('a slow but living PATCH is not given up', async () => {
  const location = await tus.begin();
  const bytes = recording(1_000);
  const slow = await tus.openPatch(location, 0, 1_000);
  for (let at = 0; at < 1_000; at += 125) {
    await slow.write(bytes.subarray(at, at + 125));
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS / 4));
  }
  expect(await slow.status).toBe(204);
  slow.socket.destroy();
  expect(await offsetOf(location)).toBe(1_000);
});

test('fifty uploads at once are all whole (field note 8)', async () => {
  const all = await Promise.all(
    Array.from({ length: 50 }, async (_, at) => {
      const bytes = new Uint8Array(Buffer.concat([recording(64), randomBytes(20_000 + at)]));
      const response = await tus.send(bytes, { question: (at % 5) + 1 });
      return response.headers.get('repr-digest') === reprDigest(bytes);
    }),
  );
  expect(all.filter((whole) => !whole)).toEqual([]);
});
