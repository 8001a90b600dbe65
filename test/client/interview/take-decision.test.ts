import { expect, test } from 'vitest';
import type { SavedProgress } from '../../../client/interview/saved-record.ts';
import { initial, reduce } from '../../../client/interview/state.ts';
import { createStore } from '../../../client/interview/store.ts';
import { createTakeDecision } from '../../../client/interview/take-decision.ts';
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import { createOverflowSpool } from '../../../client/spool/overflow-spool.ts';
import type { UploadQueue } from '../../../client/upload/upload-queue.ts';
import { settle } from '../../support/manual-timers.ts';

const take = { takeId: 'a', question: 1, recordedMs: 5000 };
const questions = [{ index: 1, text: '?', thinkSeconds: 0, maxSeconds: 60, maxTakes: 2 }];

async function open({
  unsent = true,
  undecided = undefined as SavedProgress['undecided'],
  answered = [] as number[],
} = {}) {
  const spool = createOverflowSpool({ durable: createMemorySpool(), onOverflow() {} });
  await spool.create({ ...take, folder: 'folder', mimeType: 'video/webm', startedAt: '2026-11-24T03:00:00.000Z' });
  await spool.append('a', new Uint8Array([1, 2, 3]).buffer, 5000);
  const loaded = reduce(initial, { type: 'loaded', title: '', gate: 'each', questions, answered });
  const store = createStore({ ...loaded, phase: { name: 'recording', question: 1, takeId: 'a' } });
  let progress: SavedProgress = { undecided };
  const did: string[] = [];
  const shown: Array<Blob | null> = [];
  const decision = createTakeDecision({
    store,
    savedRecord: { load: () => progress, save: (change) => (progress = { ...progress, ...change }) },
    spool,
    screen: { playback: (recording) => shown.push(recording) },
    queue: {
      unsent: () => (unsent ? [{ ...take, refused: false }] : []),
      enterGate: () => did.push('gate'),
      drop: async () => void did.push('dropped'),
    } as Partial<UploadQueue> as UploadQueue,
    onDecided: (kept) => did.push(`kept ${kept}`),
  });
  return { decision, spool, did, shown, state: store.get, progress: () => progress };
}

test('a question with takes left plays the take, and the open decision survives a reload', async () => {
  const { decision, did, shown, state, progress } = await open();
  decision.ask(take, 'review');
  await settle();
  expect(state().phase).toMatchObject({
    name: 'recovered',
    cause: 'review',
    takesLeft: 2,
    gate: { kind: 'uploading' },
  });
  expect(await shown[0]?.arrayBuffer()).toEqual(new Uint8Array([1, 2, 3]).buffer);
  expect(progress().undecided).toEqual({ ...take, cause: 'review' });
  decision.keep();
  expect([did, progress().undecided]).toEqual([['gate', 'kept 1'], undefined]);
});

test.each(['reload', 'interrupted'] as const)('a take that was cut short can be played as well: %s', async (cause) => {
  const { decision, shown } = await open();
  decision.ask(take, cause);
  await settle();
  expect(await shown[0]?.arrayBuffer()).toEqual(new Uint8Array([1, 2, 3]).buffer);
});

test('a take that is deleted from the device already is not played, and its gate is open', async () => {
  const { decision, spool, shown, state } = await open({ unsent: false });
  await spool.forget('a');
  decision.ask(take, 'review');
  await settle();
  expect([state().phase, shown]).toMatchObject([{ gate: { kind: 'open' } }, []]);
});

test('a reload between "Answer again" and the next take asks once more, but not about a take that was dropped', async () => {
  const { decision, did, progress } = await open();
  decision.ask(take, 'interrupted');
  await decision.again();
  expect(did).toEqual(['gate', 'kept null']);
  expect(decision.pending([take], new Set())).toEqual({ ...take, cause: 'interrupted' });
  const next = { ...take, takeId: 'b' };
  expect(decision.pending([take, next], new Set(['b']))).toEqual({ ...next, cause: 'reload' });
  decision.ask(take, 'interrupted');
  decision.ask(take, 'refused');
  await decision.again();
  expect(progress().undecided).toBeUndefined();
});

test('a take that was refused for good is dropped, and the question is asked again', async () => {
  const { decision, did, state } = await open();
  decision.ask(take, 'refused', { code: 'refused', detail: 'too large' });
  decision.keep();
  expect(did).toEqual([]);
  await decision.again();
  expect(did).toEqual(['dropped', 'kept null']);
  expect(state().phase).toEqual({ name: 'requesting', question: 1 });
});

test('after a reload the candidate decides on a take that was cut short, and on one with an open decision, for the same cause', async () => {
  const saved = { ...take, cause: 'review' as const };
  const { decision } = await open({ undecided: saved });
  expect(decision.pending([take], new Set())).toEqual(saved);
  // On a full device the end of the take could not be recorded.
  expect(decision.pending([take], new Set(['a']))).toEqual(saved);
  const cut = { ...take, takeId: 'b' };
  expect(decision.pending([take, cut], new Set(['b']))).toEqual({ ...cut, cause: 'reload' });
});

test('a take that is neither on the device nor at the server needs no decision', async () => {
  const undecided = { ...take, cause: 'reload' as const };
  const arrived = await open({ undecided, answered: [1] });
  expect(arrived.decision.pending([], new Set())).toEqual(undecided);
  const gone = await open({ undecided });
  expect([gone.decision.pending([], new Set()), gone.progress().undecided]).toEqual([null, undefined]);
});
