/** What a 404 or 410 leads to: the session is asked for, and never does a second upload come of it. */
import { afterEach, expect, test } from 'vitest';
import type { SessionState } from '../../client/session-state.ts';
import { refuse } from '../support/scripted-tus.ts';
import { openUploadBench, type UploadBench } from '../support/upload-bench.ts';

let bench: UploadBench;
afterEach(() => bench.close());
const opened = () => bench.events.at(-1) === 'open';
const count = (line: string) => bench.tus.log.filter((other) => other === line).length;

/** A take of which 600 bytes arrived before the server forgot the upload; `states` are told one after the other. */
async function openLost(...states: Array<SessionState | Error | 'silence'>): Promise<{ asked: () => number }> {
  let asked = 0;
  bench = await openUploadBench({
    async sessionState() {
      asked += 1;
      const state = states.shift() ?? 'open';
      if (state instanceof Error) throw state;
      return state === 'silence' ? new Promise(() => {}) : state;
    },
  });
  await bench.record(600);
  bench.uploader.start();
  await bench.until(() => bench.uploader.status().ackedBytes === 600);
  await bench.record(400);
  await bench.stop();
  return { asked: () => asked };
}

test.each([
  ['HEAD', 404],
  ['HEAD', 410],
  ['PATCH', 404],
  ['PATCH', 410],
])('%s %i and an open session: created again under the same takeId, once asked', async (method, status) => {
  const { asked } = await openLost('open');
  let lost = 0;
  bench.tus.before = (request, response) => request.method === method && lost++ === 0 && refuse(response, status);
  await bench.reload();
  bench.uploader.start();
  await bench.until(opened);
  expect([lost > 0, asked(), count('POST'), bench.timers.pending()]).toEqual([true, 1, 2, 0]);
  expect(bench.tus.uploads.map(({ takeId }) => takeId)).toEqual(['take']);
  expect(bench.tus.uploads[0]?.data.equals(bench.recorded())).toBe(true);
});

test('a finished session takes it never: said once, nothing is created, the bytes stay', async () => {
  const { asked } = await openLost('finished');
  bench.tus.before = (_request, response) => refuse(response, 404);
  await bench.reload();
  bench.uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  await bench.pass(60_000);
  expect(bench.events).toEqual(['refused session-finished for good', 'failed']);
  expect([asked(), count('POST'), bench.uploader.status().refused]).toEqual([1, 1, true]);
  expect(await bench.spool.size('take')).toBe(1000);
});

test('where the session can’t be asked for, nothing is created: the upload is asked for again, later', async () => {
  const { asked } = await openLost('unknown', new Error('offline'), 'silence', 'open');
  let lost = true;
  bench.tus.before = (request, response) => {
    if (lost && request.method === 'HEAD') return refuse(response, 404);
    if (request.method === 'POST') lost = false;
    return false;
  };
  await bench.reload();
  bench.uploader.start();
  await bench.until(() => asked() === 4);
  expect(count('POST')).toBe(1);
  await bench.until(opened);
  expect(bench.events.filter((event) => /^waiting [248]$/.test(event))).toEqual(
    expect.arrayContaining(['waiting 2', 'waiting 4', 'waiting 8']),
  );
  expect(count('POST')).toBe(2);
  expect(bench.tus.uploads.map(({ takeId }) => takeId)).toEqual(['take']);
});

test('a pause while the session is asked for ends it: nothing is sent, no timer is left', async () => {
  const { asked } = await openLost('silence');
  bench.tus.before = (_request, response) => refuse(response, 404);
  await bench.reload();
  bench.uploader.start();
  await bench.until(() => asked() === 1);
  bench.uploader.pause();
  await bench.pass(20_000);
  expect([bench.timers.pending(), count('POST')]).toEqual([0, 1]);
});
