/** The disk is full: 507 until there is room again, nothing acknowledged is lost, and nobody has to restart anything. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { expect, onTestFinished } from 'vitest';
import { type Disk, mountObstacle, openTmpfs } from '../support/loop-disk.ts';
import { testUnless } from '../support/needs.ts';
import { recording, reprDigest, until } from '../support/tus.ts';
import { ALL, BEGUN, begin, empty, expectRefused, goOn, offsetOf } from './begun.ts';

const test = testUnless(await mountObstacle());

async function open(env: Record<string, string> = {}) {
  const disk = await openTmpfs(16 << 20);
  onTestFinished(() => disk.close());
  return { disk, upload: await begin(`${disk.path}/data`, env) };
}

/** Takes all room but so many bytes; the returned function gives it back. */
async function fill(disk: Disk, leaveBytes: number): Promise<() => Promise<void>> {
  const { bavail, bsize } = await statfs(disk.path);
  const ballast = `${disk.path}/ballast`;
  await writeFile(ballast, Buffer.alloc(bavail * bsize - leaveBytes));
  return () => rm(ballast);
}

test.for([0, 64 << 10])(
  'full but for %i bytes: 507, nothing is lost, and it goes on when there is room',
  async (leave) => {
    const { disk, upload } = await open();
    const { tus, location, bytes, file } = upload;
    const makeRoom = await fill(disk, leave);
    for (let round = 0; round < 2; round++) {
      await expectRefused(await tus.patch(location, BEGUN, bytes.subarray(BEGUN)), 507, 'disk-full');
      const offset = await offsetOf(tus, location);
      expect(offset).toBe(BEGUN);
      expect((await readFile(file)).subarray(0, BEGUN).equals(bytes.subarray(0, BEGUN))).toBe(true);
    }
    await makeRoom();
    await goOn(upload);
  },
);

test('full: a creation is 507 and leaves no half-made take; made again it is there', async () => {
  const { disk, upload } = await open();
  const { server, tus } = upload;
  const before = await readdir(`${server.dataDir}/uploads`);
  const makeRoom = await fill(disk, 0);
  const takeId = randomUUID();
  await expectRefused(await tus.create({ question: 2, takeId }), 507, 'disk-full');
  expect(await readdir(`${server.dataDir}/uploads`)).toEqual(before);
  await makeRoom();
  const bytes = recording(1_000);
  const last = await tus.send(bytes, { question: 2, takeId });
  expect([last.status, last.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
  await goOn(upload);
});

test('full at the end: the last PATCH is 507, HEAD is ?0; with room it is placed, though nobody asks again', async () => {
  const { disk, upload } = await open();
  const { tus, location, bytes, candidate } = upload;
  expect((await tus.patch(location, BEGUN, bytes.subarray(BEGUN))).status).toBe(204);
  // As much room as the length takes in the catalog's log, so that the server knows that all is there: found by trying.
  let head = await tus.head(location);
  let makeRoom = async () => {};
  for (let leave = 4 << 10; head.headers.get('upload-length') === null; leave += 4 << 10) {
    await makeRoom();
    makeRoom = await fill(disk, leave);
    await expectRefused(await tus.patch(location, ALL, empty, { length: ALL }), 507, 'disk-full');
    head = await tus.head(location);
    expect([head.headers.get('upload-offset'), head.headers.get('upload-complete')]).toEqual([String(ALL), '?0']);
  }
  await makeRoom();
  await until(async () => (await readdir(candidate.path)).includes('Q1.webm'), 15_000);
  expect((await readFile(`${candidate.path}/Q1.webm`)).equals(bytes)).toBe(true);
  await until(async () => (await tus.head(location)).headers.get('upload-complete') === '?1');
});

test('below the floor: 507 before anything is accepted, and it goes on when there is room', async () => {
  const { disk, upload } = await open({ TRESGO_MIN_FREE_BYTES: String(4 << 20) });
  const { server, tus, location, bytes, file } = upload;
  const makeRoom = await fill(disk, 3 << 20);
  await expectRefused(await tus.patch(location, BEGUN, bytes.subarray(BEGUN)), 507, 'disk-full');
  await expectRefused(await tus.create({ question: 2 }), 507, 'disk-full');
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  expect(await offsetOf(tus, location)).toBe(BEGUN);
  expect((await readFile(file)).length).toBe(BEGUN);
  expect(await readdir(`${server.dataDir}/uploads`)).toHaveLength(1);
  await makeRoom();
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  await goOn(upload);
});
