/** The interview in motion, with a scripted recorder, camera, upload queue and server. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAdaptiveQuality } from '../../../client/capture/adaptive-quality.ts';
import type { DeviceState } from '../../../client/capture/device-watch.ts';
import { type ControllerOptions, createController } from '../../../client/interview/controller.ts';
import { createSavedRecord } from '../../../client/interview/saved-record.ts';
import { type InterviewState, initial } from '../../../client/interview/state.ts';
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import { createOverflowSpool } from '../../../client/spool/overflow-spool.ts';
import type { SpooledTake } from '../../../client/spool/spool.ts';
import type { UploadQueue, UploadQueueOptions } from '../../../client/upload/upload-queue.ts';
import type { StartSessionResponse } from '../../../server/wire.ts';
import { FakeRecorder } from '../../support/browser/fake-recorder.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

const devices = [
  { kind: 'videoinput', deviceId: 'c1', label: 'Front' },
  { kind: 'videoinput', deviceId: 'c2', label: 'Back' },
  { kind: 'audioinput', deviceId: 'm1', label: 'Built-in' },
];

beforeEach(() => {
  FakeRecorder.reset();
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('navigator', { mediaDevices: { enumerateDevices: async () => devices } });
});
afterEach(() => vi.unstubAllGlobals());

async function open({
  answered = [] as number[],
  left = [] as Array<{ question: number; recordedMs: number }>,
  maxBytes = 500_000_000,
  allowAudioOnly = false,
} = {}) {
  const values = new Map<string, string>();
  const local = () => ({
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  });
  const savedRecord = createSavedRecord({ local });
  savedRecord.set({ token: 'secret', userName: 'A', folder: 'folder' });
  const question = { text: '?', thinkSeconds: 0, maxSeconds: 600, maxTakes: 1 };
  const start: StartSessionResponse = {
    ...{ ok: true, resumed: false, folder: 'folder', uploadEndpoint: '/files', answered },
    ...{ maxBytes, expiresAt: null },
    interview: { title: 'Interview', gate: 'each', allowAudioOnly },
    questions: [1, 2].map((index) => ({ index, ...question })),
  };
  const timers = createManualTimers();
  let state: InterviewState = initial;
  let engine: Pick<UploadQueueOptions, 'onEvent' | 'sessionState'> | null = null;
  let change: (state: DeviceState) => void = () => {};
  let retune: (kbps: number) => void = () => {};
  const did: string[] = [];
  const played: Array<Blob | null> = [];
  const page = { awake: false };
  const script = {
    device: { muted: false, hidden: false, wasHiddenMs: 0, wasMutedMs: 0 } as DeviceState,
    camera: null as DOMException | null,
    copy: null as Error | null,
    unsent: [] as ReturnType<UploadQueue['unsent']>,
  };
  const held = left.map((take, at) => ({ ...take, takeId: `left-${at}`, ended: true }) as SpooledTake);
  const queue = {
    recover: async () => held,
    create: async () => {},
    append: async (_takeId: string, data: ArrayBuffer) => data.byteLength,
    end: async () => {},
    enterGate() {},
    retryNow() {},
    unsent: () => script.unsent,
    status: () => ({ takes: [], gate: [], recordedBytes: 0, ackedBytes: 0, uplinkKbps: null, quietMs: 0 }),
  };
  const controller = createController({
    savedRecord,
    api: {
      verifyToken: () => Promise.reject(new Error('not asked')),
      startSession: async () => start,
      async finishSession() {
        did.push('finish');
        return { ok: true };
      },
    },
    spool: { ...createOverflowSpool({ durable: createMemorySpool(), onOverflow() {} }), list: async () => held },
    async createUploadQueue(options) {
      engine = options as typeof engine;
      return queue as unknown as UploadQueue;
    },
    screen: {
      render(next) {
        state = next;
      },
      playback: (recording) => void played.push(recording),
    },
    preview: {
      async open() {
        if (script.camera) throw script.camera;
        return { getTracks: () => [], getVideoTracks: () => [], getAudioTracks: () => [] } as unknown as MediaStream;
      },
      tune: async (_quality, { later = false } = {}) => void did.push(later ? 'tune later' : 'tune'),
      choose({ cameraId, voiceAlone }) {
        if (voiceAlone !== undefined) script.camera = null;
        did.push(voiceAlone === undefined ? `choose ${cameraId}` : `voice alone: ${voiceAlone}`);
      },
      chosen: () => ({ cameraId: 'c1', microphoneId: '' }),
      close: () => void did.push('close'),
      level: () => null,
    },
    createAdaptiveQuality: (onQuality) =>
      createAdaptiveQuality({ onQuality, measure: () => new Promise((resolve) => (retune = resolve)) }),
    silenceDetector: { sample: () => 'unknown', state: () => 'unknown', reset() {} },
    wakeLock: { hold: () => (page.awake = true), release: () => (page.awake = false) },
    watchDevices(_stream, onChange) {
      change = onChange;
      return { state: () => script.device, close() {} };
    },
    goToLogin: () => did.push('login'),
    reload: () => did.push('reload'),
    claim: async () => {},
    warning: async () => null,
    hasRoom: async () => true,
    watchDarkness: () => () => {},
    watchBattery: () => () => {},
    isOnline: () => true,
    async saveTake() {
      if (script.copy) throw script.copy;
    },
    saveReceipt() {},
    loginAddress: () => 'https://tresgo.example/?lang=vi',
    timers,
  } satisfies ControllerOptions);
  await controller.open();
  await settle();
  return {
    ...{
      controller,
      timers,
      actions: controller.actions,
      savedRecord,
      start,
      did,
      played,
      page,
      script,
      state: () => state,
    },
    change: (part: Partial<DeviceState>) => change({ ...script.device, ...part }),
    measured: async (kbps: number) => {
      retune(kbps);
      await settle();
    },
    engine: () => engine as NonNullable<typeof engine>,
    /** From the device check to a recording with one chunk. */
    async record() {
      actions().start();
      await timers.advance(3000);
      expect(state.phase.name).toBe('recording');
      FakeRecorder.made.at(-1)?.deliver('some bytes');
      await settle();
    },
    async next() {
      actions().next();
      // The answer is shorter than 3 s.
      actions().endShort();
      await settle();
    },
  };
  function actions() {
    return controller.actions;
  }
}

test('a microphone that was off before the answer began is an alert, which never replaces one that asks the candidate to act', async () => {
  const { script, record, state, change, controller, measured } = await open();
  await measured(2000);
  script.device = { ...script.device, muted: true };
  await record();
  expect(state().alert).toEqual({ code: 'device-muted' });
  change({ muted: false });
  expect(state().alert).toBeNull();
  controller.overflowed();
  change({ muted: true });
  change({ muted: false, wasHiddenMs: 5000 });
  controller.failed(new Error('no matter'));
  expect(state().alert).toEqual({ code: 'storage-full' });
});

test('an answer as large as the server takes ends as at the time limit, recorded at a rate that leaves room for it', async () => {
  const { record, state, measured, savedRecord } = await open({ maxBytes: 12_000_000 });
  await measured(9000);
  expect(state().quality).toMatchObject({ height: 180, videoBitsPerSecond: 80_000 });
  await record();
  FakeRecorder.made.at(-1)?.deliver('x'.repeat(3_000_000));
  await settle();
  expect(state()).toMatchObject({ phase: { name: 'gate', question: 1 }, alert: null });
  expect(savedRecord.load().takesUsed).toEqual({ 1: 1 });
});

test('a browser that has not answered is said, until it has, and never over an alert that asks the candidate to act', async () => {
  const { controller, state } = await open();
  controller.devicesWait(true);
  expect(state().alert).toEqual({ code: 'camera-waits' });
  controller.devicesWait(false);
  expect(state().alert).toBeNull();
  controller.overflowed();
  controller.devicesWait(true);
  controller.devicesWait(false);
  expect(state().alert).toEqual({ code: 'storage-full' });
});

test('the candidate decides on an answer with a hole, and it does not count as a take', async () => {
  const { script, record, next, state, savedRecord, measured } = await open();
  await measured(2000);
  await record();
  script.device = { ...script.device, wasMutedMs: 6000 };
  await next();
  expect(state()).toMatchObject({ phase: { name: 'recovered', cause: 'muted', question: 1 }, alert: null });
  expect(savedRecord.load().takesUsed).toEqual({});
});

test('the screen stays on from the first question to the end', async () => {
  const { actions, record, next, page, engine, start, state, measured } = await open();
  await measured(2000);
  expect(page.awake, 'at the device check').toBe(false);
  await record();
  expect(page.awake, 'while it records').toBe(true);
  await next();
  expect(page.awake, 'at the gate').toBe(true);
  actions.pause(true);
  const { takeId } = state().phase as { takeId: string };
  engine().onEvent({ type: 'gate', takeId, gate: { kind: 'open' } });
  await settle();
  expect([state().phase.name, page.awake]).toEqual(['paused', false]);
  start.answered = [1, 2];
  await engine().sessionState?.();
  actions.resume();
  await settle();
  expect([state().phase.name, page.awake]).toEqual(['finished', false]);
});

test('after a decision the page shows the camera again, and no longer the recording', async () => {
  const { actions, record, next, script, played, state, measured } = await open();
  await measured(2000);
  await record();
  script.device = { ...script.device, wasMutedMs: 6000 };
  await next();
  expect(state().phase.name).toBe('recovered');
  played.splice(0);
  actions.keep();
  expect([state().phase.name, played]).toEqual(['requesting', [null]]);
});

test('the picture of the camera does not change while something records', async () => {
  const { record, next, did, actions, measured, script } = await open();
  await measured(2000);
  expect(did.splice(0)).toEqual(['tune']);
  await record();
  script.unsent = [{ takeId: 'a', question: 1, recordedMs: 1, refused: false }];
  await next();
  expect(did.splice(0), 'after the stop, and again once the recorder has ended').toEqual(['tune later', 'tune']);
  actions.leave();
});

test('another device answers the rest during a pause: the interview ends', async () => {
  const { actions, record, next, start, did, state, engine, measured } = await open();
  await measured(2000);
  await record();
  actions.pause(true);
  await next();
  const { takeId } = state().phase as { takeId: string };
  engine().onEvent({ type: 'gate', takeId, gate: { kind: 'open' } });
  await settle();
  expect(state().phase.name).toBe('paused');
  start.answered = [1, 2];
  await engine().sessionState?.();
  actions.resume();
  await settle();
  expect(state().phase.name).toBe('finished');
  expect(did).toContain('finish');
});

test('no question is left when the candidate presses "Start interview": the interview ends', async () => {
  const { actions, start, state, engine } = await open({ answered: [1] });
  start.answered = [1, 2];
  await engine().sessionState?.();
  actions.start();
  await settle();
  expect(state().phase.name).toBe('finished');
});

test('the receipt knows the length of a take that an earlier page left', async () => {
  const { savedRecord } = await open({ left: [{ question: 1, recordedMs: 7000 }] });
  expect(savedRecord.load().recordedMs).toEqual({ 1: 7000 });
});

test('a copy that could not be saved is an alert, unless the copy is no longer needed', async () => {
  const { actions, script, state } = await open();
  script.copy = new Error('no room');
  actions.saveCopies();
  await settle();
  expect(state().alert).toBeNull();
  script.unsent = [{ takeId: 'a', question: 1, recordedMs: 1, refused: false }];
  actions.saveCopies();
  await settle();
  expect(state().alert).toEqual({ code: 'copy-failed' });
});

test('a candidate who follows the link to the log-in is not asked whether to leave', async () => {
  const { controller, actions, script } = await open();
  script.unsent = [{ takeId: 'a', question: 1, recordedMs: 1, refused: false }];
  expect(controller.isBusy()).toBe(true);
  actions.leave();
  expect(controller.isBusy()).toBe(false);
});

test('a camera that cannot be opened for a question: the page offers others, and opens the chosen one', async () => {
  const { actions, timers, script, did, state, measured } = await open();
  await measured(2000);
  script.camera = new DOMException('', 'NotReadableError');
  actions.start();
  await settle();
  expect(state()).toMatchObject({
    phase: { name: 'requesting', devices: { cameras: [{ id: 'c1' }, { id: 'c2' }], cameraId: 'c1' } },
    alert: { code: 'camera-busy' },
  });
  script.camera = null;
  actions.chooseCamera('c2');
  await timers.advance(3000);
  expect([state().phase.name, did.includes('choose c2')]).toEqual(['recording', true]);
});

test('a voice alone: the camera is left out, the sound is recorded at its own rate, and a reload remembers the choice', async () => {
  const { actions, script, did, state, measured, savedRecord, record, next } = await open({ allowAudioOnly: true });
  await measured(2000);
  expect(state()).toMatchObject({ uplinkKbps: 2000, voiceAlone: false });
  script.camera = new DOMException('', 'NotReadableError');
  actions.askAgain();
  await settle();
  expect(state().alert).toEqual({ code: 'camera-busy' });
  actions.voiceAlone(true);
  await settle();
  expect(did).toContain('voice alone: true');
  expect(state()).toMatchObject({ voiceAlone: true, alert: null, phase: { name: 'checking', ready: true } });
  const { quality } = state();
  await record();
  expect(FakeRecorder.made.at(-1)?.options).toEqual({
    mimeType: 'audio/webm;codecs=opus',
    audioBitsPerSecond: 32_000,
  });
  actions.voiceAlone(false);
  expect(state().voiceAlone, 'a recording is left alone').toBe(true);
  await next();
  expect(state().quality, 'how a voice was sent says nothing of a picture').toBe(quality);
  expect(savedRecord.load().voiceAlone).toBe(true);
});

test('a voice alone is not to be had where the interview does not allow it', async () => {
  const { actions, did, state, measured, record } = await open();
  await measured(50);
  actions.voiceAlone(true);
  await settle();
  expect([state().voiceAlone, did.includes('voice alone: true')]).toEqual([false, false]);
  await record();
  expect(FakeRecorder.made.at(-1)?.mimeType).toContain('video/');
});
