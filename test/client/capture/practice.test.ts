import { afterEach, expect, test, vi } from 'vitest';
import { startPractice } from '../../../client/capture/practice.ts';
import { DEFAULT_QUALITY } from '../../../client/capture/quality.ts';
import { supportedMimeType } from '../../../client/capture/recorder.ts';
import { FakeRecorder } from '../../support/browser/fake-recorder.ts';
import { FakeTrack, fakeStream } from '../../support/browser/fake-stream.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

const stream = fakeStream(new FakeTrack('audio'));

function setUp({ supported = () => true }: { supported?: (type: string) => boolean } = {}) {
  FakeRecorder.reset(supported);
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  const timers = createManualTimers();
  const ends: (Blob | null)[] = [];
  const reasons: string[] = [];
  const onEnd = (recorded: Blob | null, reason: string) => {
    ends.push(recorded);
    reasons.push(reason);
  };
  const start = () => startPractice({ stream, quality: DEFAULT_QUALITY, timers, onEnd });
  return { timers, ends, reasons, start, recorder: () => FakeRecorder.made[0] as FakeRecorder };
}

afterEach(() => vi.unstubAllGlobals());

test('the recording is delivered whole, in order, with its type', async () => {
  const { start, ends, recorder, timers } = setUp();
  const practice = start();
  recorder().deliver('one ');
  recorder().deliver('two');
  practice.stop();
  await settle();
  expect(await ends[0]?.text()).toBe('one two');
  expect(ends[0]?.type).toBe('video/webm;codecs=vp8,opus');
  expect(recorder().options.videoBitsPerSecond).toBe(DEFAULT_QUALITY.videoBitsPerSecond);
  expect(timers.pending()).toBe(0);
});

test('the practice question ends by itself after 30 s', async () => {
  const { start, ends, recorder, timers } = setUp();
  start();
  recorder().deliver('all ');
  for (let second = 1; second < 30; second++) {
    await timers.advance(1000);
    recorder().deliver('of it ');
    await settle();
  }
  await timers.advance(999);
  expect(ends).toEqual([]);
  await timers.advance(1);
  expect(await ends[0]?.text()).toBe(`all ${'of it '.repeat(29)}`);
});

test('a cancelled recording is forgotten; an empty one is null', async () => {
  const { start, ends, recorder } = setUp();
  const practice = start();
  recorder().deliver('secret');
  practice.cancel();
  await settle();
  expect(ends).toEqual([]);
  start().stop();
  await settle();
  FakeRecorder.made[1]?.stop();
  await settle();
  expect(ends).toEqual([null]);
});

test.each([
  ['every type', () => true, 'video/webm;codecs=vp8,opus'],
  ['plain webm', (type: string) => type === 'video/webm', 'video/webm'],
  ['Safari before 18.4', (type: string) => type.startsWith('video/mp4'), 'video/mp4;codecs=avc1.42E01E,mp4a.40.2'],
  ['plain mp4', (type: string) => type === 'video/mp4', 'video/mp4'],
])('a browser that records %s', (_, supported, expected) => {
  const { start, recorder } = setUp({ supported });
  expect(supportedMimeType()).toBe(expected);
  start();
  expect(recorder().options.mimeType).toBe(expected);
  // In mp4, Chromium delivers chunks at key frames only.
  expect(recorder().options.videoKeyFrameIntervalDuration).toBe(expected.includes('mp4') ? 1000 : undefined);
});

test('a browser that records none of our types', () => {
  const { start } = setUp({ supported: () => false });
  expect(supportedMimeType()).toBeNull();
  expect(start).toThrow('records no video type');
});

test('a practice recorder that brings nothing is followed by one of another type, once', async () => {
  const { start, ends, timers } = setUp();
  start();
  await timers.advance(6000);
  expect(FakeRecorder.made.map(({ mimeType }) => mimeType.slice(0, 10))).toEqual(['video/webm', 'video/mp4;']);
  await timers.advance(6000);
  expect([ends, timers.pending()]).toEqual([[null], 0]);
});

test('a practice recorder that falls silent ends the practice, with what it brought', async () => {
  const { start, ends, reasons, recorder, timers } = setUp();
  start();
  recorder().deliver('the beginning');
  await timers.advance(6000);
  expect([await ends[0]?.text(), reasons]).toEqual(['the beginning', ['silent']]);
});
