import { afterEach, expect, test, vi } from 'vitest';
import { DEFAULT_QUALITY, fitQuality } from '../../../client/capture/quality.ts';
import type { SoundState } from '../../../client/capture/silence-detector.ts';
import { createDeviceCheck, type DeviceCheckOptions, secondsHeld } from '../../../client/interview/device-check.ts';
import { createStore } from '../../../client/interview/store.ts';
import { FakeRecorder } from '../../support/browser/fake-recorder.ts';
import { FakeTrack, fakeStream } from '../../support/browser/fake-stream.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

const QUESTION = { index: 1, text: 'Who are you?', thinkSeconds: 0, maxTakes: 1 };

const unwatched = { watchDarkness: () => () => {}, watchBattery: () => () => {} };

test.each([
  ['each', 'the longest answer', 180],
  ['end', 'all of them: nothing may be sent before the last', 330],
] as const)('gate %s: room for %s', (gate, _, seconds) => {
  const questions = [60, 180, 90].map((maxSeconds) => ({ ...QUESTION, maxSeconds }));
  expect(secondsHeld({ questions, gate })).toBe(seconds);
  expect(secondsHeld({ questions: [], gate })).toBe(0);
});

afterEach(() => vi.unstubAllGlobals());

test('the hint about the device’s room follows the quality that was measured', async () => {
  vi.stubGlobal('MediaRecorder', { isTypeSupported: () => true });
  vi.stubGlobal('navigator', { mediaDevices: { enumerateDevices: async () => [] } });
  const store = createStore();
  store.dispatch({
    type: 'loaded',
    title: '',
    gate: 'each',
    questions: [{ ...QUESTION, maxSeconds: 60 }],
    answered: [],
  });
  let quality = DEFAULT_QUALITY;
  let measured: (kbps: number | null) => void = () => {};
  const asked: number[] = [];
  const stream = { getVideoTracks: () => [], getAudioTracks: () => [] } as unknown as MediaStream;
  const check = createDeviceCheck({
    store,
    preview: { open: async () => stream } as unknown as Parameters<typeof createDeviceCheck>[0]['preview'],
    adaptiveQuality: {
      quality: () => quality,
      limit() {},
      measure: () => new Promise((resolve) => (measured = resolve)),
    },
    screen: { playback() {} },
    warning: async () => null,
    async hasRoom(needBytes) {
      asked.push(needBytes);
      return needBytes <= 10_000_000;
    },
    sound: () => 'heard',
    ...unwatched,
  });
  await check.open();
  expect(store.get()).toMatchObject({ phase: { name: 'checking', ready: true }, hints: [], alert: null });
  quality = fitQuality(9000);
  measured(9000);
  await settle();
  expect(store.get()).toMatchObject({ hints: ['room'], alert: null });
  expect(asked).toEqual([(664_000 / 8) * 60, (2_500_000 / 8) * 60]);
});

test('where no voice was heard for a while, the start is asked about once', () => {
  let sound: SoundState = 'unknown';
  const store = createStore();
  const check = createDeviceCheck({ store, sound: () => sound, ...unwatched } as unknown as DeviceCheckOptions);
  store.dispatch({ type: 'check' });
  const asking = () => {
    const { phase } = store.get();
    return phase.name === 'checking' && phase.asking === true;
  };
  expect([check.mayStart(), asking()], 'the silence is too short to mean anything').toEqual([true, false]);
  sound = 'silent';
  expect([check.mayStart(), asking()]).toEqual([false, true]);
  store.dispatch({ type: 'unheard', asking: false });
  expect([check.mayStart(), asking()], 'not again').toEqual([true, false]);
});

function openPractice() {
  const timers = createManualTimers();
  FakeRecorder.reset();
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  vi.stubGlobal('window', globalThis);
  const store = createStore();
  store.dispatch({ type: 'check' });
  const played: unknown[] = [];
  const check = createDeviceCheck({
    store,
    preview: { open: async () => fakeStream(new FakeTrack('audio')) } as unknown as Parameters<
      typeof createDeviceCheck
    >[0]['preview'],
    adaptiveQuality: { quality: () => DEFAULT_QUALITY, limit() {}, measure: async () => null },
    screen: { playback: (recording) => played.push(recording) },
    warning: async () => null,
    hasRoom: async () => true,
    sound: () => 'heard',
    timers,
    ...unwatched,
  });
  return { check, store, timers, played };
}

test('the practice question records after the count of three', async () => {
  const { check, store, timers } = openPractice();
  void check.practise();
  await timers.advance(2000);
  expect(store.get().phase).toEqual({ name: 'practice', stage: 'counting', seconds: 1 });
  expect(FakeRecorder.made).toEqual([]);
  await timers.advance(1000);
  expect(store.get().phase).toEqual({ name: 'practice', stage: 'recording' });
  expect(FakeRecorder.made).toHaveLength(1);
});

test('a practice that ends since another device goes on is not played, and brings no device check back', async () => {
  const { check, store, timers, played } = openPractice();
  void check.practise();
  await timers.advance(3000);
  store.dispatch({ type: 'elsewhere', unsent: 0 });
  played.length = 0;
  check.stopPractice();
  await timers.advance(0);
  await settle();
  expect([store.get().phase.name, played]).toEqual(['elsewhere', []]);
});
