/** A question from the request to the whole take, with a scripted recorder and a clock that moves when told to. */
import { expect, test } from 'vitest';
import { createAnswering, type Mishap } from '../../client/answering.ts';
import type { Notes } from '../../client/identity.ts';
import { type Event, initial, reduce, type Sitting } from '../../client/interview.ts';
import { DEFAULT_QUALITY } from '../../client/quality.ts';
import type { Sender } from '../../client/sender.ts';
import { NotKeptError, type TakeEnd, type TakeOptions } from '../../client/take.ts';
import { createManualTimers, settle } from '../support/manual-timers.ts';

function open({
  thinkSeconds = 0,
  maxTakes = 1,
  notes = {} as Notes,
  camera = () => Promise.resolve(),
  muted = false,
  refused = null as Error | null,
  ready = async () => {},
} = {}) {
  const timers = createManualTimers();
  const questions = [{ index: 1, text: '?', thinkSeconds, maxSeconds: 60, maxTakes }];
  let state: Sitting = reduce(initial, { type: 'loaded', title: '', gate: 'each', questions, answered: [] });
  let running: TakeOptions | null = null;
  const said: string[] = [];
  const ends: Array<{ end: TakeEnd; why: Mishap | null }> = [];
  let kept = notes;
  /** Names of what the device's store throws, one after the other, before it writes down an end. */
  const endings: string[] = [];
  const answering = createAnswering({
    state: () => state,
    dispatch: (event: Event) => {
      state = reduce(state, event);
    },
    identity: { set() {}, notes: () => kept, note: (change) => (kept = { ...kept, ...change }) },
    sender: () =>
      ({
        drop: async () => void said.push('dropped'),
        async end() {
          const error = endings.shift();
          if (error) throw new DOMException('The store said so', error);
        },
      }) as unknown as Sender,
    preview: { open: () => camera().then(() => ({}) as MediaStream) },
    ready,
    quality: () => DEFAULT_QUALITY,
    onBegin: () => said.push('began'),
    wasMuted: () => muted,
    onStop: () => said.push('stopped'),
    onEnd: (end, why) => ends.push({ end, why }),
    begin: async (options) => {
      if (refused) throw refused;
      running = options;
      const since = timers.now();
      const elapsedMs = () => timers.now() - since;
      return { takeId: 'a', question: 1, elapsedMs, stop: () => end('stop') };
    },
    timers,
    wallClock: () => 1_000_000 + timers.now(),
  });
  /** The recorder ends. */
  function end(reason: TakeEnd['reason'], keptBytes = 1000): void {
    running?.onEnd({ takeId: 'a', question: 1, reason, recordedMs: 5000, keptBytes });
  }
  return { answering, timers, said, ends, endings, end, state: () => state, notes: () => kept };
}

test('without a time to think it records at once, and stops by itself at the limit', async () => {
  const { answering, timers, said, ends, state } = open();
  await answering.record();
  expect(state().phase.name).toBe('recording');
  await timers.advance(59_999);
  expect([state().phase.name, answering.live().leftMs]).toEqual(['recording', 1]);
  await timers.advance(1);
  expect(state().phase.name).toBe('gate');
  expect(said).toEqual(['began', 'stopped']);
  expect(ends.map(({ why }) => why)).toEqual([null]);
});

test('nothing is recorded before it is known with what', async () => {
  let known: () => void = () => {};
  const { answering, said, state } = open({ ready: () => new Promise((resolve) => (known = resolve)) });
  const recording = answering.record();
  await settle();
  expect([state().phase.name, said]).toEqual(['requesting', []]);
  known();
  await recording;
  expect([state().phase.name, said]).toEqual(['recording', ['began']]);
});

test('a time to think counts down, then it records', async () => {
  const { answering, timers, state } = open({ thinkSeconds: 20 });
  void answering.record();
  await timers.advance(5000);
  expect([state().phase.name, answering.live().thinkLeftMs]).toEqual(['thinking', 15_000]);
  await timers.advance(15_000);
  expect([state().phase.name, answering.live().thinkLeftMs]).toEqual(['recording', null]);
});

test('"Answer now" ends it, and another take of the question has none', async () => {
  const { answering, timers, state, end } = open({ thinkSeconds: 20, maxTakes: 2 });
  void answering.record();
  await timers.advance(3000);
  answering.answerNow();
  await settle();
  expect(state().phase.name).toBe('recording');
  answering.next();
  end('stop');
  void answering.record();
  await settle();
  expect(state().phase.name).not.toBe('thinking');
});

test('a reload does not make it longer, nor does a clock that was set back', async () => {
  const { answering, timers } = open({ thinkSeconds: 20, notes: { thinking: { question: 1, until: 1_008_000 } } });
  void answering.record();
  await timers.advance(0);
  expect(answering.live().thinkLeftMs).toBe(8000);
  const back = open({ thinkSeconds: 20, notes: { thinking: { question: 1, until: 9_000_000 } } });
  void back.answering.record();
  await back.timers.advance(0);
  expect(back.answering.live().thinkLeftMs).toBe(20_000);
});

test('takes that the candidate ended are counted; one that broke off costs none', async () => {
  const { answering, end, notes } = open({ maxTakes: 3 });
  await answering.record();
  answering.next();
  expect(answering.takesLeft(1)).toBe(2);
  end('track');
  expect(answering.takesLeft(1)).toBe(2);
  expect(notes().recordedMs).toEqual({ 1: 5000 });
});

test('a take without a byte is dropped and the question asked again', async () => {
  const { answering, end, said, ends, state } = open();
  await answering.record();
  end('stop', 0);
  await settle();
  expect(state()).toMatchObject({ phase: { name: 'requesting', question: 1 }, alert: { code: 'camera-busy' } });
  expect([said, ends]).toEqual([['began', 'dropped'], []]);
});

test('a camera that goes while the candidate thinks is said, and the question can be asked again', async () => {
  let gone = false;
  const camera = async () => {
    if (gone) throw new DOMException('', 'NotReadableError');
  };
  const { answering, timers, state } = open({ thinkSeconds: 5, camera });
  void answering.record();
  await timers.advance(0);
  gone = true;
  await timers.advance(5000);
  expect(state()).toMatchObject({ phase: { name: 'requesting', question: 1 }, alert: { code: 'camera-busy' } });
  gone = false;
  await answering.record();
  expect(state().phase.name).toBe('recording');
});

test('a take with a hole in it costs none, and is the candidate’s to judge', async () => {
  const { answering, end, ends } = open({ maxTakes: 3, muted: true });
  await answering.record();
  answering.next();
  expect([answering.takesLeft(1), ends]).toMatchObject([3, [{ why: { cause: 'muted', alert: null } }]]);
  await answering.record();
  end('track');
  expect(ends[1]?.why).toEqual({ cause: 'interrupted', alert: { code: 'recording-interrupted' } });
});

test('what the device’s store says is never taken for the camera’s', async () => {
  const { answering, timers, endings, state } = open();
  endings.push('AbortError', 'NotFoundError');
  const done = answering.endInSpool('a');
  await timers.advance(0);
  expect(state().alert).toEqual({ code: 'storage-refused', detail: 'The store said so' });
  await timers.advance(2000);
  expect(state().alert?.code).toBe('storage-refused');
  await timers.advance(2000);
  await done;
  const cause = new DOMException('No room', 'AbortError');
  const kept = open({ refused: new NotKeptError('', { cause }) });
  await kept.answering.record();
  expect(kept.state().alert).toEqual({ code: 'storage-refused', detail: 'No room' });
});

test('what the preview says is never taken for the device’s store, and of an opening that was overtaken nothing is said', async () => {
  const error = () => Promise.reject(new DOMException('closed', 'InvalidStateError'));
  const closed = open({ camera: error });
  await closed.answering.record();
  expect(closed.state().alert?.code).toBe('unexpected');
  let fail: () => void = () => {};
  let opens = 0;
  const overtaken = open({
    camera: () =>
      opens++ === 0 ? new Promise<void>((_, reject) => (fail = () => reject(new Error()))) : Promise.resolve(),
  });
  const first = overtaken.answering.record();
  await overtaken.answering.record();
  fail();
  await first;
  expect(overtaken.state()).toMatchObject({ phase: { name: 'recording' }, alert: null });
});

test('the length of what an earlier page left is noted for the receipt', () => {
  const { answering, notes } = open({ notes: { recordedMs: { 1: 100, 2: 200 } } });
  answering.noteLengths([
    { question: 1, recordedMs: 300 },
    { question: 3, recordedMs: 1 },
    { question: 3, recordedMs: 400 },
  ]);
  expect(notes().recordedMs).toEqual({ 1: 300, 2: 200, 3: 400 });
});
