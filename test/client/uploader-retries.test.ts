import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { STALL_MS } from '../../client/watchdog.ts';
import { answer, confirmation, hangUp, refuse } from '../support/scripted-tus.ts';
import { openUploadBench, type UploadBench } from '../support/upload-bench.ts';

let bench: UploadBench;
/** What the devices' dice show. */
let chance: number;
const opened = () => bench.events.at(-1) === 'open';
const patches = () => bench.tus.log.filter((line) => line.startsWith('PATCH'));
const count = (line: string) => bench.tus.log.filter((other) => other === line).length;

beforeEach(async () => {
  chance = 0;
  bench = await openUploadBench({ random: () => chance });
});
afterEach(() => bench.close());

async function expectWhole(): Promise<void> {
  expect(bench.tus.uploads.at(-1)?.data.equals(bench.recorded())).toBe(true);
  expect(await bench.spool.get('take')).toBeNull();
}

test('an upload that is gone for ever does not become a hot loop', async () => {
  const { tus, uploader } = bench;
  tus.before = (request, response) => (request.method === 'HEAD' ? refuse(response, 404) : false);
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(count('POST')).toBe(5);
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
  expect(patches()).toHaveLength(1);
  tus.completion = confirmation;
  await bench.until(opened);
});

test('waits of 2, 4, 8 s, then failed, then every 10 to 15 s; Retry tries at once; a success opens', async () => {
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
  await bench.pass(9900);
  expect(tus.log).toHaveLength(4);
  await bench.pass(200);
  expect(tus.log).toHaveLength(5);
  chance = 1;
  await bench.pass(10_100);
  expect(tus.log).toHaveLength(6);
  await bench.pass(14_600);
  expect(tus.log).toHaveLength(6);
  await bench.pass(29_000);
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

test('Retry-After is stretched by up to a tenth, so that those who were told the same come apart', async () => {
  const { tus, uploader } = bench;
  chance = 1;
  let asked = 0;
  tus.before = (_request, response) => asked++ === 0 && answer(response, 429, { 'Retry-After': '10' });
  uploader.start();
  await bench.until(() => bench.events.length > 0);
  expect(bench.events[0]).toBe('waiting 11');
});

test('a connection that goes silent is given up after 15 s; waiting for data is no silence', async () => {
  const { tus, uploader } = bench;
  uploader.start();
  await bench.until(() => count('HEAD') === 1);
  await bench.pass(4 * STALL_MS);
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
  // The server answers on another connection: there is nothing to wait for.
  expect(bench.events).toEqual(['open']);
  expect(count('OPTIONS')).toBeGreaterThan(0);
  await expectWhole();
});

test('a way that carries every small request and no body shows the waits and fails, and opens once it carries bodies', async () => {
  const { tus, uploader } = bench;
  let swallows = true;
  tus.before = (request) => {
    if (request.method !== 'PATCH' || !swallows) return false;
    request.pause();
    return true;
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  const waits = [...counted(2), 'uploading', ...counted(4), 'uploading', ...counted(8), 'uploading', 'failed'];
  expect(bench.events).toEqual(waits);
  // Once at once, since the server answers on another connection; then with the waits.
  expect(patches()).toHaveLength(5);
  expect(count('OPTIONS')).toBeGreaterThan(4);
  swallows = false;
  await bench.until(opened);
  expect(count('POST')).toBe(1);
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
  await bench.until(opened);
  expect(bench.events).toEqual(['open']); // no wait, and long before the watchdog
});

test('401 is told and tried on: a restored token goes on with the same upload', async () => {
  const { tus, uploader } = bench;
  let revoked = true;
  const problem = { code: 'token-revoked', detail: 'The link no longer holds.' };
  tus.before = (_request, response) => revoked && refuse(response, 401, problem);
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
  const problem = { code: 'answer-too-large', detail: 'Too large.' };
  tus.before = (request, response) => request.method === 'PATCH' && refuse(response, 413, problem);
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

/** `waiting` counted down from so many seconds. */
function counted(seconds: number): string[] {
  return Array.from({ length: seconds }, (_, i) => `waiting ${seconds - i}`);
}
