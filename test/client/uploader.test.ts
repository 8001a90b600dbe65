import { afterEach, beforeEach, expect, test } from 'vitest';
import { ENOUGH_BYTES } from '../../client/growing-source.ts';
import { answer, confirmation, hangUp } from '../support/scripted-tus.ts';
import { openUploadBench, type UploadBench } from '../support/upload-bench.ts';

let bench: UploadBench;
const opened = () => bench.events.at(-1) === 'open';
const patches = () => bench.tus.log.filter((line) => line.startsWith('PATCH'));
const count = (line: string) => bench.tus.log.filter((other) => other === line).length;

beforeEach(async () => {
  bench = await openUploadBench();
});
afterEach(() => bench.close());

async function expectWhole(): Promise<void> {
  expect(bench.tus.uploads.at(-1)?.data.equals(bench.recorded())).toBe(true);
  expect(await bench.spool.get('take')).toBeNull();
}

test('streams while it records; the last bytes carry the length', async () => {
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
  await expectWhole();
});

test('a server that does not tell whether the upload is complete gets the length in an empty PATCH, once', async () => {
  const { tus, uploader } = bench;
  tus.tellsCompletion = false;
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(tus.log).toEqual(['POST', 'HEAD', 'PATCH 0 +1000', 'PATCH 1000 +0 length=1000']);
  await expectWhole();
});

test('a cut in the last data PATCH resumes by HEAD where the server is, at once and without a second creation', async () => {
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
  await expectWhole();
});

test('a proxy that answers 502 and HTML for a while costs no byte: the same upload goes on', async () => {
  const { tus } = bench;
  await bench.record(200_000);
  await bench.spool.setUploadUrl('take', null);
  bench.uploader.start();
  await bench.until(() => bench.uploader.status().ackedBytes > 0);
  bench.uploader.pause();
  const before = tus.uploads[0]?.data.length ?? 0;
  const from = tus.log.length;
  let odd = 0;
  tus.before = (_request, response) => {
    odd += 1;
    if (odd === 1) return answer(response, 502);
    if (odd === 2) return answer(response, 404, { 'Content-Type': 'text/html' });
    if (odd === 3) return answer(response, 200, { 'Content-Type': 'text/html' });
    return false;
  };
  await bench.stop();
  const uploader = await bench.reload();
  uploader.start();
  await bench.until(opened);
  expect(bench.events).toEqual([
    'waiting 2',
    'waiting 1',
    'uploading',
    ...counted(4),
    'uploading',
    ...counted(8),
    'uploading',
    'open',
  ]);
  expect([count('POST'), tus.uploads.length]).toEqual([1, 1]);
  expect(tus.log.slice(from).filter((line) => line.startsWith('PATCH'))[0]).toMatch(new RegExp(`^PATCH ${before} `));
  expect(uploader.status().sentBytes).toBe(200_000 - before);
  await expectWhole();
});

test('404 creates the upload again under the same takeId', async () => {
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
  await expectWhole();
});

test('all bytes there, but not placed: the gate stays shut until ?1', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  tus.completion = () => ({ 'Upload-Complete': '?0' });
  uploader.start();
  await bench.until(() => count('HEAD') >= 4);
  expect(bench.events).toEqual([]);
  tus.completion = () => ({ 'Upload-Complete': '?1' }); // without a digest it proves nothing
  const asked = count('HEAD');
  await bench.until(() => count('HEAD') >= asked + 2);
  expect(opened()).toBe(false);
  tus.completion = confirmation;
  await bench.until(opened);
  expect(patches()).toHaveLength(1);
  await expectWhole();
});

test('another digest does not open the gate: the bytes go again as another take, twice by themselves', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  tus.completion = (upload) => confirmation({ ...upload, data: Buffer.from('other bytes') });
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  await bench.pass(60_000);
  const mismatch = 'refused digest-mismatch';
  expect(bench.events).toEqual([mismatch, mismatch, `${mismatch} for good`, 'failed']);
  expect(tus.uploads.map((upload) => upload.takeId)).toEqual(['take', 'anew-1', 'anew-2']);
  expect((await bench.spool.get('take'))?.bytes).toBe(1000);
  expect(uploader.status().refused).toBe(true);
  tus.completion = confirmation;
  uploader.retryNow();
  await bench.until(opened);
  expect(tus.uploads).toHaveLength(4);
  await expectWhole();
});

test('after a pause no request goes out, and a start resumes the same upload', async () => {
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
  await expectWhole();
});

test('pausing at any moment leaves no request behind', async () => {
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

test('pausing while tus-js-client prepares itself sends nothing: its abort() is forgotten by its own start()', async () => {
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

test('a recorder of many small slices makes about two PATCHes a second, and none is sent for nothing', async () => {
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

test('a 409 on a PATCH asks HEAD at once', async () => {
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
  await expectWhole();
});

test('after a reload an upload that was confirmed meanwhile opens by HEAD alone, the digest rebuilt from the spool', async () => {
  const { tus, uploader } = bench;
  await bench.record(700_000);
  await bench.stop();
  let lost = false;
  tus.before = (request, _response, upload) => {
    if (lost) return hangUp(request);
    if (request.headers['upload-length'] === undefined || !upload) return false;
    upload.length = Number(request.headers['upload-length']);
    request.on('data', (chunk: Buffer) => {
      upload.data = Buffer.concat([upload.data, chunk]);
    });
    request.on('end', () => {
      lost = true;
      request.socket.destroy();
    });
    return true;
  };
  uploader.start();
  await bench.until(() => lost);
  await bench.reload();
  tus.before = () => false;
  const from = tus.log.length;
  bench.uploader.start();
  await bench.until(opened);
  expect(tus.log.slice(from)).toEqual(['HEAD']);
  await expectWhole();
});

test('status and events hold no token', async () => {
  await bench.record(10);
  await bench.stop();
  bench.uploader.start();
  await bench.until(opened);
  expect(JSON.stringify([bench.uploader.status(), bench.events])).not.toContain('secret');
});

/** `waiting` counted down from so many seconds. */
function counted(seconds: number): string[] {
  return Array.from({ length: seconds }, (_, i) => `waiting ${seconds - i}`);
}
