/** One attempt of an upload as a dialogue with the endpoint: what is sent, and in which order. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ENOUGH_BYTES } from '../../../client/upload/growing-source.ts';
import { openUploadBench, type UploadBench } from '../../support/tus/upload-bench.ts';

let bench: UploadBench;
const opened = () => bench.events.at(-1) === 'open';
const patches = () => bench.tus.log.filter((line) => line.startsWith('PATCH'));
const count = (line: string) => bench.tus.log.filter((other) => other === line).length;

beforeEach(async () => {
  bench = await openUploadBench();
});
afterEach(() => bench.close());

test('the bytes are sent while the take grows; the last bytes carry the length', async () => {
  const { tus, uploader } = bench;
  uploader.start();
  await bench.record(ENOUGH_BYTES);
  await bench.until(() => tus.uploads[0]?.data.length === ENOUGH_BYTES);
  expect(uploader.status().ackedBytes).toBeLessThanOrEqual(ENOUGH_BYTES);
  await bench.record(100);
  await bench.stop();
  await bench.until(opened);
  const total = ENOUGH_BYTES + 100;
  expect(tus.log).toEqual(['POST', 'HEAD', `PATCH 0 +${ENOUGH_BYTES}`, `PATCH ${ENOUGH_BYTES} +100 length=${total}`]);
  expect(bench.events).toEqual(['open']);
  expect(uploader.status()).toMatchObject({ ackedBytes: total, sentBytes: total, resentBytes: 0, attempts: 1 });
  expect(await bench.arrivedWhole()).toBe(true);
});

test('a server that does not state completion is sent the length in an empty PATCH, once', async () => {
  const { tus, uploader } = bench;
  tus.statesCompletion = false;
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(tus.log).toEqual(['POST', 'HEAD', 'PATCH 0 +1000', 'PATCH 1000 +0 length=1000']);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('a recorder of many small slices causes about two PATCHes a second, and none without a byte', async () => {
  const { tus, uploader } = bench;
  uploader.start();
  await bench.until(() => count('HEAD') === 1);
  for (let i = 0; i < 50; i++) {
    await bench.record(80);
    await bench.pass(200);
  }
  await bench.stop();
  await bench.until(opened);
  expect(patches().length).toBeGreaterThan(14);
  expect(patches().length).toBeLessThanOrEqual(25);
  expect(patches().filter((line) => line.endsWith(' +0'))).toEqual([]);
  expect(tus.uploads[0]?.data.length).toBe(4000);
});

test('after a cut in the last data PATCH the upload resumes at the offset of a HEAD, at once and without a second creation', async () => {
  const { tus, uploader } = bench;
  uploader.start();
  await bench.record(ENOUGH_BYTES);
  await bench.until(() => uploader.status().ackedBytes === ENOUGH_BYTES);
  let kept = 0;
  tus.before = (request, _response, upload) => {
    if (request.method !== 'PATCH' || !upload || kept > 0) return false;
    request.once('data', (chunk: Buffer) => {
      upload.data = Buffer.concat([upload.data, chunk.subarray(0, 40_000)]);
      kept = upload.data.length;
      request.socket.destroy();
    });
    return true;
  };
  await bench.record(300_000);
  await bench.stop();
  uploader.hurry();
  await bench.until(opened);
  expect(kept).toBeGreaterThan(ENOUGH_BYTES);
  expect([count('POST'), count('HEAD'), tus.uploads.length]).toEqual([1, 2, 1]);
  expect(patches()[2]).toMatch(new RegExp(`^PATCH ${kept} \\+`));
  expect(patches().at(-1)).toMatch(new RegExp(` \\+[1-9]\\d* length=${ENOUGH_BYTES + 300_000}$`));
  expect(bench.events).toEqual(['open']); // no wait was shown: the attempt had moved bytes
  expect(await bench.arrivedWhole()).toBe(true);
});

test('after a 409 on a PATCH a HEAD is sent at once', async () => {
  const { tus, uploader } = bench;
  let moved = false;
  tus.before = (request, _response, upload) => {
    if (request.method !== 'PATCH' || moved || !upload) return false;
    // The request of an earlier page ended just now: its bytes were committed.
    upload.data = bench.recorded().subarray(0, 400);
    moved = true;
    return false;
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(tus.log).toEqual(['POST', 'HEAD', 'PATCH 0 +1000 length=1000', 'HEAD', 'PATCH 400 +600 length=1000']);
  expect(bench.events).toEqual(['open']);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('after a 404 the upload is created again under the same takeId', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  await bench.spool.setUploadUrl('take', `${tus.endpoint}/long-gone`);
  await bench.reload();
  bench.uploader.start();
  await bench.until(opened);
  expect(tus.log.slice(0, 3)).toEqual(['HEAD', 'POST', 'HEAD']);
  expect(tus.uploads.map((upload) => upload.takeId)).toEqual(['take']);
  expect(uploader.status().attempts).toBe(0);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('after a pause no request is sent, and a start resumes the same upload', async () => {
  const { tus, uploader } = bench;
  uploader.start();
  await bench.until(() => count('HEAD') === 1);
  await bench.pass(100); // a slice is pending now
  uploader.pause();
  await bench.record(ENOUGH_BYTES);
  await bench.stop();
  await bench.pass(20_000);
  expect(patches()).toEqual([]);
  expect(bench.timers.pending()).toBe(0);
  uploader.start();
  await bench.until(opened);
  expect(tus.uploads).toHaveLength(1);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('after a pause at any moment no further request is sent', async () => {
  for (let i = 0; i < 12; i++) {
    await bench.close();
    bench = await openUploadBench();
    await bench.record(1000);
    bench.uploader.start();
    for (let turn = 0; turn < i * 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    bench.uploader.pause();
    await bench.pass(60);
    const lines = bench.tus.log.length;
    await bench.pass(200);
    expect(bench.tus.log.length).toBe(lines);
    expect(bench.events).toEqual([]);
  }
});

test('after a pause while tus-js-client prepares an upload nothing is sent, though its start() forgets an abort()', async () => {
  await bench.spool.setUploadUrl('take', `${bench.tus.endpoint}/take`);
  await bench.record(1000);
  for (let microtasks = 0; microtasks < 3; microtasks++) {
    const uploader = await bench.reload();
    uploader.start();
    for (let i = 0; i < microtasks; i++) await Promise.resolve();
    uploader.pause();
  }
  await bench.pass(500);
  expect(bench.tus.log).toEqual([]);
});

test('status and events contain no token', async () => {
  await bench.record(10);
  await bench.stop();
  bench.uploader.start();
  await bench.until(opened);
  expect(JSON.stringify([bench.uploader.status(), bench.events])).not.toContain('secret');
});
