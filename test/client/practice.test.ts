import { afterEach, expect, test, vi } from 'vitest';
import { startPractice } from '../../client/practice.ts';
import { DEFAULT_QUALITY } from '../../client/quality.ts';
import { supportedMimeType } from '../../client/recorder.ts';
import { FakeRecorder } from '../support/fake-recorder.ts';
import { createManualTimers, settle } from '../support/manual-timers.ts';

const stream = { getTracks: () => [] } as unknown as MediaStream;

function setUp({ supported = () => true }: { supported?: (type: string) => boolean } = {}) {
  FakeRecorder.made = [];
  FakeRecorder.supported = supported;
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  const timers = createManualTimers();
  const ends: (Blob | null)[] = [];
  const start = () =>
    startPractice({ stream, quality: DEFAULT_QUALITY, timers, onEnd: (recorded) => ends.push(recorded) });
  return { timers, ends, start, recorder: () => FakeRecorder.made[0] as FakeRecorder };
}

afterEach(() => vi.unstubAllGlobals());

test('what was recorded is handed over whole, in order, with its type', async () => {
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

test('it ends by itself after half a minute', async () => {
  const { start, ends, recorder, timers } = setUp();
  start();
  recorder().deliver('all of it');
  await timers.advance(29_999);
  expect(ends).toEqual([]);
  await timers.advance(1);
  expect(await ends[0]?.text()).toBe('all of it');
});

test('cancelled, it is forgotten; empty, it came to nothing', async () => {
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
  // Chromium's mp4 hands over at key frames only.
  expect(recorder().options.videoKeyFrameIntervalDuration).toBe(expected.includes('mp4') ? 1000 : undefined);
});

test('a browser that records nothing we know', () => {
  const { start } = setUp({ supported: () => false });
  expect(supportedMimeType()).toBeNull();
  expect(start).toThrow('records no video type');
});
