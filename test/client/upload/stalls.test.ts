/** Requests that fall silent: given up after a while, or at once where the device has another network. */
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { STALL_MS } from '../../../client/upload/stall-watchdog.ts';
import { methodOf } from '../../support/tus/scripted-tus.ts';
import { countdown, openUploadBench, type UploadBench } from '../../support/tus/upload-bench.ts';

let bench: UploadBench;
const opened = () => bench.events.at(-1) === 'open';
const count = (line: string) => bench.tus.log.filter((other) => other === line).length;

beforeEach(async () => {
  bench = await openUploadBench();
});
afterEach(() => bench.close());

test('a connection that falls silent is given up after 15 s; a wait for data does not count as silence', async () => {
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
  expect(await bench.arrivedWhole()).toBe(true);
});

test('on a network that passes small requests and drops bodies the gate shows the waits and `failed`, and opens once bodies pass', async () => {
  const { tus, uploader } = bench;
  let swallows = true;
  tus.before = (request) => {
    if (methodOf(request) !== 'PATCH' || !swallows) return false;
    request.pause();
    return true;
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  const waits = [...countdown(2), 'uploading', ...countdown(4), 'uploading', ...countdown(8), 'uploading', 'failed'];
  expect(bench.events).toEqual(waits);
  // Once at once, since the server answers on another connection; once as POST; then with the waits.
  expect(tus.log.filter((line) => line.includes('PATCH'))).toHaveLength(6);
  expect(count('OPTIONS')).toBeGreaterThan(4);
  swallows = false;
  await bench.until(opened);
  expect(count('POST')).toBe(1);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('a creation and a HEAD without a response are given up after 15 s as well', async () => {
  const { tus, uploader } = bench;
  let silent = 2;
  tus.before = (request) => (request.method === (silent === 2 ? 'POST' : 'HEAD') && silent > 0 ? silent-- > 0 : false);
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(bench.timers.now()).toBeGreaterThan(2 * STALL_MS);
  expect([count('POST'), count('HEAD')]).toEqual([2, 2]);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('when the network returns an attempt starts at once, even where a request hangs', async () => {
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
