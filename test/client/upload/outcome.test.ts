/**
 * What a failure really means: after a 404 or 410 the session is asked for, and no second upload is created; a take
 * whose bytes the device lost is refused once, instead of being attempted for ever.
 */
import { afterEach, expect, test } from 'vitest';
import type { SessionState } from '../../../client/upload/outcome.ts';
import { refuse } from '../../support/tus/scripted-tus.ts';
import { openUploadBench, type UploadBench } from '../../support/tus/upload-bench.ts';

let bench: UploadBench;
afterEach(() => bench.close());
const opened = () => bench.events.at(-1) === 'open';
const count = (line: string) => bench.tus.log.filter((other) => other === line).length;

/** A take of which 600 bytes arrived before the server forgot the upload; `states` are returned one after the other. */
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
])(
  '%s %i and an open session: created again under the same takeId, once the session was asked for',
  async (method, status) => {
    const { asked } = await openLost('open');
    let lost = 0;
    bench.tus.before = (request, response) => request.method === method && lost++ === 0 && refuse(response, status);
    await bench.reload();
    bench.uploader.start();
    await bench.until(opened);
    expect([lost > 0, asked(), count('POST'), bench.timers.pending()]).toEqual([true, 1, 2, 0]);
    expect(bench.tus.uploads.map(({ takeId }) => takeId)).toEqual(['take']);
    expect(bench.tus.uploads[0]?.data.equals(bench.recorded())).toBe(true);
  },
);

test('in a finished session the refusal is emitted once, nothing is created, and the bytes stay', async () => {
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

test('where the session’s state is unknown nothing is created: the upload is asked for again, later', async () => {
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

test('after a pause while the session is asked for nothing is sent, and no timer is left', async () => {
  const { asked } = await openLost('silence');
  bench.tus.before = (_request, response) => refuse(response, 404);
  await bench.reload();
  bench.uploader.start();
  await bench.until(() => asked() === 1);
  bench.uploader.pause();
  await bench.pass(20_000);
  expect([bench.timers.pending(), count('POST')]).toEqual([0, 1]);
});

const refusals = () => bench.events.filter((event) => event.startsWith('refused'));

/** 600 bytes of the take have arrived, and more is recorded. */
async function openHalfSent(): Promise<void> {
  bench = await openUploadBench();
  await bench.record(600);
  bench.uploader.start();
  await bench.until(() => bench.uploader.status().ackedBytes === 600);
  bench.uploader.pause();
  await bench.record(400);
  await bench.stop();
}

test('a take that was deleted with the browser’s data is refused for good, and no attempt follows', async () => {
  await openHalfSent();
  await bench.spool.forget('take');
  bench.uploader.start();
  await bench.until(() => bench.events.at(-1) === 'failed');
  const { attempts } = bench.uploader.status();
  await bench.pass(60_000);
  expect(refusals()).toEqual(['refused take-lost for good']);
  expect([bench.uploader.status().attempts, bench.uploader.status().refused]).toEqual([attempts, true]);
  expect(bench.tus.uploads[0]?.data.length).toBe(600);
});

test('a take whose record is in memory, and whose bytes were deleted, is refused for good', async () => {
  await openHalfSent();
  const record = await bench.spool.get('take');
  await bench.spool.forget('take');
  Object.assign(bench.spool, { get: async () => record, size: async () => record?.bytes });
  bench.uploader.start();
  await bench.until(() => bench.events.at(-1) === 'failed');
  expect(refusals()).toEqual(['refused take-lost for good']);
});

test('a store that cannot be read for a while has lost nothing', async () => {
  await openHalfSent();
  const { get, read, size } = bench.spool;
  let asked = 0;
  const refuse = () => {
    asked += 1;
    return Promise.reject(new DOMException('The connection was closed', 'InvalidStateError'));
  };
  Object.assign(bench.spool, { get: refuse, read: refuse, size: refuse });
  bench.uploader.start();
  await bench.until(() => bench.events.at(-1) === 'failed');
  expect(asked).toBeGreaterThan(0);
  Object.assign(bench.spool, { get, read, size });
  await bench.until(() => bench.events.at(-1) === 'open');
  expect(refusals()).toEqual([]);
  expect(bench.tus.uploads[0]?.data.equals(bench.recorded())).toBe(true);
});
