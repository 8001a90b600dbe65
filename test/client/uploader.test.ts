import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MIN_PATCH_BYTES } from '../../client/growing-source.ts';
import { STALL_MS } from '../../client/watchdog.ts';
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

test('streams while it records; the last PATCH is empty and carries the length', async () => {
  const { tus, uploader } = bench;
  uploader.start();
  await bench.record(MIN_PATCH_BYTES);
  await bench.until(() => tus.uploads[0]?.data.length === MIN_PATCH_BYTES);
  expect(uploader.status().ackedBytes).toBeLessThanOrEqual(MIN_PATCH_BYTES);
  await bench.record(100);
  await bench.stop();
  await bench.until(opened);
  const total = MIN_PATCH_BYTES + 100;
  expect(tus.log).toEqual([
    'POST',
    'HEAD',
    `PATCH 0 +${MIN_PATCH_BYTES}`,
    `PATCH ${MIN_PATCH_BYTES} +100`,
    `PATCH ${total} +0 length=${total}`,
  ]);
  expect(bench.events).toEqual(['open']);
  expect(uploader.status()).toMatchObject({ ackedBytes: total, sentBytes: total, resentBytes: 0, attempts: 1 });
  await expectWhole();
});

test('a cut in the last data PATCH resumes by HEAD where the server is, at once and without a second creation', async () => {
  const { tus, uploader } = bench;
  uploader.start();
  await bench.record(MIN_PATCH_BYTES);
  await bench.until(() => uploader.status().ackedBytes === MIN_PATCH_BYTES);
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
  expect(kept).toBeGreaterThan(MIN_PATCH_BYTES);
  expect([count('POST'), count('HEAD'), tus.uploads.length]).toEqual([1, 2, 1]);
  expect(patches()[2]).toMatch(new RegExp(`^PATCH ${kept} \\+`));
  expect(patches().at(-1)).toBe(`PATCH ${MIN_PATCH_BYTES + 300_000} +0 length=${MIN_PATCH_BYTES + 300_000}`);
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

test('an upload that is gone for ever does not become a hot loop', async () => {
  const { tus, uploader } = bench;
  tus.before = (request, response) => (request.method === 'HEAD' ? answer(response, 404) : false);
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(count('POST')).toBe(5);
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
  expect(patches()).toHaveLength(2);
  await expectWhole();
});

test('a server that never confirms shows the waits, sends nothing again, and is asked on', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  tus.completion = () => ({ 'Upload-Complete': '?0' });
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(bench.events.filter((event) => event.startsWith('waiting'))).toEqual([
    ...counted(2),
    ...counted(4),
    ...counted(8),
  ]);
  expect(patches()).toHaveLength(2);
  tus.completion = confirmation;
  await bench.until(opened);
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

test('waits of 2, 4, 8 s, then failed, then every 15 s; Retry tries at once; a success opens', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  tus.before = hangUp;
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(bench.events).toEqual([
    ...counted(2),
    'uploading',
    ...counted(4),
    'uploading',
    ...counted(8),
    'uploading',
    'failed',
  ]);
  expect(tus.log).toHaveLength(4);
  await bench.pass(14_900);
  expect(tus.log).toHaveLength(4);
  await bench.pass(200);
  expect(tus.log).toHaveLength(5);
  await bench.pass(45_100);
  expect(tus.log).toHaveLength(8);
  expect(bench.events.at(-1)).toBe('failed');
  uploader.retryNow();
  await bench.until(() => tus.log.length === 9);
  await bench.until(() => bench.events.at(-1) === 'failed');
  expect(bench.events.slice(-3)).toEqual(['failed', 'uploading', 'failed']);
  tus.before = () => false;
  await bench.until(opened);
  await expectWhole();
});

test('the stop starts the schedule over, at once', async () => {
  const { tus, uploader } = bench;
  tus.before = hangUp;
  await bench.record(1000);
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  await bench.stop();
  const from = bench.events.length;
  uploader.hurry();
  await bench.until(() => bench.events.length > from + 3);
  expect(bench.events.slice(from, from + 4)).toEqual(['uploading', 'waiting 2', 'waiting 1', 'uploading']);
});

test('Retry-After is a lower bound, and bounded itself', async () => {
  const { tus, uploader } = bench;
  const asked = ['5', '86400', '1'];
  tus.before = (_request, response) => {
    const wait = asked.shift();
    return wait ? answer(response, 503, { 'Retry-After': wait }) : false;
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  const firsts = bench.events.filter(
    (event, i) => event.startsWith('waiting') && !bench.events[i - 1]?.startsWith('waiting'),
  );
  expect(firsts).toEqual(['waiting 5', 'waiting 15', 'waiting 8']);
});

test('a connection that goes silent is given up after 15 s; waiting for data is no silence', async () => {
  const { tus, uploader } = bench;
  uploader.start();
  await bench.until(() => count('HEAD') === 1);
  await bench.pass(10 * STALL_MS);
  expect(bench.events).toEqual([]);
  let swallowed = 0;
  const swallow = (request: IncomingMessage) => {
    swallowed += 1;
    request.pause();
    return true;
  };
  tus.before = (request) => request.method === 'PATCH' && swallowed === 0 && swallow(request);
  await bench.record(1000);
  await bench.stop();
  await bench.until(() => swallowed === 1);
  await bench.pass(STALL_MS - 1000);
  expect(bench.events).toEqual([]);
  await bench.until(opened);
  expect(bench.events).toEqual([...counted(2), 'uploading', 'open']);
  await expectWhole();
});

test('a creation and a HEAD that get no answer are given up after 15 s as well', async () => {
  const { tus, uploader } = bench;
  let silent = 2;
  tus.before = (request) => (request.method === (silent === 2 ? 'POST' : 'HEAD') && silent > 0 ? silent-- > 0 : false);
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(bench.timers.now()).toBeGreaterThan(2 * STALL_MS);
  expect([count('POST'), count('HEAD')]).toEqual([2, 2]);
  await expectWhole();
});

test('a way that came back is tried at once, even where a request hangs', async () => {
  const { tus, uploader } = bench;
  let hung = false;
  tus.before = (request) => {
    if (request.method !== 'HEAD' || hung) return false;
    hung = true;
    return true;
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(() => hung);
  uploader.retryNow(); // a request that young is left alone
  await bench.pass(6000);
  expect(count('HEAD')).toBe(1);
  uploader.retryNow();
  await bench.pass(1000);
  expect(opened()).toBe(true);
  expect(bench.events).toEqual(['open']);
});

test('after a pause no request goes out, and a start resumes the same upload', async () => {
  const { tus, uploader } = bench;
  uploader.start();
  await bench.until(() => count('HEAD') === 1);
  await bench.pass(100); // a slice is pending now
  uploader.pause();
  await bench.record(MIN_PATCH_BYTES);
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

test('a slow recorder makes few PATCHes: data waits for company, nothing is sent empty', async () => {
  const { tus, uploader } = bench;
  uploader.start();
  await bench.until(() => count('HEAD') === 1);
  for (let i = 0; i < 20; i++) {
    await bench.record(200);
    await bench.pass(500);
  }
  await bench.stop();
  await bench.until(opened);
  expect(patches().length).toBeLessThanOrEqual(12);
  expect(patches().filter((line) => line.includes(' +0'))).toHaveLength(1);
  expect(tus.uploads[0]?.data.length).toBe(4000);
});

test('401 is told and tried on: a restored token goes on with the same upload', async () => {
  const { tus, uploader } = bench;
  let revoked = true;
  const problem = JSON.stringify({ code: 'token-revoked', detail: 'The link no longer holds.' });
  tus.before = (_request, response) =>
    revoked ? answer(response, 401, { 'Content-Type': 'application/problem+json' }, problem) : false;
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(bench.events.filter((event) => event.startsWith('refused'))).toEqual(['refused token-revoked']);
  revoked = false;
  await bench.until(opened);
  expect(tus.uploads).toHaveLength(1);
});

test('a final refusal stops the tries and keeps the bytes; Retry tries once', async () => {
  const { tus, uploader } = bench;
  const problem = JSON.stringify({ code: 'answer-too-large', detail: 'Too large.' });
  tus.before = (request, response) => (request.method === 'PATCH' ? answer(response, 413, {}, problem) : false);
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  const asked = tus.log.length;
  await bench.pass(60_000);
  expect(bench.events).toEqual(['refused answer-too-large for good', 'failed']);
  expect(tus.log).toHaveLength(asked);
  expect(uploader.status()).toMatchObject({ refused: true, lastFailure: 'Too large.' });
  uploader.retryNow();
  await bench.until(() => tus.log.length === asked + 2);
  await bench.until(() => bench.events.at(-1) === 'failed');
  expect((await bench.spool.get('take'))?.bytes).toBe(1000);
  tus.before = () => false;
  uploader.retryNow();
  await bench.until(opened);
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
  expect(tus.log).toEqual(['POST', 'HEAD', 'PATCH 0 +1000', 'HEAD', 'PATCH 400 +600', 'PATCH 1000 +0 length=1000']);
  expect(bench.events).toEqual(['open']);
  await expectWhole();
});

test('after a reload an upload that was confirmed meanwhile opens by HEAD alone, the digest rebuilt from the spool', async () => {
  const { tus, uploader } = bench;
  await bench.record(700_000);
  await bench.stop();
  let lost = false;
  tus.before = (request, _response, upload) => {
    if (request.headers['upload-length'] === undefined || lost || !upload) return false;
    lost = true;
    upload.length = upload.data.length;
    request.socket.destroy();
    return true;
  };
  uploader.start();
  await bench.until(() => lost);
  const from = tus.log.length;
  (await bench.reload()).start();
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
