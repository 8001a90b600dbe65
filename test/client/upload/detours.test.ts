/** Proxies that take no PATCH, no HEAD or no large body: the same upload continues on another way, and remembers it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDetour, LEAST_BODY_BYTES } from '../../../client/upload/detour.ts';
import { MAX_PATCH_BYTES } from '../../../client/upload/throughput.ts';
import { methodOf, respond } from '../../support/tus/scripted-tus.ts';
import { openUploadBench, type UploadBench } from '../../support/tus/upload-bench.ts';

let bench: UploadBench;
const opened = () => bench.events.at(-1) === 'open';
const html = { 'Content-Type': 'text/html' };

beforeEach(async () => {
  bench = await openUploadBench();
});
afterEach(() => bench.close());

test.each([405, 501, 404, 403, 400])(
  'a proxy that answers %d to PATCH gets POST in its place, from then on',
  async (status) => {
    const { tus, uploader } = bench;
    tus.before = (request, response) => request.method === 'PATCH' && respond(response, status, html, '<h1>No</h1>');
    await bench.record(100_000);
    uploader.start();
    await bench.until(() => uploader.status().ackedBytes === 100_000);
    await bench.record(70_000);
    await bench.stop();
    await bench.until(opened);
    expect(
      tus.log.filter((line) => line.startsWith('PATCH')),
      'one try in vain',
    ).toHaveLength(1);
    expect(tus.log.filter((line) => line.startsWith('POST/PATCH')).length).toBeGreaterThanOrEqual(2);
    expect(bench.events).toEqual(['open']);
    expect([uploader.status().obstacle, await bench.arrivedWhole()]).toEqual([null, true]);
  },
);

test('a proxy that knows GET and POST alone is passed from the first HEAD on, also by the HEADs of the confirmation', async () => {
  const { tus, uploader } = bench;
  tus.before = (request, response) => request.method !== 'POST' && respond(response, 405, html);
  let asked = 0;
  const { completion } = tus;
  tus.completion = (upload) => (asked++ < 3 ? { 'Upload-Complete': '?0' } : completion(upload));
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(tus.log.filter((line) => line === 'HEAD' || line.startsWith('PATCH'))).toEqual(['HEAD']);
  expect(bench.events).toEqual(['open']);
});

test('where PATCHes die without a response while HEAD is answered, POST is tried after the second', async () => {
  const { tus, uploader } = bench;
  tus.before = (request) => {
    if (request.method === 'PATCH') request.socket.destroy();
    return request.method === 'PATCH';
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(tus.log.filter((line) => line.startsWith('PATCH'))).toHaveLength(2);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('a proxy that takes the method’s header away: the straight way is taken again, and the upload is not renewed', async () => {
  const { tus, uploader } = bench;
  let cuts = 0;
  tus.before = (request, response) => {
    if (request.method === 'PATCH' && cuts++ < 2) return Boolean(request.socket.destroy());
    // What our server answers to a POST to an upload.
    const problem = { 'Content-Type': 'application/problem+json', 'Tus-Resumable': '1.0.0' };
    const bare = request.method === 'POST' && methodOf(request) !== 'POST';
    return bare && respond(response, 404, problem, JSON.stringify({ code: 'not-found', status: 404 }));
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(tus.log.filter((line) => line.startsWith('POST') && !line.startsWith('POST/'))).toHaveLength(1);
  expect(tus.log.filter((line) => line.startsWith('PATCH'))).toHaveLength(3);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('where neither way passes, the status is what is in the way, until bytes move', async () => {
  const { tus, uploader } = bench;
  tus.before = (request, response) => methodOf(request) === 'PATCH' && respond(response, 405, html);
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(uploader.status()).toMatchObject({ obstacle: 405, refused: false, unanswered: false });
  expect(tus.log).toContain('POST/PATCH 0 +1000 length=1000');
  expect(bench.events.filter((event) => event.startsWith('refused'))).toEqual([]);
  tus.before = () => false;
  await bench.until(opened);
  expect(uploader.status().obstacle).toBe(null);
});

test.each([
  [200, 200],
  [511, 511],
  [413, 413],
  [502, null],
  [429, null],
])('%d of a proxy to everything is told as the obstacle %s', async (status, obstacle) => {
  const { tus, uploader } = bench;
  tus.before = (_request, response) => respond(response, status, html, '<h1>Log in to the hotel</h1>');
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(uploader.status().obstacle).toBe(obstacle);
});

test.each([800_000, 100_000, 17_000])(
  'a proxy that takes bodies of %d bytes at most gets smaller ones, at once',
  async (limit) => {
    const { tus, uploader } = bench;
    let refused = 0;
    tus.before = (request, response) => {
      const tooLarge = Number(request.headers['content-length']) > limit;
      if (tooLarge) refused += 1;
      return tooLarge && respond(response, 413, html, '<h1>413 Request Entity Too Large</h1>');
    };
    await bench.record(2_000_000);
    await bench.stop();
    uploader.start();
    await bench.until(opened);
    expect(bench.events).toEqual(['open']);
    expect(refused).toBeLessThan(12);
    expect(await bench.arrivedWhole()).toBe(true);
  },
);

test('below 16 KB a body is made no smaller: the waits are shown, and nothing is refused for good', async () => {
  const { tus, uploader } = bench;
  tus.before = (request, response) =>
    Number(request.headers['content-length']) > 10_000 && respond(response, 413, html);
  await bench.record(500_000);
  await bench.stop();
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(uploader.status()).toMatchObject({ obstacle: 413, refused: false });
  expect(tus.log.filter((line) => line.startsWith('PATCH')).length).toBeLessThan(12);
  tus.before = () => false;
  await bench.until(opened);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('the size grows again slowly, and more slowly after each refusal', () => {
  const detour = createDetour();
  const limit = 100_000;
  const refusedAfter: number[] = [];
  for (let sent = 0; sent < 2000; sent++) {
    const bytes = detour.maxBodyBytes();
    if (bytes <= limit) detour.passed(bytes);
    else {
      refusedAfter.push(sent);
      detour.lost({ method: 'PATCH', status: 413, bytes });
    }
  }
  expect(refusedAfter.length).toBeLessThan(12);
  expect(detour.maxBodyBytes()).toBeGreaterThan(limit / 2);
  for (let sent = 0; sent < 20_000; sent++) detour.passed(detour.maxBodyBytes());
  expect(detour.maxBodyBytes(), 'on another network the size is the largest again').toBe(MAX_PATCH_BYTES);
});

test('a body of 16 KB or less that is refused as too large changes nothing', () => {
  const detour = createDetour();
  expect(detour.lost({ method: 'PATCH', status: 413, bytes: LEAST_BODY_BYTES })).toBe(false);
  expect(detour.maxBodyBytes()).toBe(MAX_PATCH_BYTES);
});
