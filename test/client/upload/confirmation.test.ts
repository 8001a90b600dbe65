/** The gate opens only when the server confirmed the whole answer with a digest equal to the device’s own. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { confirmation, hangUp } from '../../support/tus/scripted-tus.ts';
import { countdown, openUploadBench, type UploadBench } from '../../support/tus/upload-bench.ts';

let bench: UploadBench;
const opened = () => bench.events.at(-1) === 'open';
const patches = () => bench.tus.log.filter((line) => line.startsWith('PATCH'));
const count = (line: string) => bench.tus.log.filter((other) => other === line).length;

beforeEach(async () => {
  bench = await openUploadBench();
});
afterEach(() => bench.close());

test('an answer whose bytes arrived, but which is not placed, keeps the gate shut until Upload-Complete: ?1', async () => {
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
  expect(await bench.arrivedWhole()).toBe(true);
});

test('while the server does not confirm, the gate shows the waits, no byte is sent again, and HEADs continue', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  tus.completion = () => ({ 'Upload-Complete': '?0' });
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(bench.events.filter((event) => event.startsWith('waiting'))).toEqual([
    ...countdown(2),
    ...countdown(4),
    ...countdown(8),
  ]);
  const [first, ...later] = patches();
  expect(first).toBe('PATCH 0 +1000 length=1000');
  // A PATCH without data is told why the answer is not placed, where HEAD is not.
  expect(new Set(later)).toEqual(new Set(['PATCH 1000 +0 length=1000']));
  tus.completion = confirmation;
  await bench.until(opened);
});

test('another digest does not open the gate: the bytes are sent again as another take, twice unasked', async () => {
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
  expect(await bench.arrivedWhole()).toBe(true);
});

test('after a reload the gate of an upload that was placed meanwhile opens by HEAD alone, with a digest rebuilt from the spool', async () => {
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
  expect(await bench.arrivedWhole()).toBe(true);
});

test('a start while the spool still forgets a confirmed take makes no further attempt', async () => {
  const { tus, uploader, spool } = bench;
  const { forget } = spool;
  let forgotten = () => {};
  spool.forget = (takeId) => new Promise<void>((resolve) => (forgotten = resolve)).then(() => forget(takeId));
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(() => uploader.status().sha256 !== null);
  const asked = tus.log.length;
  uploader.start();
  await bench.pass(2000);
  expect([tus.log.length, uploader.status().attempts, opened()]).toEqual([asked, 1, false]);
  forgotten();
  await bench.until(opened);
});
