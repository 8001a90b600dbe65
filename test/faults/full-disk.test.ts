/** The disk is full: 507 until there is room again; no acknowledged byte is lost, and no restart is needed. */
import { randomUUID } from 'node:crypto';
import { access, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { expect, onTestFinished } from 'vitest';
import { testUnless } from '../support/needs.ts';
import { createToken, openCandidate } from '../support/server/candidate.ts';
import { type Disk, mountObstacle, openTmpfs } from '../support/server/loop-disk.ts';
import { tresgo } from '../support/server/server.ts';
import { recording, reprDigest, until } from '../support/tus/tus.ts';
import { ALL, BEGUN, begin, empty, expectRefused, goOn, offsetOf } from './started-upload.ts';

const test = testUnless(await mountObstacle());

async function open(env: Record<string, string> = {}, size = 16 << 20) {
  const disk = await openTmpfs(size);
  onTestFinished(() => disk.close());
  return { disk, upload: await begin(`${disk.path}/data`, env) };
}

/** Fills the disk up to `leaveBytes` free bytes; the returned function frees them again. */
async function fill(disk: Disk, leaveBytes: number): Promise<() => Promise<void>> {
  const { bavail, bsize } = await statfs(disk.path);
  const ballast = `${disk.path}/ballast`;
  await writeFile(ballast, Buffer.alloc(bavail * bsize - leaveBytes));
  return () => rm(ballast);
}

test.for([0, 64 << 10])(
  'full but for %i bytes: 507, no byte is lost, and the upload continues when there is room',
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

test('full: a creation is 507 and leaves no incomplete take; repeated, it succeeds', async () => {
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

test('full at the end: the last PATCH is 507, HEAD is ?0; with room it is placed without another request', async () => {
  const { disk, upload } = await open();
  const { tus, location, bytes, candidate } = upload;
  expect((await tus.patch(location, BEGUN, bytes.subarray(BEGUN))).status).toBe(204);
  // The room that the length takes in the catalog's log, so that the server knows that the upload is whole: found by trying.
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

test('below the floor: 507 before any byte is accepted, and the upload continues when there is room', async () => {
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

const FLOOR = 40_000_000;
const freeBytes = async ({ path }: Disk) => {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
};

test('a body that comes in ends at the floor, and is told what is kept', async () => {
  const { disk, upload } = await open({ TRESGO_MIN_FREE_BYTES: String(FLOOR) }, 96 << 20);
  const { server, tus, candidate } = upload;
  const location = await tus.begin({ question: 2 });
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (sent === 200) controller.close();
      else controller.enqueue(recording(1_000_000));
      sent += 1;
    },
  });
  const refused = await fetch(`${server.url}${location}`, {
    method: 'PATCH',
    headers: {
      'Tus-Resumable': '1.0.0',
      Authorization: `Bearer ${candidate.token}`,
      'Content-Type': 'application/offset+octet-stream',
      'Upload-Offset': '0',
    },
    body,
    duplex: 'half',
  } as RequestInit);
  expect(Number(refused.headers.get('upload-offset'))).toBe(await offsetOf(tus, location));
  await expectRefused(refused, 507, 'disk-full');
  // What a body brings between two looks at the disk: what waits in memory, 1 MiB and a little.
  expect(await freeBytes(disk)).toBeGreaterThan(FLOOR - (2 << 20));
  expect(await offsetOf(tus, location)).toBeGreaterThan(30_000_000);
  await expectRefused(await tus.patch(upload.location, BEGUN, upload.bytes.subarray(BEGUN)), 507, 'disk-full');
  expect((await tus.remove(location)).status).toBe(204);
  await goOn(upload);
});

test('on a disk that others have filled, uploads are deleted, sessions finished and tokens revoked', async () => {
  const { disk, upload } = await open({ TRESGO_MIN_FREE_BYTES: String(1 << 20) }, 96 << 20);
  const { server, tus, location } = upload;
  const finisher = await openCandidate(server, 'Bea');
  for (let question = 1; question <= 5; question++) await finisher.tus(server).send(recording(1_000), { question });
  const { id } = await createToken(server.dataDir, 'Cleo');
  const ballast = `${server.dataDir}/ballast`;
  await until(() =>
    access(ballast).then(
      () => true,
      () => false,
    ),
  );
  const makeRoom = await fill(disk, 0);
  const finished = await fetch(`${server.url}/api/session/finish`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: finisher.token, folder: finisher.folder, questionsCount: 5 }),
  });
  expect([finished.status, await finished.json()]).toEqual([200, { ok: true }]);
  expect(JSON.parse(await readFile(`${finisher.path}/meta.json`, 'utf8'))).toMatchObject({ status: 'finished' });
  expect(await tresgo(['token', 'revoke', id, '--data-dir', server.dataDir])).toMatchObject({ status: 0 });
  expect((await tus.remove(location)).status).toBe(204);
  // The room that was given back is none for recordings.
  await expectRefused(await tus.create(), 507, 'disk-full');
  await makeRoom();
  expect((await tus.create()).status).toBe(201);
  await until(() =>
    access(ballast).then(
      () => true,
      () => false,
    ),
  );
});
