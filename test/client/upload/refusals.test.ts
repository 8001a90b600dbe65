/** What the server refuses: emitted once, and final or not. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { refuse } from '../../support/tus/scripted-tus.ts';
import { openUploadBench, type UploadBench } from '../../support/tus/upload-bench.ts';

let bench: UploadBench;
const opened = () => bench.events.at(-1) === 'open';

beforeEach(async () => {
  bench = await openUploadBench();
});
afterEach(() => bench.close());

test('a 401 is emitted and attempts continue: with a restored token the same upload continues', async () => {
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

test.each(['PATCH', 'HEAD', 'POST'])('403 session-finished to %s is final, and the bytes stay', async (method) => {
  const { tus, uploader } = bench;
  const problem = { code: 'session-finished', detail: 'Nothing can be added to a finished session.' };
  let cut = method === 'HEAD';
  tus.before = (request, response) => {
    if (request.method === 'PATCH' && cut) {
      cut = false;
      return refuse(response, 409, { code: 'offset-conflict', detail: 'Ask with HEAD where to go on.' });
    }
    return request.method === method && refuse(response, 403, problem);
  };
  await bench.record(1000);
  await bench.stop();
  uploader.start();
  await bench.until(() => bench.events.includes('failed'));
  expect(bench.events.filter((event) => event.startsWith('refused'))).toEqual(['refused session-finished for good']);
  expect((await bench.spool.get('take'))?.bytes).toBe(1000);
});

test('a final refusal stops the attempts and keeps the bytes; "Retry" causes one attempt', async () => {
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
