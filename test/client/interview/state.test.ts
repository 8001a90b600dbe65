import { describe, expect, test } from 'vitest';
import type { Event, InterviewState, Phase } from '../../../client/interview/state.ts';
import { currentQuestion, initial, isLast, nextQuestion, reduce } from '../../../client/interview/state.ts';
import type { Gate } from '../../../client/upload/events.ts';
import type { Question } from '../../../server/wire.ts';

const questions: Question[] = [1, 2, 3].map((index) => ({
  index,
  text: `Question ${index}?`,
  thinkSeconds: 0,
  maxSeconds: 600,
  maxTakes: 1,
}));
const devices = {
  cameras: [{ id: 'c', label: 'Camera' }],
  microphones: [{ id: 'm', label: 'Microphone' }],
  cameraId: 'c',
  microphoneId: 'm',
};
const uploading: Gate = { kind: 'uploading' };
const open: Gate = { kind: 'open' };

function play(events: Event[], from: InterviewState = initial): InterviewState {
  return events.reduce(reduce, from);
}

function loaded(answered: number[] = []): InterviewState {
  return play([{ type: 'loaded', title: 'Interview', gate: 'each', questions, answered }]);
}

function inPhase(phase: Phase, answered: number[] = []): InterviewState {
  return { ...loaded(answered), phase };
}

/** The events of one answer whose gate opens. */
function answer(takeId: string): Event[] {
  return [
    { type: 'request' },
    { type: 'recording', takeId },
    { type: 'stopped' },
    { type: 'gate', takeId, gate: { kind: 'waiting', seconds: 2 } },
    { type: 'gate', takeId, gate: { kind: 'failed' } },
    { type: 'gate', takeId, gate: open },
  ];
}

test('a whole interview, from the first load to the end', () => {
  const state = play(
    [{ type: 'check' }, { type: 'devices', ...devices }, ...answer('a'), ...answer('b'), ...answer('c')],
    loaded(),
  );
  expect(state.answered).toEqual([1, 2, 3]);
  const closing = reduce(state, { type: 'request' });
  expect(closing.phase).toEqual({ name: 'finishing', gate: uploading });
  expect(reduce(closing, { type: 'finished', receipt: null }).phase).toEqual({ name: 'finished' });
});

describe('every phase can be left', () => {
  const gates: Gate[] = [uploading, { kind: 'waiting', seconds: 4 }, { kind: 'failed' }];
  const ways: [string, Phase, Event, Phase['name']][] = [
    ['loading', { name: 'loading' }, { type: 'check' }, 'checking'],
    ['checking', { name: 'checking', ready: true, ...devices }, { type: 'request' }, 'requesting'],
    ['requesting', { name: 'requesting', question: 1 }, { type: 'recording', takeId: 'a' }, 'recording'],
    ['recording', { name: 'recording', question: 1, takeId: 'a' }, { type: 'stopped' }, 'gate'],
    ['open gate', { name: 'gate', question: 1, takeId: 'a', gate: open }, { type: 'request' }, 'requesting'],
    ['finishing', { name: 'finishing', gate: { kind: 'failed' } }, { type: 'finished', receipt: null }, 'finished'],
    ['practice', { name: 'practice', stage: 'recording' }, { type: 'practice', stage: 'watching' }, 'practice'],
    ['watching the practice', { name: 'practice', stage: 'watching' }, { type: 'check' }, 'checking'],
    ['thinking', { name: 'thinking', question: 1 }, { type: 'recording', takeId: 'a' }, 'recording'],
    ['thinking, the camera gone', { name: 'thinking', question: 1 }, { type: 'request' }, 'requesting'],
    ['paused', { name: 'paused' }, { type: 'request' }, 'requesting'],
  ];
  test.each(ways)('%s', (_, phase, event, next) => {
    expect(reduce(inPhase(phase), event).phase.name).toBe(next);
  });

  test.each(gates)('a gate that is $kind opens', (gate) => {
    const state = inPhase({ name: 'gate', question: 1, takeId: 'a', gate });
    const opened = reduce(state, { type: 'gate', takeId: 'a', gate: open });
    expect(opened.phase).toMatchObject({ name: 'gate', gate: open });
    expect(opened.answered).toEqual([1]);
  });

  test.each([...gates, open])('a recovered take can be kept or replaced while its gate is $kind', (gate) => {
    const state = inPhase(
      { name: 'recovered', question: 2, takeId: 'a', recordedMs: 5000, cause: 'reload', takesLeft: 0, gate },
      [1],
    );
    expect(reduce(state, { type: 'keep' }).phase).toEqual({ name: 'gate', question: 2, takeId: 'a', gate });
    expect(reduce(state, { type: 'again' }).phase).toEqual({ name: 'requesting', question: 2 });
  });
});

describe('a question opens only after its gate', () => {
  test.each<Gate>([uploading, { kind: 'waiting', seconds: 8 }, { kind: 'failed' }])('not while it is $kind', (gate) => {
    const state = inPhase({ name: 'gate', question: 1, takeId: 'a', gate });
    expect(reduce(state, { type: 'request' })).toBe(state);
  });

  test('not while recording', () => {
    const state = inPhase({ name: 'recording', question: 1, takeId: 'a' });
    expect(reduce(state, { type: 'request' })).toBe(state);
  });

  test('then the next question that is not answered opens, whatever the order', () => {
    expect(play([{ type: 'request' }], loaded([1, 3])).phase).toEqual({ name: 'requesting', question: 2 });
    expect(nextQuestion(loaded([2]))).toBe(1);
    expect(nextQuestion(loaded([1, 2, 3]))).toBeNull();
  });
});

describe('a take that the candidate did not end', () => {
  const take = { question: 2, takeId: 'a', recordedMs: 5000, takesLeft: 0 };

  test('refused by the server, its question can only be answered again', () => {
    const failed = { kind: 'failed' } as const;
    const state = reduce(inPhase({ name: 'gate', question: 2, takeId: 'a', gate: uploading }, [1]), {
      ...{
        type: 'recovered',
        ...take,
        cause: 'refused',
        gate: failed,
        alert: { code: 'refused', detail: 'too large' },
      },
    });
    expect(state.alert).toEqual({ code: 'refused', detail: 'too large' });
    expect(reduce(state, { type: 'keep' })).toBe(state);
    expect(reduce(state, { type: 'again' }).phase).toEqual({ name: 'requesting', question: 2 });
  });

  test('why the recording stopped is still shown when the gate of the take opens', () => {
    const alert = { code: 'recording-interrupted' } as const;
    const state = reduce(inPhase({ name: 'recording', question: 2, takeId: 'a' }, [1]), {
      ...{ type: 'recovered', ...take, cause: 'interrupted', gate: uploading, alert },
    });
    expect(reduce(state, { type: 'gate', takeId: 'a', gate: open }).alert).toEqual(alert);
  });

  test('without a byte, its question is asked again', () => {
    const nothing = { type: 'nothing', takeId: 'a', alert: { code: 'camera-busy' } } as const;
    for (const phase of [
      { name: 'recording', question: 2, takeId: 'a' },
      { name: 'gate', question: 2, takeId: 'a', gate: uploading },
    ] as const) {
      expect(reduce(inPhase(phase), nothing).phase).toEqual({ name: 'requesting', question: 2 });
      const later = inPhase({ ...phase, takeId: 'b' });
      expect(reduce(later, nothing)).toBe(later);
    }
  });
});

describe('late events change nothing', () => {
  test.each<Phase>([
    { name: 'requesting', question: 2 },
    { name: 'recording', question: 2, takeId: 'b' },
    { name: 'gate', question: 2, takeId: 'b', gate: uploading },
    { name: 'recovered', question: 2, takeId: 'b', recordedMs: 1000, cause: 'reload', takesLeft: 1, gate: uploading },
    { name: 'finishing', gate: uploading },
    { name: 'finished' },
  ])('of an old take in $name', (phase) => {
    const state = inPhase(phase, [1]);
    for (const gate of [uploading, open, { kind: 'failed' } as const]) {
      expect(reduce(state, { type: 'gate', takeId: 'a', gate })).toBe(state);
    }
  });

  test('of the same take after its gate has opened', () => {
    const state = inPhase({ name: 'gate', question: 1, takeId: 'a', gate: open }, [1]);
    expect(reduce(state, { type: 'gate', takeId: 'a', gate: { kind: 'failed' } })).toBe(state);
  });

  test('of the recorder and of the devices outside their phase', () => {
    const state = inPhase({ name: 'gate', question: 1, takeId: 'a', gate: uploading });
    const late: Event[] = [
      { type: 'stopped' },
      { type: 'recording', takeId: 'x' },
      { type: 'devices', ...devices },
      { type: 'keep' },
      { type: 'again' },
    ];
    for (const event of late) expect(reduce(state, event)).toBe(state);
  });
});

describe('with gate "end"', () => {
  const ahead = (recorded: number[], phase: Phase): InterviewState => ({ ...inPhase(phase), gate: 'end', recorded });
  const shut: Phase = { name: 'gate', question: 1, takeId: 'a', gate: { kind: 'failed' } };

  test('a question opens once the take before it is whole on the device', () => {
    expect(reduce(ahead([], shut), { type: 'request' }).phase).toEqual(shut);
    const kept = reduce(ahead([], shut), { type: 'kept-whole', question: 1 });
    expect(reduce(kept, { type: 'request' }).phase).toEqual({ name: 'requesting', question: 2 });
    expect(isLast(kept, 2)).toBe(false);
    expect(isLast(ahead([1, 2], shut), 3)).toBe(true);
  });

  test('with gate "each" a whole take opens no question', () => {
    const kept = reduce({ ...ahead([], shut), gate: 'each' }, { type: 'kept-whole', question: 1 });
    expect(reduce(kept, { type: 'request' }).phase).toEqual(shut);
    expect(nextQuestion(kept)).toBe(1);
  });

  test('recorded is not answered: the candidate waits at the gates before the finish', () => {
    const all = ahead([1, 2, 3], { name: 'gate', question: 3, takeId: 'c', gate: uploading });
    expect(nextQuestion(all)).toBeNull();
    expect(all.answered).toEqual([]);
    expect(reduce(all, { type: 'gate', takeId: 'c', gate: open }).answered).toEqual([3]);
  });
});

describe('a pause', () => {
  const gate: Phase = { name: 'gate', question: 1, takeId: 'a', gate: open };

  test('comes before the next question, and ends with that question', () => {
    const paused = play([{ type: 'pausing', on: true }, { type: 'paused' }], inPhase(gate, [1]));
    expect(paused).toMatchObject({ pausing: true, phase: { name: 'paused' } });
    const next = reduce(paused, { type: 'request' });
    expect(next).toMatchObject({ pausing: false, phase: { name: 'requesting', question: 2 } });
  });

  test('never comes while a take is not safe, nor after the last question', () => {
    const shut = inPhase({ ...gate, gate: uploading });
    expect(reduce(shut, { type: 'paused' })).toBe(shut);
    const done = inPhase({ ...gate, question: 3 }, [1, 2, 3]);
    expect(reduce(done, { type: 'paused' })).toBe(done);
  });
});

test('the question whether a very short answer ends is asked only while it records', () => {
  const asks = { type: 'short', short: true } as const;
  const answering = inPhase({ name: 'recording', question: 1, takeId: 'a' });
  expect(reduce(answering, asks).phase).toEqual({ name: 'recording', question: 1, takeId: 'a', short: true });
  expect(reduce(reduce(answering, asks), { type: 'stopped' }).phase).not.toHaveProperty('short');
  const later = inPhase({ name: 'gate', question: 1, takeId: 'a', gate: uploading });
  expect(reduce(later, asks)).toBe(later);
});

test('the practice question begins only at the device check', () => {
  const answering = inPhase({ name: 'requesting', question: 1 });
  expect(reduce(answering, { type: 'practice', stage: 'recording' })).toBe(answering);
});

test('an answer once confirmed stays confirmed, whatever the server says later', () => {
  const state = reduce(loaded([1, 2]), { type: 'answered', answered: [3] });
  expect(state.answered).toEqual([1, 2, 3]);
  expect(reduce(state, { type: 'answered', answered: [1] }).answered).toEqual([1, 2, 3]);
});

test('an interview that begins anew follows the server: an answer that the server lost is asked again', () => {
  const state = play([{ type: 'kept-whole', question: 2 }], loaded([1, 2, 3]));
  const again = reduce(state, { type: 'loaded', title: 'Interview', gate: 'end', questions, answered: [1, 3] });
  expect([again.answered, again.recorded, nextQuestion(again)]).toEqual([[1, 3], [], 2]);
});

test('the answered questions are sorted, each of them once', () => {
  const gate: Event = { type: 'gate', takeId: 'a', gate: open };
  const second = inPhase({ name: 'gate', question: 2, takeId: 'a', gate: uploading }, [1, 3]);
  expect(reduce(second, gate).answered).toEqual([1, 2, 3]);
  const again = inPhase({ name: 'gate', question: 3, takeId: 'a', gate: uploading }, [1, 3]);
  expect(reduce(again, gate).answered).toEqual([1, 3]);
});

describe('alerts', () => {
  test('a refused permission keeps the phase, and asking again keeps the question', () => {
    const refused = play(
      [{ type: 'alert', alert: { code: 'permission-refused' } }],
      inPhase({ name: 'requesting', question: 2 }, [1, 2]),
    );
    expect(refused.phase).toEqual({ name: 'requesting', question: 2 });
    const asked = reduce(refused, { type: 'request' });
    expect(asked).toMatchObject({ alert: null, phase: { name: 'requesting', question: 2 } });
  });

  test('that the recording was interrupted is still shown at the gate', () => {
    const state = play(
      [{ type: 'alert', alert: { code: 'recording-interrupted' } }, { type: 'stopped' }],
      inPhase({ name: 'recording', question: 1, takeId: 'a' }),
    );
    expect(state).toMatchObject({ alert: { code: 'recording-interrupted' }, phase: { name: 'gate' } });
  });
});

test('the current question, and which question is the last', () => {
  const state = inPhase({ name: 'requesting', question: 3 }, [1]);
  expect(currentQuestion(state)).toBe(questions[2]);
  expect(isLast(state, 3)).toBe(false);
  expect(isLast(loaded([1, 2]), 3)).toBe(true);
  // Only question 2 is left.
  expect(isLast(loaded([1, 3]), 2)).toBe(true);
  // Answered again, question 3 is still the last.
  expect(isLast(loaded([1, 2, 3]), 3)).toBe(true);
  expect(currentQuestion(loaded())).toBeNull();
});
