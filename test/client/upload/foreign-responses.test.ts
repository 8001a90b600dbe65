/** Responses that are not the endpoint’s: what a proxy or a captive portal sends to any request means "later". */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { methodOf, respond } from '../../support/tus/scripted-tus.ts';
import { countdown, openUploadBench, type UploadBench } from '../../support/tus/upload-bench.ts';

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
/** A gateway's own problem document, whose code is none of ours. */
const problem = { 'Content-Type': 'application/problem+json' };
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
  [302, html],
  [411, html],
  [414, plain],
  [417, html],
  [431, html],
  [501, html],
  [511, html],
  [403, problem],
  [413, problem],
] as const;
/** What a proxy may mean of the method: the same request is sent as POST, at once. */
const ofMethod: ReadonlySet<number> = new Set([400, 403, 404, 405, 501]);
const cases = ['POST', 'HEAD', 'PATCH'].flatMap((method) =>
  odd.map(([status, headers]) => ({
    method,
    status,
    headers,
    says: 'Content-Type' in headers ? headers['Content-Type'] : '',
  })),
);

test.each(cases)('after $status $says to $method the same upload continues, and no byte is lost', async (given) => {
  const { tus, uploader } = bench;
  let said = 0;
  tus.before = (request, response) => {
    if (methodOf(request) !== given.method || said === 2) return false;
    said += 1;
    const page = given.headers === problem ? '{"status":413,"code":"RequestTooLarge"}' : '<h1>Log in to the hotel</h1>';
    return respond(response, given.status, given.headers, page);
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(opened);
  expect(said).toBe(2);
  const waits = bench.events.filter((event) => /^waiting/.test(event));
  const first = given.method !== 'POST' && ofMethod.has(given.status);
  expect(waits).toEqual([...countdown(2), ...(first ? [] : countdown(4))]);
  expect(bench.events.filter((event) => event.startsWith('refused'))).toEqual([]);
  expect(tus.uploads.map(({ takeId }) => takeId)).toEqual(['take']);
  expect(count('POST')).toBe(given.method === 'POST' ? 3 : 1);
  expect(tus.uploads[0]?.data.equals(bench.recorded())).toBe(true);
});

test('while a proxy sends 502 and HTML no byte is lost, and the same upload continues after a reload', async () => {
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
    if (odd === 1) return respond(response, 502);
    if (odd === 2) return respond(response, 410, { 'Content-Type': 'text/html' });
    if (odd === 3) return respond(response, 200, { 'Content-Type': 'text/html' });
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
    ...countdown(4),
    'uploading',
    ...countdown(8),
    'uploading',
    'open',
  ]);
  expect([count('POST'), tus.uploads.length]).toEqual([1, 1]);
  expect(tus.log.slice(from).filter((line) => line.startsWith('PATCH'))[0]).toMatch(new RegExp(`^PATCH ${before} `));
  expect(uploader.status().sentBytes).toBe(200_000 - before);
  expect(await bench.arrivedWhole()).toBe(true);
});
