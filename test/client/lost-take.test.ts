/** A take whose bytes the device has lost is said to be lost, once, instead of being tried for ever. */
import { afterEach, expect, test } from 'vitest';
import { openUploadBench, type UploadBench } from '../support/upload-bench.ts';

let bench: UploadBench;
afterEach(() => bench.close());
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

test('the browser’s data was deleted: said for good, and no try follows', async () => {
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

test('so it is where its record was saved into memory, and its bytes were not', async () => {
  await openHalfSent();
  const record = await bench.spool.get('take');
  await bench.spool.forget('take');
  Object.assign(bench.spool, { get: async () => record, size: async () => record?.bytes });
  bench.uploader.start();
  await bench.until(() => bench.events.at(-1) === 'failed');
  expect(refusals()).toEqual(['refused take-lost for good']);
});

test('a store that can’t be read just now has lost nothing', async () => {
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
