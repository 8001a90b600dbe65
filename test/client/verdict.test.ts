import { expect, test } from 'vitest';
import type { Notes } from '../../client/identity.ts';
import { type Event, initial, reduce, type Sitting } from '../../client/interview.ts';
import { createMemorySpool } from '../../client/memory-spool.ts';
import { createOverflowSpool } from '../../client/overflow-spool.ts';
import type { Sender } from '../../client/sender.ts';
import { createVerdict } from '../../client/verdict.ts';
import { settle } from '../support/manual-timers.ts';

const take = { takeId: 'a', question: 1, recordedMs: 5000 };
const questions = [{ index: 1, text: '?', thinkSeconds: 0, maxSeconds: 60, maxTakes: 3 }];

async function open({ unsent = true, undecided = undefined as Notes['undecided'], answered = [] as number[] } = {}) {
  const spool = createOverflowSpool({ durable: createMemorySpool(), onOverflow() {} });
  await spool.create({ ...take, folder: 'folder', mimeType: 'video/webm', startedAt: '2026-11-24T03:00:00.000Z' });
  await spool.append('a', new Uint8Array([1, 2, 3]).buffer, 5000);
  const loaded: Event = { type: 'loaded', title: '', gate: 'each', questions, answered };
  let state: Sitting = { ...reduce(initial, loaded), phase: { name: 'recording', question: 1, takeId: 'a' } };
  let notes: Notes = { undecided };
  const did: string[] = [];
  const shown: Array<Blob | null> = [];
  const verdict = createVerdict({
    state: () => state,
    dispatch: (event) => {
      state = reduce(state, event);
    },
    identity: { notes: () => notes, note: (change) => (notes = { ...notes, ...change }) },
    spool,
    view: { playback: (recording) => shown.push(recording) },
    sender: () =>
      ({
        unsent: () => (unsent ? [{ takeId: 'a' }] : []),
        enterGate: () => did.push('gate'),
        drop: async () => did.push('dropped'),
      }) as unknown as Sender,
    answering: { takesLeft: () => 2 },
    onDecided: (kept) => did.push(`kept ${kept}`),
  });
  return { verdict, spool, did, shown, state: () => state, notes: () => notes };
}

test('a question with takes left shows the take, and a reload does not forget that it was asked', async () => {
  const { verdict, did, shown, state, notes } = await open();
  verdict.ask(take, 'review');
  await settle();
  expect(state().phase).toMatchObject({
    name: 'recovered',
    cause: 'review',
    takesLeft: 2,
    gate: { kind: 'uploading' },
  });
  expect(await shown[0]?.arrayBuffer()).toEqual(new Uint8Array([1, 2, 3]).buffer);
  expect(notes().undecided).toEqual({ ...take, cause: 'review' });
  verdict.keep();
  expect([did, notes().undecided]).toEqual([['gate', 'kept 1'], undefined]);
});

test('what the device has let go of already is not shown, and its gate is open', async () => {
  const { verdict, spool, shown, state } = await open({ unsent: false });
  await spool.forget('a');
  verdict.ask(take, 'review');
  await settle();
  expect([state().phase, shown]).toMatchObject([{ gate: { kind: 'open' } }, []]);
});

test('a take that was refused for good is given up, and the question asked again', async () => {
  const { verdict, did, state } = await open();
  verdict.ask(take, 'refused', { code: 'refused', detail: 'too large' });
  verdict.keep();
  expect(did).toEqual([]);
  await verdict.again();
  expect(did).toEqual(['dropped', 'kept null']);
  expect(state().phase).toEqual({ name: 'requesting', question: 1 });
});

test('after a reload: a take that was cut short is asked about, and one that was asked about before, for the same reason', async () => {
  const noted = { ...take, cause: 'review' as const };
  const { verdict } = await open({ undecided: noted });
  expect(verdict.pending([take], new Set())).toEqual(noted);
  // The end of it could not be written down on a full device.
  expect(verdict.pending([take], new Set(['a']))).toEqual(noted);
  const cut = { ...take, takeId: 'b' };
  expect(verdict.pending([take, cut], new Set(['b']))).toEqual({ ...cut, cause: 'reload' });
});

test('a take that is neither on the device nor at the server is not shown as if it had arrived', async () => {
  const undecided = { ...take, cause: 'reload' as const };
  const arrived = await open({ undecided, answered: [1] });
  expect(arrived.verdict.pending([], new Set())).toEqual(undecided);
  const gone = await open({ undecided });
  expect([gone.verdict.pending([], new Set()), gone.notes().undecided]).toEqual([null, undefined]);
});
