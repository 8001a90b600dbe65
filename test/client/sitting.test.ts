/** The sitting in motion, with a scripted recorder, camera, sender and server. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DeviceState } from '../../client/device-watch.ts';
import { createFitting } from '../../client/fitting.ts';
import { createIdentityStore } from '../../client/identity.ts';
import { initial, type Sitting } from '../../client/interview.ts';
import { createMemorySpool } from '../../client/memory-spool.ts';
import { createOverflowSpool } from '../../client/overflow-spool.ts';
import type { Sender, SenderOptions } from '../../client/sender.ts';
import { createSitting, type SittingOptions } from '../../client/sitting.ts';
import type { StartSessionAnswer } from '../../server/wire.ts';
import { FakeRecorder } from '../support/fake-recorder.ts';
import { settle } from '../support/manual-timers.ts';

const devices = [
  { kind: 'videoinput', deviceId: 'c1', label: 'Front' },
  { kind: 'videoinput', deviceId: 'c2', label: 'Back' },
  { kind: 'audioinput', deviceId: 'm1', label: 'Built-in' },
];

beforeEach(() => {
  FakeRecorder.made = [];
  FakeRecorder.supported = () => true;
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('navigator', { mediaDevices: { enumerateDevices: async () => devices } });
});
afterEach(() => vi.unstubAllGlobals());

async function open({ answered = [] as number[], left = [] as Array<{ question: number; recordedMs: number }> } = {}) {
  const values = new Map<string, string>();
  const local = () => ({
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  });
  const identity = createIdentityStore({ local });
  identity.set({ token: 'secret', userName: 'A', folder: 'folder' });
  const question = { text: '?', thinkSeconds: 0, maxSeconds: 600, maxTakes: 1 };
  const start: StartSessionAnswer = {
    ...{ ok: true, resumed: false, folder: 'folder', uploadEndpoint: '/files', answered },
    interview: { title: 'Interview', gate: 'each' },
    questions: [1, 2].map((index) => ({ index, ...question })),
  };
  let state: Sitting = initial;
  let engine: Pick<SenderOptions, 'onEvent' | 'sessionState'> | null = null;
  let tell: (state: DeviceState) => void = () => {};
  let retune: (kbps: number) => void = () => {};
  const did: string[] = [];
  const script = {
    device: { muted: false, hidden: false, wasHiddenMs: 0, wasMutedMs: 0 } as DeviceState,
    camera: null as DOMException | null,
    copy: null as Error | null,
    unsent: [] as ReturnType<Sender['unsent']>,
  };
  const sender = {
    recover: async () => left.map((take, at) => ({ ...take, takeId: `left-${at}`, ended: true })),
    begin: async () => {},
    append: async (_takeId: string, data: ArrayBuffer) => data.byteLength,
    end: async () => {},
    enterGate() {},
    retryNow() {},
    unsent: () => script.unsent,
    status: () => ({ takes: [], gate: [], recordedBytes: 0, ackedBytes: 0, uplinkKbps: null, quietMs: 0 }),
  };
  const sitting = createSitting({
    identity,
    api: {
      verifyToken: () => Promise.reject(new Error('not asked')),
      startSession: async () => start,
      async finishSession() {
        did.push('finish');
        return { ok: true };
      },
    },
    spool: createOverflowSpool({ durable: createMemorySpool(), onOverflow() {} }),
    createSender(options) {
      engine = options as typeof engine;
      return sender as unknown as Sender;
    },
    view: {
      render(next) {
        state = next;
      },
      playback() {},
    },
    preview: {
      async open() {
        if (script.camera) throw script.camera;
        return { getTracks: () => [], getVideoTracks: () => [], getAudioTracks: () => [] } as unknown as MediaStream;
      },
      tune: async (_quality, { later = false } = {}) => void did.push(later ? 'tune later' : 'tune'),
      choose: ({ cameraId }) => void did.push(`choose ${cameraId}`),
      chosen: () => ({ cameraId: 'c1', microphoneId: '' }),
      close: () => void did.push('close'),
      level: () => null,
    },
    createFitting: (onQuality) =>
      createFitting({ onQuality, measure: () => new Promise((resolve) => (retune = resolve)) }),
    hearing: { listen: () => 'unknown', reset() {} },
    wakeLock: { hold() {}, release() {} },
    watchDevices(_stream, onChange) {
      tell = onChange;
      return { state: () => script.device, close() {} };
    },
    goToLogin: () => did.push('login'),
    reload: () => did.push('reload'),
    claim: async () => {},
    warning: async () => null,
    isOnline: () => true,
    async saveTake() {
      if (script.copy) throw script.copy;
    },
    saveReceipt() {},
  } satisfies SittingOptions);
  await sitting.open();
  await settle();
  return {
    ...{ sitting, actions: sitting.actions, identity, start, did, script, state: () => state },
    tell: (change: Partial<DeviceState>) => tell({ ...script.device, ...change }),
    measured: async (kbps: number) => {
      retune(kbps);
      await settle();
    },
    engine: () => engine as NonNullable<typeof engine>,
    /** From the check to the recording of a question, of which something is kept. */
    async record() {
      actions().start();
      await settle();
      expect(state.phase.name).toBe('recording');
      FakeRecorder.made.at(-1)?.deliver('some bytes');
      await settle();
    },
    async next() {
      actions().next();
      await settle();
    },
  };
  function actions() {
    return sitting.actions;
  }
}

test('a microphone that was off before the answer began is said; what asks for something is not talked over', async () => {
  const { script, record, state, tell, sitting, measured } = await open();
  await measured(2000);
  script.device = { ...script.device, muted: true };
  await record();
  expect(state().alert).toEqual({ code: 'device-muted' });
  tell({ muted: false });
  expect(state().alert).toBeNull();
  sitting.overflowed();
  tell({ muted: true });
  tell({ muted: false, wasHiddenMs: 5000 });
  sitting.failed(new Error('no matter'));
  expect(state().alert).toEqual({ code: 'storage-full' });
});

test('an answer with a hole is the candidate’s to judge, and costs no take', async () => {
  const { script, record, next, state, identity, measured } = await open();
  await measured(2000);
  await record();
  script.device = { ...script.device, wasMutedMs: 6000 };
  await next();
  expect(state()).toMatchObject({ phase: { name: 'recovered', cause: 'muted', question: 1 }, alert: null });
  expect(identity.notes().takesUsed).toEqual({ 1: 0 });
});

test('the camera is left alone while something records', async () => {
  const { record, next, did, actions, measured, script } = await open();
  await measured(2000);
  expect(did.splice(0)).toEqual(['tune']);
  await record();
  script.unsent = [{ takeId: 'a', question: 1, recordedMs: 1, refused: false }];
  await next();
  expect(did.splice(0), 'what the stop taught, and once the recorder has ended').toEqual(['tune later', 'tune']);
  actions.leave();
});

test('a pause, and another device answers the rest meanwhile: the interview ends, and nothing hangs', async () => {
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

test('nothing is left to answer when "Start interview" is pressed: it ends', async () => {
  const { actions, start, state, engine } = await open({ answered: [1] });
  start.answered = [1, 2];
  await engine().sessionState?.();
  actions.start();
  await settle();
  expect(state().phase.name).toBe('finished');
});

test('the length of what an earlier page left is known to the receipt', async () => {
  const { identity } = await open({ left: [{ question: 1, recordedMs: 7000 }] });
  expect(identity.notes().recordedMs).toEqual({ 1: 7000 });
});

test('a copy that could not be saved is said, unless it is needed no more', async () => {
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

test('who logs in again, as the page asks, is not asked whether to leave', async () => {
  const { sitting, actions, script } = await open();
  script.unsent = [{ takeId: 'a', question: 1, recordedMs: 1, refused: false }];
  expect(sitting.isBusy()).toBe(true);
  actions.leave();
  expect(sitting.isBusy()).toBe(false);
});

test('a camera that can’t be opened for a question: others are offered, and the chosen one is tried', async () => {
  const { actions, script, did, state, measured } = await open();
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
  await settle();
  expect([state().phase.name, did.includes('choose c2')]).toEqual(['recording', true]);
});
