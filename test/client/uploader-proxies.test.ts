/** Answers that are not the endpoint's: whatever a proxy or a hotel says to whichever request, it is "later". */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DAMAGED_ANSWERS } from '../../client/upload-news.ts';
import { answer, refuse } from '../support/scripted-tus.ts';
import { openUploadBench, type UploadBench } from '../support/upload-bench.ts';

let bench: UploadBench;
const opened = () => bench.events.at(-1) === 'open';
const count = (line: string) => bench.tus.log.filter((other) => other === line).length;

beforeEach(async () => {
  bench = await openUploadBench();
});
afterEach(() => bench.close());

const html = { 'Content-Type': 'text/html; charset=utf-8' };
/** Traefik's `404 page not found`, a hotspot's 403; Envoy's 404 and a load balancer's 400 have no body, and no type. */
const plain = { 'Content-Type': 'text/plain; charset=utf-8' };
const odd = [
  [502, {}],
  [503, {}],
  [504, {}],
  [429, { 'Retry-After': '1' }],
  [408, {}],
  [502, html],
  [503, html],
  [429, html],
  [200, html],
  [401, html],
  [403, html],
  [404, html],
  [405, html],
  [413, html],
  [400, {}],
  [401, {}],
  [403, plain],
  [404, plain],
  [404, {}],
  [405, plain],
  [409, {}],
  [410, plain],
  [413, {}],
] as const;
const cases = ['POST', 'HEAD', 'PATCH'].flatMap((method) =>
  odd.map(([status, headers]) => ({
    method,
    status,
    headers,
    says: 'Content-Type' in headers ? headers['Content-Type'] : '',
  })),
);

test.each(cases)('$status $says to $method: the same upload goes on, and no byte is lost', async (given) => {
  const { tus, uploader } = bench;
  let said = 0;
  tus.before = (request, response) => {
    if (request.method !== given.method || said === 2) return false;
    said += 1;
    return answer(response, given.status, given.headers, '<h1>Log in to the hotel</h1>');
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(said).toBe(2);
  const waits = bench.events.filter((event) => /^waiting/.test(event));
  expect(waits).toEqual(['waiting 2', 'waiting 1', 'waiting 4', 'waiting 3', 'waiting 2', 'waiting 1']);
  expect(bench.events.filter((event) => event.startsWith('refused'))).toEqual([]);
  expect(tus.uploads.map(({ takeId }) => takeId)).toEqual(['take']);
  expect(count('POST')).toBe(given.method === 'POST' ? 3 : 1);
  expect(tus.uploads[0]?.data.equals(bench.recorded())).toBe(true);
});

test('a server that lacks bytes of the upload is told of after five answers, once, and tried on slowly', async () => {
  const { tus, uploader } = bench;
  const problem = JSON.stringify({ code: 'upload-damaged', detail: 'Bytes of this answer are missing here.' });
  let damaged = 0;
  tus.before = (request, response) => {
    if (request.method !== 'PATCH' || damaged === 8) return false;
    damaged += 1;
    return answer(response, 503, { 'Content-Type': 'application/problem+json', 'Retry-After': '5' }, problem);
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(() => damaged === DAMAGED_ANSWERS - 1);
  await bench.until(() => bench.events.at(-1) === 'failed');
  expect(bench.events.join()).not.toContain('refused');
  await bench.until(() => damaged === 8);
  expect(bench.events.filter((event) => event.startsWith('refused'))).toEqual(['refused upload-damaged']);
  expect(uploader.status().refused).toBe(false);
  await bench.until(opened);
  expect([count('POST'), tus.uploads.length]).toEqual([1, 1]);
});

test('other answers in between start the count over', async () => {
  const { tus, uploader } = bench;
  const problem = { code: 'upload-damaged', detail: '' };
  let patches = 0;
  tus.before = (request, response) => {
    if (request.method !== 'PATCH' || patches === 12) return false;
    patches += 1;
    return patches % DAMAGED_ANSWERS === 0 ? answer(response, 502) : refuse(response, 503, problem);
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(patches).toBe(12);
  expect(bench.events.join()).not.toContain('refused');
});
