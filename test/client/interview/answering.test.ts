/** A question from the request to the whole take, with a scripted recorder and a manual clock. */
import { expect, test } from 'vitest';
import { DEFAULT_QUALITY } from '../../../client/capture/quality.ts';
import { createAnswering, type Interruption } from '../../../client/interview/answering.ts';
import { takesLeft } from '../../../client/interview/progress.ts';
import type { SavedProgress } from '../../../client/interview/saved-record.ts';
import type { SessionQueue } from '../../../client/interview/session-queue.ts';
import { createStore } from '../../../client/interview/store.ts';
import { NotKeptError, type TakeEnd, type TakeOptions } from '../../../client/interview/take.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

/** The countdown before each recording. */
const COUNT_MS = 3000;

function open({
  readSeconds = 0,
  thinkSeconds = 0,
  maxSeconds = 60,
  maxTakes = 1,
  progress = {} as SavedProgress,
  camera = () => Promise.resolve(),
  muted = false,
  refused = null as Error | null,
  ready = async () => {},
  engine = async () => {},
  /** The first recorder ends so before its take has begun. */
  early = null as TakeEnd['reason'] | null,
  /** Stopping a take does not end it yet. */
  lasts = false,
} = {}) {
  const timers = createManualTimers();
  const questions = [{ index: 1, text: '?', readSeconds, thinkSeconds, maxSeconds, maxTakes }];
  const store = createStore();
  store.dispatch({ type: 'loaded', title: '', gate: 'each', questions, answered: [] });
  let running: TakeOptions | null = null;
  const said: string[] = [];
  const failed: string[] = [];
  const ends: Array<{ end: TakeEnd; why: Interruption | null }> = [];
  let saved = progress;
  const answering = createAnswering({
    store,
    savedRecord: { set() {}, load: () => saved, save: (change) => (saved = { ...saved, ...change }) },
    queue: {
      ready: engine,
      drop: async () => void said.push('dropped'),
      end: async () => void said.push('ended'),
    } as Partial<SessionQueue> as SessionQueue,
    preview: { open: () => camera().then(() => ({}) as MediaStream), close: () => void said.push('closed') },
    types: { list: () => ['video/webm', 'video/mp4'].slice(failed.length), failed: (type) => failed.push(type) },
    ready,
    quality: () => DEFAULT_QUALITY,
    onBegin: () => said.push(`began ${running?.mimeTypes?.[0]}`),
    wasMuted: () => muted,
    onStop: () => said.push('stopped'),
    onEnd: (end, why) => ends.push({ end, why }),
    begin: async (options) => {
      if (refused) throw refused;
      running = options;
      if (early && running.mimeTypes?.[0] === 'video/webm') end(early, { keptBytes: 0 });
      const since = timers.now();
      const elapsedMs = () => timers.now() - since;
      return { takeId: 'a', question: 1, elapsedMs, stop: () => lasts || end('stop') };
    },
    timers,
    wallClock: () => 1_000_000 + timers.now(),
  });
  /** Asks for the question, which records after the count. */
  async function record(): Promise<void> {
    void answering.record();
    await timers.advance(COUNT_MS);
  }
  /** The recorder ends. */
  function end(reason: TakeEnd['reason'], change: Partial<TakeEnd> = {}): void {
    const mimeType = running?.mimeTypes?.[0] ?? '';
    const lengths = { recordedMs: 5000, spokenMs: 5000 };
    running?.onEnd({ takeId: 'a', question: 1, reason, mimeType, ...lengths, keptBytes: 1000, ...change });
  }
  return {
    answering,
    record,
    store,
    timers,
    said,
    failed,
    ends,
    end,
    state: store.get,
    progress: () => saved,
    left: () => takesLeft(store.get(), 1),
    running: () => running,
  };
}

test('without a time to think a question records after the count, and stops by itself at the limit', async () => {
  const { answering, record, timers, said, ends, state } = open();
  await record();
  expect(state().phase.name).toBe('recording');
  await timers.advance(59_999);
  expect([state().phase.name, answering.live().leftMs]).toEqual(['recording', 1]);
  await timers.advance(1);
  expect(state().phase.name).toBe('gate');
  expect(said).toEqual(['began video/webm', 'stopped']);
  expect(ends.map(({ why }) => why)).toEqual([null]);
});

test('no recorder runs before its take can be kept: the page says that there is no connection, and goes on by itself', async () => {
  let load = (): Promise<void> => new Promise(() => {}); // a connection that stands still
  const { answering, timers, said, state } = open({ engine: () => load() });
  void answering.record();
  await timers.advance(9999);
  expect([state().phase.name, state().alert, said]).toEqual(['requesting', null, []]);
  await timers.advance(1);
  expect([state().phase.name, state().alert]).toEqual(['requesting', { code: 'no-connection' }]);
  load = () => Promise.reject(new Error('a server that is away'));
  await timers.advance(10_000);
  expect([state().alert, said]).toEqual([{ code: 'no-connection' }, []]);
  load = async () => {};
  await timers.advance(3000 + COUNT_MS);
  expect([state().phase.name, state().alert, said]).toEqual(['recording', null, ['began video/webm']]);
});

test('an answer below 3 s asks whether its end is meant, and records on meanwhile', async () => {
  const { answering, record, timers, said, state } = open();
  await record();
  await timers.advance(2999);
  answering.next();
  expect([state().phase, said]).toMatchObject([{ name: 'recording', short: true }, ['began video/webm']]);
  answering.goOn();
  expect(state().phase).toMatchObject({ name: 'recording', short: false });
  await timers.advance(1);
  answering.next();
  expect([state().phase.name, said]).toEqual(['gate', ['began video/webm', 'stopped']]);
});

test('an answer below 3 s that is meant ends at once, and the limit asks nobody', async () => {
  const meant = open();
  await meant.record();
  meant.answering.next();
  meant.answering.end();
  expect(meant.state().phase.name).toBe('gate');
  const limited = open({ maxSeconds: 2 });
  await limited.record();
  limited.answering.next();
  await limited.timers.advance(2000);
  expect(limited.state().phase.name).toBe('gate');
});

test('nothing is recorded before the quality is known', async () => {
  let known: () => void = () => {};
  const { answering, timers, said, state } = open({ ready: () => new Promise((resolve) => (known = resolve)) });
  void answering.record();
  await timers.advance(10_000);
  expect([state().phase.name, said]).toEqual(['requesting', []]);
  known();
  await timers.advance(COUNT_MS);
  expect([state().phase.name, said]).toEqual(['recording', ['began video/webm']]);
});

test('the time to think counts down, then the question records', async () => {
  const { answering, timers, state } = open({ thinkSeconds: 20 });
  void answering.record();
  await timers.advance(5000);
  expect([state().phase.name, answering.live().thinkLeftMs]).toEqual(['thinking', 15_000]);
  await timers.advance(15_000);
  expect([state().phase, answering.live().thinkLeftMs]).toEqual([{ name: 'counting', question: 1, seconds: 3 }, null]);
  await timers.advance(COUNT_MS);
  expect(state().phase.name).toBe('recording');
});

test('the time to read comes first, then the time to think, then the count; a reload takes them up where they were', async () => {
  const times = { readSeconds: 10, thinkSeconds: 20 };
  const { answering, timers, state, progress } = open(times);
  void answering.record();
  await timers.advance(4000);
  expect([state().phase.name, answering.live().thinkLeftMs]).toEqual(['reading', 6000]);
  const again = open({ ...times, progress: progress() });
  await again.timers.advance(7000);
  void again.answering.record();
  await again.timers.advance(0);
  expect([again.state().phase.name, again.answering.live().thinkLeftMs]).toEqual(['reading', 3000]);
  await timers.advance(6000);
  expect([state().phase.name, answering.live().thinkLeftMs]).toEqual(['thinking', 20_000]);
  await timers.advance(20_000);
  expect(state().phase.name).toBe('counting');
});

test('"Answer now" ends the time to read and the time to think, and is followed by the count', async () => {
  const { answering, timers, state, progress } = open({ readSeconds: 10, thinkSeconds: 20 });
  void answering.record();
  await timers.advance(1000);
  answering.answerNow();
  await timers.advance(0);
  expect(state().phase.name).toBe('counting');
  expect(progress().thinking, 'a reload gives no more').toEqual({ question: 1, until: 0 });
});

test('the count of 3, 2, 1 takes a second each; nothing records before its end, and the camera is open during it', async () => {
  let opened = 0;
  const { answering, timers, said, state } = open({
    camera: async () => {
      opened += 1;
    },
  });
  void answering.record();
  const seen: unknown[] = [];
  for (let second = 0; second < 3; second++) {
    await timers.advance(0);
    seen.push(state().phase);
    expect([said, opened > 0]).toEqual([[], true]);
    await timers.advance(1000);
  }
  expect(seen).toEqual([3, 2, 1].map((seconds) => ({ name: 'counting', question: 1, seconds })));
  expect([state().phase.name, said]).toEqual(['recording', ['began video/webm']]);
});

test('a session that ends during the count records nothing', async () => {
  const { answering, timers, said, store } = open();
  void answering.record();
  await timers.advance(1000);
  store.dispatch({ type: 'finished', receipt: null });
  await timers.advance(10_000);
  expect([store.get().phase.name, said]).toEqual(['finished', []]);
});

test('"Answer now" ends the time to think, and another take of the question has none', async () => {
  const { answering, timers, state, end } = open({ thinkSeconds: 20, maxTakes: 2 });
  void answering.record();
  await timers.advance(3000);
  answering.answerNow();
  await timers.advance(COUNT_MS);
  expect(state().phase.name).toBe('recording');
  answering.end();
  end('stop');
  void answering.record();
  await settle();
  expect(state().phase.name).not.toBe('thinking');
});

test('neither a reload nor a clock that was set back makes the time to think longer', async () => {
  const { answering, timers } = open({
    thinkSeconds: 20,
    progress: { thinking: { question: 1, until: 1_008_000 } },
  });
  void answering.record();
  await timers.advance(0);
  expect(answering.live().thinkLeftMs).toBe(8000);
  const back = open({ thinkSeconds: 20, progress: { thinking: { question: 1, until: 9_000_000 } } });
  void back.answering.record();
  await back.timers.advance(0);
  expect(back.answering.live().thinkLeftMs).toBe(20_000);
});

test('takes that the candidate ended are counted; a take that was interrupted is not', async () => {
  const { answering, record, end, progress, left } = open({ maxTakes: 3 });
  await record();
  answering.end();
  expect(left()).toBe(2);
  end('track');
  expect(left()).toBe(2);
  expect(progress().recordedMs).toEqual({ 1: 5000 });
});

test('a take without a byte is dropped, and the question is asked again', async () => {
  const { record, end, said, ends, state } = open();
  await record();
  end('track', { keptBytes: 0 });
  await settle();
  expect(state()).toMatchObject({ phase: { name: 'requesting', question: 1 }, alert: { code: 'camera-busy' } });
  expect([said, ends]).toEqual([['began video/webm', 'dropped'], []]);
});

test('a camera that goes away while the candidate thinks is an alert, and the question can be asked again', async () => {
  let gone = false;
  const camera = async () => {
    if (gone) throw new DOMException('', 'NotReadableError');
  };
  const { answering, record, timers, state } = open({ thinkSeconds: 5, camera });
  void answering.record();
  await timers.advance(0);
  gone = true;
  await timers.advance(5000);
  expect(state()).toMatchObject({ phase: { name: 'requesting', question: 1 }, alert: { code: 'camera-busy' } });
  gone = false;
  await record();
  expect(state().phase.name).toBe('recording');
});

test('a take with a hole is not counted, and the candidate decides on it', async () => {
  const { answering, record, end, ends, left } = open({ maxTakes: 3, muted: true });
  await record();
  answering.end();
  expect([left(), ends]).toMatchObject([3, [{ why: { cause: 'muted', alert: null } }]]);
  await record();
  end('track');
  expect(ends[1]?.why).toEqual({ cause: 'interrupted', alert: { code: 'recording-interrupted' } });
});

test('an error of the device’s store is never shown as one of the camera', async () => {
  const cause = new DOMException('No room', 'AbortError');
  const kept = open({ refused: new NotKeptError('', { cause }) });
  await kept.record();
  expect(kept.state().alert).toEqual({ code: 'storage-refused', detail: 'No room' });
});

test('an error of the preview is never shown as one of the device’s store, and an overtaken opening shows none', async () => {
  const error = () => Promise.reject(new DOMException('closed', 'InvalidStateError'));
  const closed = open({ camera: error });
  await closed.record();
  expect(closed.state().alert?.code).toBe('unexpected');
  let fail: () => void = () => {};
  let opens = 0;
  const overtaken = open({
    camera: () =>
      opens++ === 0 ? new Promise<void>((_, reject) => (fail = () => reject(new Error()))) : Promise.resolve(),
  });
  const first = overtaken.answering.record();
  await overtaken.record();
  fail();
  await first;
  expect(overtaken.state()).toMatchObject({ phase: { name: 'recording' }, alert: null });
});

test('the lengths of takes that an earlier page left are saved for the receipt', () => {
  const { answering, progress } = open({ progress: { recordedMs: { 1: 100, 2: 200 } } });
  answering.saveLengths([
    { question: 1, recordedMs: 300 },
    { question: 3, recordedMs: 1 },
    { question: 3, recordedMs: 400 },
  ]);
  expect(progress().recordedMs).toEqual({ 1: 300, 2: 200, 3: 400 });
});

test.each(['error', 'silent'] as const)(
  'a recorder that brings nothing (%s) is followed by one of another type, without a click',
  async (reason) => {
    const { record, end, said, failed, ends, state, running } = open();
    await record();
    end(reason, { keptBytes: 0, recordedMs: 0 });
    await settle();
    expect(state()).toMatchObject({ phase: { name: 'recording' }, alert: { code: 'recording-restarted' } });
    expect([said, failed]).toEqual([['began video/webm', 'dropped', 'began video/mp4'], ['video/webm']]);
    end(reason, { keptBytes: 0, recordedMs: 0 });
    await settle();
    expect(running()?.firstChunkMs, 'the last one may be slow').toBe(15_000);
    expect(said.slice(3), 'the devices are opened anew').toEqual(['dropped', 'closed', 'began undefined']);
    end(reason, { keptBytes: 0, recordedMs: 0 });
    await settle();
    expect(state()).toMatchObject({ phase: { name: 'requesting' }, alert: { code: 'recorder-failed' } });
    expect(ends).toEqual([]);
  },
);

test('a recorder that breaks off at its beginning is followed by another; what it brought is sent, and costs no take', async () => {
  const { answering, record, end, said, state, progress } = open();
  await record();
  end('silent', { recordedMs: 1500, spokenMs: 6000 });
  await settle();
  expect(state()).toMatchObject({ phase: { name: 'recording' }, alert: { code: 'recording-restarted' } });
  expect(said).toEqual(['began video/webm', 'ended', 'began video/webm']);
  expect(progress().undecided, 'a reload asks about it').toMatchObject({ takeId: 'a', cause: 'interrupted' });
  answering.end();
  expect(progress()).toMatchObject({ takesUsed: { 1: 1 } });
  expect(progress().undecided).toBeUndefined();
});

test('a recorder that breaks off after the candidate has ended the answer begins no other', async () => {
  const { answering, record, end, state } = open({ lasts: true });
  await record();
  answering.end();
  expect(state().phase.name).toBe('gate');
  end('silent', { keptBytes: 0 });
  expect(state()).toMatchObject({ phase: { name: 'requesting' }, alert: { code: 'recorder-failed' } });
});

test('a recorder that fell silent in mid-answer: the candidate decides, and it costs no take', async () => {
  const { answering, record, end, ends, progress, left } = open({ maxTakes: 2 });
  await record();
  end('silent', { recordedMs: 3000, spokenMs: 7500 });
  expect(ends[0]?.why).toEqual({ cause: 'interrupted', alert: { code: 'recording-silent' } });
  expect([left(), progress().recordedMs, progress().spokenMs]).toEqual([2, { 1: 3000 }, { 1: 7500 }]);
  answering.saveLengths([{ question: 1, recordedMs: 3000 }]);
  expect(progress().spokenMs, 'the same take after a reload').toEqual({ 1: 7500 });
  answering.saveLengths([{ question: 1, recordedMs: 9000 }]);
  expect(progress().spokenMs, 'another one, which a reload cut').toEqual({});
});

test.each([
  [25_000, 3000, true],
  [25_000, 21_900, true],
  [25_000, 22_100, false],
  [600_000, 598_000, false],
  [2000, 400, true],
  [2000, 600, false],
])('of %i ms spoken, %i ms were recorded: asked about is %s', async (spokenMs, recordedMs, asked) => {
  const { record, end, ends, left } = open();
  await record();
  end('stop', { spokenMs, recordedMs });
  expect(ends[0]?.why).toEqual(asked ? { cause: 'short', alert: { code: 'recording-silent' } } : null);
  expect(left()).toBe(asked ? 1 : 0);
});

test('a take that was given up and ends late takes nothing from the one that runs', async () => {
  const { answering, record, end, timers, said } = open();
  await record();
  end('stop', { takeId: 'given up' });
  expect([answering.isRecording(), answering.take()?.takeId]).toEqual([true, 'a']);
  await timers.advance(60_000);
  expect(said, 'the time limit still holds').toContain('stopped');
});

test('a recorder that fails before the take has begun is not taken for one that runs', async () => {
  const { record, said, state } = open({ early: 'error' });
  await record();
  await settle();
  expect(state()).toMatchObject({ phase: { name: 'recording' }, alert: { code: 'recording-restarted' } });
  expect(said).toEqual(['began video/webm', 'dropped', 'began video/mp4']);
});

test('another device goes on while the camera is still opening: nothing is said of this one’s camera', async () => {
  let refuse: (error: Error) => void = () => {};
  const camera = () => new Promise<void>((_, reject) => (refuse = reject));
  const { answering, store, state } = open({ camera });
  void answering.record();
  store.dispatch({ type: 'elsewhere', unsent: 0 });
  refuse(new DOMException('The choice changed meanwhile', 'InvalidStateError'));
  await settle();
  expect([state().phase.name, state().alert]).toEqual(['elsewhere', null]);
});
