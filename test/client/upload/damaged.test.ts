/** A copy at the server that is beyond repair: the device holds every byte until the confirmation, and sends another one. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DAMAGED_RESPONSES } from '../../../client/upload/events.ts';
import { confirmation, methodOf, refuse, respond, type ScriptedUpload } from '../../support/tus/scripted-tus.ts';
import { openUploadBench, type UploadBench } from '../../support/tus/upload-bench.ts';

let bench: UploadBench;
const opened = () => bench.events.at(-1) === 'open';
const takeIds = () => bench.tus.uploads.map(({ takeId }) => takeId);
const refusals = () => bench.events.filter((event) => event.startsWith('refused'));
const damaged = { code: 'upload-damaged', detail: 'Bytes of this answer are missing here.' };

beforeEach(async () => {
  bench = await openUploadBench();
});
afterEach(() => bench.close());

/** From now on the server lacks bytes of the uploads that `of` names; they keep their offset, and take no data. */
function damage(of: (upload: ScriptedUpload) => boolean): void {
  bench.tus.before = (request, response, upload) =>
    methodOf(request) === 'PATCH' && upload !== undefined && of(upload) && refuse(response, 503, damaged);
}

test('an upload that lost bytes in mid-answer is sent anew as another take, without a word and without a wait', async () => {
  const { tus, uploader } = bench;
  await bench.record(300_000);
  uploader.start();
  await bench.until(() => uploader.status().ackedBytes >= 262_144);
  damage(({ takeId }) => takeId === 'take');
  await bench.record(50_000);
  await bench.stop();
  await bench.until(opened);
  expect(takeIds()).toEqual(['take', 'anew-1']);
  expect(await bench.arrivedWhole()).toBe(true);
  expect([...refusals(), ...bench.events.filter((event) => event.startsWith('waiting'))]).toEqual([]);
  expect(tus.uploads[0]?.data.length, 'the damaged one stays for the admin').toBeGreaterThan(0);
});

test('an upload that lost bytes after its last one was acknowledged is found out by a PATCH without data', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  tus.completion = ({ takeId }) => (takeId === 'take' ? { 'Upload-Complete': '?0' } : confirmed(takeId));
  uploader.start();
  await bench.until(() => tus.uploads[0]?.length === 1000);
  damage(({ takeId }) => takeId === 'take');
  await bench.until(opened);
  expect(tus.log.filter((line) => line.startsWith('PATCH'))).toEqual([
    'PATCH 0 +1000 length=1000',
    'PATCH 1000 +0 length=1000',
    'PATCH 0 +1000 length=1000',
  ]);
  expect(refusals()).toEqual([]);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('a PATCH without data that is answered with the confirmation opens the gate', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  tus.completion = ({ takeId }) => {
    const asked = tus.log.some((line) => line.startsWith('PATCH 1000 +0'));
    return asked ? confirmed(takeId) : { 'Upload-Complete': '?0' };
  };
  uploader.start();
  await bench.until(opened);
  expect(bench.events).toEqual(['open']);
});

test('where every copy loses bytes, two are made unasked; then that is emitted once, and attempts continue slowly', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  damage(() => true);
  uploader.start();
  await bench.until(() => bench.events.at(-1) === 'failed');
  const responses = () => tus.log.filter((line) => line.startsWith('PATCH')).length;
  expect(refusals()).toEqual([]);
  await bench.until(() => responses() >= 3 + DAMAGED_RESPONSES + 3);
  expect(refusals()).toEqual(['refused upload-damaged']);
  expect(uploader.status().refused).toBe(false);
  expect(takeIds()).toEqual(['take', 'anew-1', 'anew-2']);
  await bench.pass(1000);
  uploader.retryNow();
  await bench.until(() => takeIds().length === 4);
  tus.before = () => false;
  await bench.until(opened);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('an admin who repairs the upload meanwhile is not waited for in vain: the latest copy continues', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  damage(() => true);
  uploader.start();
  await bench.until(() => bench.events.at(-1) === 'failed');
  tus.before = () => false;
  await bench.until(opened);
  expect(takeIds()).toEqual(['take', 'anew-1', 'anew-2']);
});

test('an offset that goes back, as after a restored backup, is sent from there', async () => {
  const { tus, uploader } = bench;
  await bench.record(300_000);
  uploader.start();
  await bench.until(() => uploader.status().ackedBytes >= 262_144);
  const upload = tus.uploads[0] as ScriptedUpload;
  upload.data = upload.data.subarray(0, 100_000);
  await bench.record(100_000);
  await bench.stop();
  await bench.until(opened);
  expect(takeIds()).toEqual(['take']);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('an offset beyond what the device recorded is another recording: sent anew at once, while the take still grows', async () => {
  const { tus, uploader } = bench;
  await bench.record(100_000);
  uploader.start();
  await bench.until(() => uploader.status().ackedBytes === 100_000);
  const upload = tus.uploads[0] as ScriptedUpload;
  upload.data = Buffer.alloc(900_000);
  await bench.record(70_000);
  await bench.until(() => takeIds().length === 2);
  await bench.stop();
  await bench.until(opened);
  expect(takeIds()).toEqual(['take', 'anew-1']);
  expect(await bench.arrivedWhole()).toBe(true);
});

test('another failure in between starts the count of such responses over', async () => {
  const { tus, uploader } = bench;
  await bench.record(1000);
  await bench.stop();
  let patches = 0;
  tus.before = (request, response) => {
    if (methodOf(request) !== 'PATCH' || patches === 14) return false;
    patches += 1;
    return patches % DAMAGED_RESPONSES === 0 ? respond(response, 502) : refuse(response, 503, damaged);
  };
  uploader.start();
  await bench.until(opened);
  expect(patches).toBe(14);
  expect(refusals()).toEqual([]);
});

function confirmed(takeId: string): Record<string, string> {
  const upload = bench.tus.uploads.find((other) => other.takeId === takeId) as ScriptedUpload;
  return confirmation(upload);
}
