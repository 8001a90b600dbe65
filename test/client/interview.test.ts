import { describe, expect, test } from 'vitest';
import type { Event, Gate, Phase, Sitting } from '../../client/interview.ts';
import { currentQuestion, initial, isLast, nextQuestion, reduce } from '../../client/interview.ts';
import type { Question } from '../../server/wire.ts';

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

function play(events: Event[], from: Sitting = initial): Sitting {
  return events.reduce(reduce, from);
}

function loaded(answered: number[] = []): Sitting {
  return play([{ type: 'loaded', title: 'Interview', questions, answered }]);
}

function inPhase(phase: Phase, answered: number[] = []): Sitting {
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

test('a whole sitting, from the first load to the end', () => {
  const state = play(
    [{ type: 'check' }, { type: 'devices', ...devices }, ...answer('a'), ...answer('b'), ...answer('c')],
    loaded(),
  );
  expect(state.answered).toEqual([1, 2, 3]);
  const closing = reduce(state, { type: 'request' });
  expect(closing.phase).toEqual({ name: 'finishing', gate: uploading });
  expect(reduce(closing, { type: 'finished' }).phase).toEqual({ name: 'finished' });
});

describe('every phase has a way on', () => {
  const gates: Gate[] = [uploading, { kind: 'waiting', seconds: 4 }, { kind: 'failed' }];
  const ways: [string, Phase, Event, Phase['name']][] = [
    ['loading', { name: 'loading' }, { type: 'check' }, 'checking'],
    ['checking', { name: 'checking', ready: true, ...devices }, { type: 'request' }, 'requesting'],
    ['requesting', { name: 'requesting', question: 1 }, { type: 'recording', takeId: 'a' }, 'recording'],
    ['recording', { name: 'recording', question: 1, takeId: 'a' }, { type: 'stopped' }, 'gate'],
    ['open gate', { name: 'gate', question: 1, takeId: 'a', gate: open }, { type: 'request' }, 'requesting'],
    ['finishing', { name: 'finishing', gate: { kind: 'failed' } }, { type: 'finished' }, 'finished'],
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
      { name: 'recovered', question: 2, takeId: 'a', recordedMs: 5000, cause: 'reload', gate },
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

  test('then the next one that is not answered, whatever the order', () => {
    expect(play([{ type: 'request' }], loaded([1, 3])).phase).toEqual({ name: 'requesting', question: 2 });
    expect(nextQuestion(loaded([2]))).toBe(1);
    expect(nextQuestion(loaded([1, 2, 3]))).toBeNull();
  });
});

describe('a take that something else ended', () => {
  const take = { question: 2, takeId: 'a', recordedMs: 5000 };

  test('refused by the server it can only be answered again', () => {
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

  test('why it stopped stays to be read when its gate opens', () => {
    const alert = { code: 'recording-interrupted' } as const;
    const state = reduce(inPhase({ name: 'recording', question: 2, takeId: 'a' }, [1]), {
      ...{ type: 'recovered', ...take, cause: 'interrupted', gate: uploading, alert },
    });
    expect(reduce(state, { type: 'gate', takeId: 'a', gate: open }).alert).toEqual(alert);
  });

  test('with not a byte in it, the question is asked again', () => {
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
    { name: 'recovered', question: 2, takeId: 'b', recordedMs: 1000, cause: 'reload', gate: uploading },
    { name: 'finishing', gate: uploading },
    { name: 'finished' },
  ])('of an old take in $name', (phase) => {
    const state = inPhase(phase, [1]);
    for (const gate of [uploading, open, { kind: 'failed' } as const]) {
      expect(reduce(state, { type: 'gate', takeId: 'a', gate })).toBe(state);
    }
  });

  test('of the same take once its gate is open', () => {
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

test('answered stays sorted and holds each question once', () => {
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

  test('that the recording was interrupted is still said at the gate', () => {
    const state = play(
      [{ type: 'alert', alert: { code: 'recording-interrupted' } }, { type: 'stopped' }],
      inPhase({ name: 'recording', question: 1, takeId: 'a' }),
    );
    expect(state).toMatchObject({ alert: { code: 'recording-interrupted' }, phase: { name: 'gate' } });
  });
});

test('the page knows its question, and which one is the last', () => {
  const state = inPhase({ name: 'requesting', question: 3 }, [1]);
  expect(currentQuestion(state)).toBe(questions[2]);
  expect(isLast(state, 3)).toBe(false);
  expect(isLast(loaded([1, 2]), 3)).toBe(true);
  // Question 2 is the only one left: nothing comes after it.
  expect(isLast(loaded([1, 3]), 2)).toBe(true);
  // Answered again, it is still the last.
  expect(isLast(loaded([1, 2, 3]), 3)).toBe(true);
  expect(currentQuestion(loaded())).toBeNull();
});
