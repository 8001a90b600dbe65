/** Opening, asking about, and closing the session, against a scripted server and a device that remembers. */
import { expect, test } from 'vitest';
import { ApiError } from '../../client/api.ts';
import { createIdentityStore, type Notes } from '../../client/identity.ts';
import { initial, reduce, type SavedReceipt, type Sitting } from '../../client/interview.ts';
import { createSession } from '../../client/session.ts';
import type { FinishSessionAnswer, StartSessionAnswer } from '../../server/wire.ts';
import { settle } from '../support/manual-timers.ts';

const questions = [1, 2].map((index) => ({ index, text: '?', thinkSeconds: 0, maxSeconds: 60, maxTakes: 1 }));
const start: StartSessionAnswer = {
  ...{ ok: true, folder: 'folder', resumed: true, uploadEndpoint: '/files' },
  ...{ interview: { title: 'Interview', gate: 'each' as const }, questions, answered: [1] },
};
const closed: FinishSessionAnswer = {
  ok: true,
  receipt: { folder: 'folder', finishedAt: '2026-11-24T03:00:00.000Z', answers: [] },
};
const refusal = (status: number, code: string) => new ApiError({ asked: 'a test', status, code, detail: code });

interface Script {
  /** What the server says to a start, and to a finish; never, where absent. */
  start?: () => Promise<StartSessionAnswer>;
  finish?: () => Promise<FinishSessionAnswer>;
  notes?: Notes;
  /** What the sitting does once it is open. */
  onOpen?: (session: ReturnType<typeof createSession>) => void;
  /** Another tab holds the session until then. */
  busyUntil?: Promise<void>;
}

function open(script: Script) {
  const values = new Map<string, string>();
  const local = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  };
  const identity = createIdentityStore({ local: () => local });
  identity.set({ token: 'secret', userName: 'Nguyen Van A', folder: 'folder' });
  identity.note(script.notes ?? {});
  let state: Sitting = initial;
  const did: string[] = [];
  let receipt: SavedReceipt | null = null;
  const session = createSession({
    api: {
      verifyToken: () => Promise.reject(new Error('not asked')),
      startSession: script.start ?? (() => new Promise(() => {})),
      finishSession: script.finish ?? (() => new Promise(() => {})),
    },
    identity,
    state: () => state,
    dispatch: (event) => {
      state = reduce(state, event);
    },
    goToLogin: () => did.push('login'),
    reload: () => did.push('reload'),
    async claim(_folder, onBusy) {
      if (script.busyUntil) onBusy();
      await script.busyUntil;
    },
    async onOpen() {
      did.push('opened');
      script.onOpen?.(session);
    },
    onBack: () => did.push('back'),
    onEnd(given) {
      receipt = given;
      did.push('ended');
    },
  });
  return { session, identity, did, state: () => state, receipt: () => receipt };
}

test('the server’s word opens the sitting, and is remembered', async () => {
  const { session, identity, did, state } = open({ start: async () => start });
  await session.open();
  expect(did).toEqual(['opened']);
  expect(state()).toMatchObject({ title: 'Interview', answered: [1], alert: null });
  expect(identity.notes().sitting).toMatchObject({ folder: 'folder', answered: [1] });
});

test('without a connection the device’s memory does, and the server’s word is taken up later', async () => {
  let answer: (value: StartSessionAnswer) => void = () => {};
  const later = new Promise<StartSessionAnswer>((resolve) => (answer = resolve));
  const tries = [() => Promise.reject(refusal(0, 'offline')), () => later];
  const { session, did, state } = open({
    start: () => tries.shift()?.() ?? later,
    notes: { sitting: start },
  });
  await session.open();
  expect(did).toEqual(['opened']);
  expect(state()).toMatchObject({ answered: [1], alert: { code: 'working-offline' } });
  session.retryNow();
  await settle();
  answer({ ...start, answered: [1, 2] });
  await settle();
  expect(did).toEqual(['opened', 'back']);
  expect(state()).toMatchObject({ answered: [1, 2], alert: null });
});

test.each([
  ['reload', () => Promise.resolve({ ...start, folder: 'another' })],
  ['ended', () => Promise.reject(refusal(409, 'sessions-used-up'))],
])('what the server says later of a session that is over: %s', async (does, later) => {
  const tries = [() => Promise.reject(refusal(0, 'offline')), later];
  const { session, did } = open({ start: () => tries.shift()?.() ?? later(), notes: { sitting: start } });
  await session.open();
  expect(did).toEqual(['opened']);
  session.retryNow();
  await settle();
  expect(did).toEqual(['opened', does]);
});

test('a second tab says so, and begins anew once the first is gone', async () => {
  let free: () => void = () => {};
  const busyUntil = new Promise<void>((resolve) => (free = resolve));
  const { session, did, state } = open({ start: async () => start, busyUntil });
  const opening = session.open();
  await settle();
  expect([state().alert, did]).toEqual([{ code: 'second-tab' }, []]);
  free();
  await opening;
  expect(did).toEqual(['reload']);
});

test('the finish forgets the token and gives a receipt with what only the device knows', async () => {
  const { session, identity, did, receipt } = open({ start: async () => start, finish: async () => closed });
  await session.open();
  identity.note({ recordedMs: { 1: 5000 } });
  const before: string[] = [];
  await session.finish(async () => before.push(`${did}`));
  expect(did).toEqual(['opened', 'ended']);
  expect(before).toEqual(['opened']);
  expect(receipt()).toEqual({
    ...closed.receipt,
    ...{ title: 'Interview', userName: 'Nguyen Van A', recordedMs: { 1: 5000 } },
  });
  expect(identity.get()).toBeNull();
});

test('a page that was lost after its finish asks for the receipt once more', async () => {
  const { session, did, receipt } = open({ finish: async () => closed, notes: { finishing: 2, sitting: start } });
  await session.open();
  expect(did).toEqual(['ended']);
  expect(receipt()).toMatchObject({ title: 'Interview', folder: 'folder' });
});

test('answers that the server misses open the sitting again', async () => {
  const { session, did, identity } = open({
    start: async () => ({ ...start, answered: [] }),
    finish: () => Promise.reject(refusal(409, 'answers-missing')),
  });
  await session.open();
  await session.finish(async () => {});
  expect(did).toEqual(['opened', 'opened']);
  expect(identity.notes().finishing).toBeUndefined();
});

test('what this page saw confirmed and the server lost is asked for again', async () => {
  const says = [[1, 2], [1]];
  const { session, state } = open({
    start: async () => ({ ...start, answered: says.shift() ?? [] }),
    finish: () => Promise.reject(refusal(409, 'answers-missing')),
  });
  await session.open();
  expect(state().answered).toEqual([1, 2]);
  await session.finish(async () => {});
  expect(state().answered).toEqual([1]);
});

test('a server that contradicts itself is not asked on and on without a pause', async () => {
  let asked = 0;
  const { session, state } = open({
    start: async () => ({ ...start, answered: [1, 2] }),
    finish() {
      asked += 1;
      return Promise.reject(refusal(409, 'answers-missing'));
    },
    onOpen: (opened) => asked > 0 && void opened.finish(async () => {}),
  });
  await session.open();
  void session.finish(async () => {});
  for (let i = 0; i < 20; i++) await settle();
  expect(asked).toBe(2);
  expect(state().phase).toMatchObject({ name: 'finishing', gate: { kind: 'waiting', seconds: 2 } });
  session.retryNow();
  for (let i = 0; i < 20; i++) await settle();
  expect(asked).toBe(3);
});

test('asked by the engine: open, finished, unknown', async () => {
  const answers: Array<() => Promise<StartSessionAnswer>> = [
    async () => start,
    async () => ({ ...start, answered: [1, 2] }),
    async () => ({ ...start, folder: 'another' }),
    () => Promise.reject(refusal(409, 'sessions-used-up')),
    () => Promise.reject(refusal(0, 'offline')),
  ];
  const { session, state } = open({ start: () => answers.shift()?.() ?? Promise.reject(refusal(0, 'offline')) });
  await session.open();
  const said = [await session.lookUp(), await session.lookUp(), await session.lookUp(), await session.lookUp()];
  expect(said).toEqual(['open', 'finished', 'finished', 'unknown']);
  expect(state().answered).toEqual([1, 2]);
});
