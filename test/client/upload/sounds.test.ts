/** Sound that goes ahead of its answer: what is sent when, and that no answer waits for it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import type { Sound } from '../../../client/upload/sounds.ts';
import { BESIDE_SOUND_BYTES } from '../../../client/upload/throughput.ts';
import { createUploadQueue, type UploadQueue } from '../../../client/upload/upload-queue.ts';
import { createManualTimers, type ManualTimers } from '../../support/manual-timers.ts';
import { openScriptedTus, refuse, type ScriptedTus, untilStepped } from '../../support/tus/scripted-tus.ts';

let tus: ScriptedTus;
let timers: ManualTimers;
let queue: UploadQueue;
let events: string[];

beforeEach(async () => {
  tus = await openScriptedTus();
  timers = createManualTimers();
  events = [];
  queue = createUploadQueue({
    ...{ spool: createMemorySpool(), timers, fetch: tus.fetch, httpStack: tus.httpStack },
    folder: 'folder',
    endpoint: tus.endpoint,
    token: () => 'secret',
    newId: () => 'sound',
    onEvent: (event) => events.push(`${event.takeId} ${event.type === 'gate' ? event.gate.kind : event.type}`),
  });
  await queue.create({ takeId: 'a', question: 2, mimeType: 'video/webm', startedAt: '2026-01-01' });
});
afterEach(async () => {
  queue.close();
  await tus.close();
});

const until = (condition: () => boolean) => untilStepped(condition, { tus, timers, events });

const begin = () => {
  return queue.beginSound({ aheadOf: 'a', question: 2, mimeType: 'audio/webm', startedAt: '2026-01-01' });
};
/** Waits until the page knows that the sound is whole, which the server knows before: the sound takes no chunk any more. */
async function untilWhole(sound: Sound): Promise<void> {
  let isWhole = false;
  await until(() => {
    void sound.append(new ArrayBuffer(0), 1000).catch(({ message }) => {
      isWhole = message.includes('no further');
    });
    return isWhole;
  });
}
const heldOf = (takeId: string) => tus.uploads.find((upload) => upload.takeId === takeId);
/** The sizes of the PATCHes of the answer, which alone are larger than 2,000 bytes here. */
const bodies = () => tus.log.map((line) => Number(/\+(\d+)/.exec(line)?.[1] ?? 0)).filter((bytes) => bytes > 2000);
async function finishAnswer(bytes: number): Promise<void> {
  await queue.append('a', new ArrayBuffer(bytes), 1000);
  queue.enterGate('a');
  await queue.end('a');
}

test('it is sent beside its answer, which it names, and confirmed while the answer is still under way', async () => {
  tus.before = (_request, _response, upload) => upload?.takeId === 'a';
  await queue.append('a', new ArrayBuffer(70_000), 500);
  const sound = begin();
  await sound.append(new ArrayBuffer(500), 1000);
  await until(() => heldOf('sound')?.data.length === 500);
  sound.expectEnd();
  await sound.append(new ArrayBuffer(300), 1500);
  await sound.end();
  await untilWhole(sound);
  expect(heldOf('sound')?.length).toBe(800);
  expect(heldOf('sound')?.metadata).toEqual({
    ...{ folder: 'folder', questionIndex: '2', filetype: 'audio/webm', takeId: 'sound' },
    ...{ part: 'voice', aheadOf: 'a' },
  });
  expect(heldOf('a')?.metadata).toEqual({
    ...{ folder: 'folder', questionIndex: '2', filetype: 'video/webm', takeId: 'a' },
  });
  expect([heldOf('a')?.data.length, queue.unsent().length]).toEqual([0, 1]);
  await expect(sound.append(new ArrayBuffer(1), 2000), 'what is whole grows no more').rejects.toThrow('no further');
});

test.each([
  ['is being sent, is small', BESIDE_SOUND_BYTES],
  ['is confirmed, is as large as ever', 70_000],
])('the first body of an answer whose sound %s', async (how, size) => {
  const sound = begin();
  await sound.append(new ArrayBuffer(500), 1000);
  if (how.startsWith('is confirmed')) {
    await sound.end();
    await untilWhole(sound);
    expect(heldOf('sound')?.length).toBe(500);
  }
  await finishAnswer(70_000);
  await until(() => heldOf('a')?.data.length === 70_000);
  expect(bodies()[0]).toBe(size);
});

test.each([404, 410, 422])('refused with %i it is given up, and nobody hears of it', async (status) => {
  tus.before = (_request, response, upload) => upload?.takeId === 'sound' && refuse(response, status);
  const sound = begin();
  await sound.append(new ArrayBuffer(500), 1000);
  let givenUp = false;
  await until(() => {
    void sound.append(new ArrayBuffer(1), 1000).catch(() => {
      givenUp = true;
    });
    return givenUp;
  });
  await finishAnswer(200_000);
  await until(() => events.at(-1) === 'a open');
  expect(new Set(events)).toEqual(new Set(['a uploading', 'a open']));
});

test('a server that fails for it alone costs its answer nothing: no small bodies, no wait', async () => {
  tus.before = (_request, response, upload) => upload?.takeId === 'sound' && refuse(response, 503);
  const sound = begin();
  await sound.append(new ArrayBuffer(500), 1000);
  const asked = () => tus.log.filter((line) => line === 'HEAD').length;
  await until(() => asked() > 1);
  let steps = 0;
  await until(() => ++steps > 5);
  expect(asked(), 'it waits for its next attempt').toBe(2);
  await finishAnswer(200_000);
  await until(() => events.at(-1) === 'a open');
  expect(bodies()).toEqual([200_000]);
});

test.each(['confirmed', 'given up'])('the answer is %s: what is left of the sound is not sent', async (how) => {
  tus.before = (_request, _response, upload) => upload?.takeId === 'sound';
  const sound = begin();
  await sound.append(new ArrayBuffer(500), 1000);
  await until(() => tus.log.includes('HEAD'));
  if (how === 'given up') await queue.drop('a');
  else await finishAnswer(1000);
  await until(() => queue.unsent().length === 0);
  const before = tus.log.length;
  await expect(sound.append(new ArrayBuffer(500), 2000)).rejects.toThrow('no further');
  await sound.end();
  await timers.advance(60_000);
  expect(tus.log.slice(before)).toEqual([]);
  expect(timers.pending()).toBe(0);
});

test('a recorder that brings nothing makes no upload', async () => {
  const sound = begin();
  sound.expectEnd();
  await sound.end();
  await finishAnswer(1000);
  await until(() => events.at(-1) === 'a open');
  expect(tus.uploads.map(({ takeId }) => takeId)).toEqual(['a']);
});

test('more than memory should hold goes no further ahead', async () => {
  tus.before = (_request, _response, upload) => upload?.takeId === 'sound';
  const sound = begin();
  for (let mebibyte = 0; mebibyte < 4; mebibyte++) await sound.append(new ArrayBuffer(1_048_576), 1000);
  await expect(sound.append(new ArrayBuffer(1), 1000)).rejects.toThrow('no further');
  await finishAnswer(200_000);
  await until(() => events.at(-1) === 'a open');
});
