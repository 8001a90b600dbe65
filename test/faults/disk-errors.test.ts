/** The disk fails a call: no byte is acknowledged that is not stored, and the upload continues. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { expect, onTestFinished } from 'vitest';
import { testUnless } from '../support/needs.ts';
import { spawnServer, temporaryFolder } from '../support/server/server.ts';
import { attachStrace, threadsOf, traceObstacle } from '../support/server/strace.ts';
import { recording, reprDigest, until } from '../support/tus/tus.ts';
import { ALL, BEGUN, begin, empty, expectRefused, goOn, offsetOf, type StartedUpload } from './started-upload.ts';

const test = testUnless(await traceObstacle());
const WRITES = 'write,writev,pwrite64,pwritev,pwritev2';
const SYNCS = 'fsync,fdatasync';

interface Fault {
  calls: string;
  on: (upload: StartedUpload) => string;
}

const onFile = (upload: StartedUpload) => upload.file;
const onCatalog = (upload: StartedUpload) => `${upload.server.dataDir}/tresgo.db-wal`;
const ofCatalog: Array<[string, Fault]> = [
  ['sync of the catalog’s log', { calls: SYNCS, on: onCatalog }],
  ['write to the catalog’s log', { calls: WRITES, on: onCatalog }],
];
const ofAppend: Array<[string, Fault]> = [
  ['sync of the upload’s file', { calls: SYNCS, on: onFile }],
  ['write to the upload’s file', { calls: WRITES, on: onFile }],
  ...ofCatalog,
];
const ofFinish: Array<[string, Fault]> = [
  ['sync of the session folder', { calls: SYNCS, on: (upload) => upload.candidate.path }],
  ['rename into the session folder', { calls: '?rename,renameat,renameat2', on: (upload) => upload.file }],
  ...ofCatalog,
];

async function open() {
  const root = await temporaryFolder();
  onTestFinished(() => root.remove());
  return begin(root.path);
}

/** Does `work` while every call of this kind fails; throws unless one did. */
async function whileFailing<T>(upload: StartedUpload, { calls, on }: Fault, work: () => Promise<T>): Promise<T> {
  const options = ['-P', on(upload), '-e', `trace=${calls}`, '-e', `inject=${calls}:error=EIO`];
  const tracer = await attachStrace(await threadsOf(upload.server.process.pid as number), options);
  const result = await work().finally(() => tracer.detach());
  expect(tracer.output()).toMatch(/EIO .*\(INJECTED\)/);
  return result;
}

test.each(ofAppend)('%s fails: 503, the old offset, and a later PATCH is whole', async (_, fault) => {
  const upload = await open();
  const { tus, location, bytes, file } = upload;
  const { failed, during } = await whileFailing(upload, fault, async () => ({
    failed: await tus.patch(location, BEGUN, bytes.subarray(BEGUN, BEGUN + 50_000)),
    during: await offsetOf(tus, location),
  }));
  await expectRefused(failed, 503, 'unavailable');
  expect([during, await offsetOf(tus, location)]).toEqual([BEGUN, BEGUN]);
  expect((await readFile(file)).subarray(0, BEGUN).equals(bytes.subarray(0, BEGUN))).toBe(true);
  await goOn(upload);
});

/** Kills the server and starts another one on its data; returns the same upload there. */
async function restart(upload: StartedUpload): Promise<StartedUpload> {
  await upload.server.stop('SIGKILL');
  const server = await spawnServer({ dataDir: upload.server.dataDir });
  onTestFinished(() => server.stop());
  return { ...upload, server, tus: upload.candidate.tus(server) };
}

test.each(ofAppend)('%s fails, and a kill in the next PATCH: the upload continues', async (_, fault) => {
  const upload = await open();
  const { tus, location, bytes, file } = upload;
  const failed = await whileFailing(upload, fault, () =>
    tus.patch(location, BEGUN, bytes.subarray(BEGUN, BEGUN + 50_000)),
  );
  expect(failed.status).toBe(503);
  const next = await tus.openPatch(location, BEGUN, 50_000);
  await next.write(bytes.subarray(BEGUN, BEGUN + 10));
  // A server that writes bytes at once has truncated what the failed PATCH left; a server that waits for more has not.
  await until(async () => (await readFile(file)).length === BEGUN + 10, 1_000).catch(() => {});
  const after = await restart(upload);
  next.socket.destroy();
  const offset = await offsetOf(after.tus, location);
  // A failed commit may still have reached the log: its bytes were synced before.
  expect(offset).toBeGreaterThanOrEqual(BEGUN);
  expect((await readFile(file)).subarray(0, offset).equals(bytes.subarray(0, offset))).toBe(true);
  await goOn(after);
});

test.each(ofCatalog)('%s fails for several uploads at once: none of them is acknowledged', async (_, fault) => {
  const upload = await open();
  const { tus } = upload;
  const bytes = recording(50_000);
  const others = await Promise.all([2, 3, 4, 5].map((question) => tus.begin({ question })));
  const failed = await whileFailing(upload, fault, () =>
    Promise.all(others.map((other) => tus.patch(other, 0, bytes))),
  );
  for (const response of failed) await expectRefused(response, 503, 'unavailable');
  for (const other of others) expect(await offsetOf(tus, other)).toBe(0);
  const again = await Promise.all(others.map((other) => tus.patch(other, 0, bytes, { length: bytes.length })));
  expect(again.map((response) => response.headers.get('repr-digest'))).toEqual(others.map(() => reprDigest(bytes)));
  await goOn(upload);
});

test.each(ofCatalog)('%s fails: a creation is 503, and leaves nothing', async (_, fault) => {
  const upload = await open();
  const { server, tus } = upload;
  const takeId = randomUUID();
  const before = await readdir(`${server.dataDir}/uploads`);
  const failed = await whileFailing(upload, fault, () => tus.create({ question: 2, takeId }));
  await expectRefused(failed, 503, 'unavailable');
  expect(await readdir(`${server.dataDir}/uploads`)).toEqual(before);
  const location = await tus.begin({ question: 2, takeId });
  expect(await offsetOf(tus, location)).toBe(0);
});

test.each(ofCatalog)('%s fails in a creation, and a kill: created again, the upload works', async (_, fault) => {
  const upload = await open();
  const takeId = randomUUID();
  const failed = await whileFailing(upload, fault, () => upload.tus.create({ question: 2, takeId }));
  expect(failed.status).toBe(503);
  const { tus, bytes } = await restart(upload);
  const last = await tus.send(bytes, { question: 2, takeId });
  expect([last.status, last.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
});

test.each(ofCatalog)('%s fails in a removal, and a kill: the upload is whole or gone', async (_, fault) => {
  const upload = await open();
  const { location, bytes, file, server } = upload;
  const failed = await whileFailing(upload, fault, () => upload.tus.remove(location));
  await expectRefused(failed, 503, 'unavailable');
  const { tus } = await restart(upload);
  const head = await tus.head(location);
  if (head.status === 200) {
    expect(head.headers.get('upload-offset')).toBe(String(BEGUN));
    expect((await readFile(file)).equals(bytes.subarray(0, BEGUN))).toBe(true);
    expect((await tus.remove(location)).status).toBe(204);
  }
  expect((await tus.head(location)).status).toBe(404);
  expect(await readdir(`${server.dataDir}/uploads`)).toEqual([]);
});

test.each(ofFinish)('%s fails in the last PATCH: 503 and ?0, then ?1', async (_, fault) => {
  const upload = await open();
  const { failed, during } = await failToFinish(upload, fault);
  await expectRefused(failed, 503, 'unavailable');
  expect(during.headers.get('upload-complete')).toBe('?0');
  await expectFinished(upload);
});

test.each(ofFinish)('%s fails in the last PATCH, and a kill: one file, one entry', async (_, fault) => {
  const upload = await open();
  expect((await failToFinish(upload, fault)).failed.status).toBe(503);
  await expectFinished(await restart(upload));
});

const finish = ({ tus, location }: StartedUpload) => tus.patch(location, ALL, empty, { length: ALL });

async function failToFinish(upload: StartedUpload, fault: Fault) {
  const { tus, location, bytes } = upload;
  expect((await tus.patch(location, BEGUN, bytes.subarray(BEGUN))).status).toBe(204);
  return whileFailing(upload, fault, async () => ({ failed: await finish(upload), during: await tus.head(location) }));
}

async function expectFinished(upload: StartedUpload): Promise<void> {
  const { bytes, candidate } = upload;
  const again = await finish(upload);
  expect([again.status, again.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
  expect((await readdir(candidate.path)).sort()).toEqual(['Q1.webm', 'meta.json']);
  expect((await readFile(`${candidate.path}/Q1.webm`)).equals(bytes)).toBe(true);
  expect(JSON.parse(await readFile(`${candidate.path}/meta.json`, 'utf8')).files).toHaveLength(1);
}
