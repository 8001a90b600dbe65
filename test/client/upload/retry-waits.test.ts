/** When the next attempt starts, and what the gate shows until then. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hangUp, refuse, respond } from '../../support/tus/scripted-tus.ts';
import { countdown, openUploadBench, type UploadBench } from '../../support/tus/upload-bench.ts';

let bench: UploadBench;
/** What `random` returns. */
let chance: number;
const opened = () => bench.events.at(-1) === 'open';
const count = (line: string) => bench.tus.log.filter((other) => other === line).length;

beforeEach(async () => {
  chance = 0;
  bench = await openUploadBench({ random: () => chance });
});
afterEach(() => bench.close());

test('the waits are 2, 4, 8 s, then `failed` with an attempt every 10 to 15 s; "Retry" attempts at once; a success opens the gate', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  tus.before = hangUp;
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(bench.events).toEqual([
    ...countdown(2),
    'uploading',
    ...countdown(4),
    'uploading',
    ...countdown(8),
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
  expect(await bench.arrivedWhole()).toBe(true);
});

test('where the network returns during an attempt that fails, the next one does not wait', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  tus.before = hangUp;
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  let fail: (() => void) | null = null;
  tus.before = (request) => {
    fail = () => hangUp(request);
    return true;
  };
  await bench.until(() => fail !== null);
  uploader.retryNow();
  tus.before = () => false;
  const since = bench.timers.now();
  (fail as (() => void) | null)?.();
  await bench.until(opened);
  expect(bench.timers.now() - since).toBeLessThan(2_000);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('when the candidate comes to the gate the schedule starts over, at once', async () => {
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

test('an upload that the server never knows does not cause a hot loop', async () => {
  const { tus, uploader } = bench;
  tus.before = (request, response) => (request.method === 'HEAD' ? refuse(response, 404) : false);
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  // Twice as another take, each of which the server creates and does not know either.
  expect(count('POST')).toBe(7);
  expect(tus.uploads.map(({ takeId }) => takeId)).toEqual(['take', 'anew-1', 'anew-2']);
});

test('Retry-After is a lower bound of a wait, and at most 15 s', async () => {
  const { tus, uploader } = bench;
  const asked = ['5', '86400', '1'];
  tus.before = (_request, response) => {
    const wait = asked.shift();
    return wait ? respond(response, 503, { 'Retry-After': wait }) : false;
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

test('a Retry-After that is a date is a lower bound as well', async () => {
  const { tus, uploader } = bench;
  let asked = 0;
  tus.before = (_request, response) =>
    asked++ === 0 && respond(response, 503, { 'Retry-After': new Date(Date.now() + 9000).toUTCString() });
  uploader.start();
  await bench.until(() => bench.events.length > 0);
  // A date has whole seconds: the wait of 9 s begins at 9 or 8, where 2 s would be the first wait without it.
  expect(['waiting 9', 'waiting 8']).toContain(bench.events[0]);
});

test('Retry-After is extended by up to a tenth, so that devices that were sent the same one do not return together', async () => {
  const { tus, uploader } = bench;
  chance = 1;
  let asked = 0;
  tus.before = (_request, response) => asked++ === 0 && respond(response, 429, { 'Retry-After': '10' });
  uploader.start();
  await bench.until(() => bench.events.length > 0);
  expect(bench.events[0]).toBe('waiting 11');
});
