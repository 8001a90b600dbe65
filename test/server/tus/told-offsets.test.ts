/** An offset that was told is accepted by the next PATCH, and two PATCHes may be in flight. */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { recording, refusalOf, reprDigest, until } from '../../support/tus/tus.ts';

const app = useApp();
const session = useSession(app);

const SIZE = 700_000;
const offsetOf = async (location: string) => Number((await session.tus.head(location)).headers.get('upload-offset'));
const stored = (location: string) => readFile(`${app.dataDir}${location.replace('/files', '/uploads')}`);

/** A PATCH of which `bytes` arrived before it fell silent, its connection still open. */
async function openSilent(location: string, bytes: Uint8Array, offset = 0) {
  const live = await session.tus.openPatch(location, offset, SIZE);
  await live.write(bytes);
  return live;
}

test('after silence HEAD tells all that came, and the next PATCH goes on from there', async () => {
  const bytes = recording(SIZE);
  const location = await session.tus.begin();
  const live = await openSilent(location, bytes.subarray(0, 300_000));
  await until(async () => (await offsetOf(location)) === 300_000, 5_000);
  await live.write(bytes.subarray(300_000, 300_007));
  await until(async () => (await offsetOf(location)) === 300_007, 5_000);
  expect((await session.tus.patch(location, 300_007, bytes.subarray(300_007))).status).toBe(204);
  expect(await live.status).toBe(409);
  live.socket.destroy();
  const last = await session.tus.patch(location, SIZE, new Uint8Array(), { length: SIZE });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
});

test('a told offset is accepted although more has come since: equal bytes are passed over, and no byte is doubled', async () => {
  const bytes = recording(SIZE);
  const location = await session.tus.begin();
  const live = await openSilent(location, bytes.subarray(0, 100_000));
  await until(async () => (await offsetOf(location)) === 100_000);
  await live.write(bytes.subarray(100_000, 400_000));
  await until(async () => (await stored(location)).length === 400_000);
  // A body that ends within what is there adds nothing.
  const within = await session.tus.patch(location, 100_000, bytes.subarray(100_000, 100_002));
  expect([within.status, within.headers.get('upload-offset')]).toEqual([204, '400000']);
  // A 204 ends what was told before it.
  const again = await session.tus.patch(location, 100_000, bytes.subarray(100_000));
  expect(await refusalOf(again)).toMatchObject({ status: 409, code: 'offset-conflict' });
  expect(await live.status).toBe(409);
  live.socket.destroy();
  const at = await offsetOf(location);
  expect((await session.tus.patch(location, at, bytes.subarray(at), { length: SIZE })).headers.get('repr-digest')).toBe(
    reprDigest(bytes),
  );
});

test('a take that is placed while a body repeats bytes of it is 409 with the offset, and not told to be gone', async () => {
  const bytes = recording(SIZE);
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, bytes.subarray(0, 100));
  expect(await offsetOf(location)).toBe(100);
  // The rest came by a request whose response was lost.
  const { storage } = app;
  const id = location.split('/').at(-1) ?? '';
  await storage.store.append(Readable.from([bytes.subarray(100)]), id, 100);
  await storage.store.declareUploadLength(id, SIZE);
  vi.spyOn(storage.liveTakes, 'settle').mockImplementationOnce(async () => void (await storage.finish(id)));
  const repeat = await session.tus.patch(location, 100, bytes.subarray(100));
  expect(repeat.headers.get('upload-offset')).toBe(String(SIZE));
  expect(await refusalOf(repeat)).toMatchObject({ status: 409, code: 'offset-conflict' });
  expect((await session.tus.head(location)).headers.get('repr-digest')).toBe(reprDigest(bytes));
});

test('other bytes at a told offset are 409 with the offset, and change nothing', async () => {
  const bytes = recording(SIZE);
  const location = await session.tus.begin();
  const live = await openSilent(location, bytes.subarray(0, 100_000));
  await until(async () => (await offsetOf(location)) === 100_000);
  await live.write(bytes.subarray(100_000, 200_000));
  await until(async () => (await stored(location)).length === 200_000);
  const other = Buffer.from(bytes.subarray(100_000));
  other[99_999] = (other[99_999] ?? 0) ^ 1;
  const refused = await session.tus.patch(location, 100_000, new Uint8Array(other));
  expect(refused.headers.get('upload-offset')).toBe('200000');
  expect(await refusalOf(refused)).toMatchObject({ status: 409, code: 'offset-conflict' });
  live.socket.destroy();
  expect((await stored(location)).equals(bytes.subarray(0, 200_000))).toBe(true);
  // The whole of it from a told offset, the length with it.
  const whole = await session.tus.patch(location, 100_000, bytes.subarray(100_000), { length: SIZE });
  expect([whole.status, whole.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
});

test('an offset that was never told is 409', async () => {
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, recording(500));
  expect(await offsetOf(location)).toBe(500);
  for (const offset of [0, 499, 501])
    expect(await refusalOf(await session.tus.patch(location, offset, recording(10)))).toMatchObject({ status: 409 });
});

test('a PATCH that begins where the running one will end waits for it, and goes on from there', async () => {
  const bytes = recording(SIZE);
  const location = await session.tus.begin({ length: SIZE });
  const first = await session.tus.openPatch(location, 0, 400_000);
  await first.write(bytes.subarray(0, 100_000));
  await until(async () => (await offsetOf(location)) > 0);
  const second = await session.tus.openPatch(location, 400_000, 300_000);
  await second.write(bytes.subarray(400_000));
  await until(async () => (await offsetOf(location)) === 100_000);
  await first.write(bytes.subarray(100_000, 400_000));
  expect(await first.status).toBe(204);
  expect(await second.status).toBe(204);
  for (const { socket } of [first, second]) socket.destroy();
  // So does the PATCH without bytes that declares the length.
  const other = await session.tus.begin({ question: 2 });
  const data = await session.tus.openPatch(other, 0, SIZE);
  await data.write(bytes.subarray(0, 100_000));
  await until(async () => (await offsetOf(other)) > 0);
  const last = session.tus.patch(other, SIZE, new Uint8Array(), { length: SIZE });
  await until(async () => (await offsetOf(other)) === 100_000);
  await data.write(bytes.subarray(100_000));
  expect([await data.status, (await last).headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
  data.socket.destroy();
  expect((await session.tus.head(location)).headers.get('repr-digest')).toBe(reprDigest(bytes));
});

test('where the running one ends short, the waiting one is 409 at once with the offset', async () => {
  const bytes = recording(SIZE);
  const location = await session.tus.begin();
  const first = await session.tus.openPatch(location, 0, 400_000);
  await first.write(bytes.subarray(0, 100_000));
  await until(async () => (await offsetOf(location)) > 0);
  const second = session.tus.patch(location, 400_000, bytes.subarray(400_000));
  first.socket.destroy();
  const refused = await second;
  expect(refused.headers.get('upload-offset')).toBe('100000');
  expect(await refusalOf(refused)).toMatchObject({ status: 409, code: 'offset-conflict' });
  // A request that begins anywhere else still takes over from both.
  const third = await session.tus.openPatch(location, 100_000, 100_000);
  await third.write(bytes.subarray(100_000, 150_000));
  await until(async () => (await offsetOf(location)) === 150_000);
  const fourth = session.tus.patch(location, 200_000, bytes.subarray(200_000));
  const fifth = await session.tus.patch(location, 150_000, bytes.subarray(150_000));
  expect([(await fourth).status, await third.status, fifth.status]).toEqual([409, 409, 204]);
  third.socket.destroy();
});
