/** Opening, asking about, and closing the session, against a scripted server and a device that remembers. */
import { expect, test } from 'vitest';
import { ApiError, type FinishRequest, type StartRequest } from '../../../client/api.ts';
import { unknownAbout } from '../../../client/interview/about.ts';
import { createSavedRecord, type SavedProgress } from '../../../client/interview/saved-record.ts';
import { createSession } from '../../../client/interview/session.ts';
import type { SavedReceipt } from '../../../client/interview/state.ts';
import { createStore } from '../../../client/interview/store.ts';
import type { FinishSessionResponse, StartSessionResponse } from '../../../server/wire.ts';
import { settle } from '../../support/manual-timers.ts';

const questions = [1, 2].map((index) => ({ index, text: '?', thinkSeconds: 0, maxSeconds: 60, maxTakes: 1 }));
const start: StartSessionResponse = {
  ...{ ok: true, folder: 'folder', resumed: true, uploadEndpoint: '/files' },
  ...{ maxBytes: 500_000_000, expiresAt: null },
  ...{ interview: { title: 'Interview', gate: 'each' as const }, questions, answered: [1] },
};
const closed: FinishSessionResponse = {
  ok: true,
  receipt: { folder: 'folder', finishedAt: '2026-11-24T03:00:00.000Z', answers: [] },
};
const refusal = (status: number, code: string) => new ApiError({ asked: 'a test', status, code, detail: code });

interface Script {
  /** The responses to a start and to a finish; where absent, no response comes. */
  start?: (request: StartRequest) => Promise<StartSessionResponse>;
  finish?: (request: FinishRequest) => Promise<FinishSessionResponse>;
  progress?: SavedProgress;
  /** What the interview does once the session is open. */
  onOpen?: (session: ReturnType<typeof createSession>) => void;
  /** The store of the browser's tab. */
  tab?: ReturnType<typeof createTab>;
  /** Another tab holds the session until this resolves. */
  busyUntil?: Promise<void>;
}

function createTab() {
  const values = new Map<string, string>();
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  };
}

function open(script: Script) {
  const local = createTab();
  const savedRecord = createSavedRecord({ local: () => local, tab: () => script.tab ?? createTab() });
  savedRecord.set({ token: 'secret', userName: 'Nguyen Van A', folder: 'folder' });
  savedRecord.save(script.progress ?? {});
  const store = createStore();
  const did: string[] = [];
  let receipt: SavedReceipt | null = null;
  let earlier: unknown;
  const session = createSession({
    api: {
      verifyToken: () => Promise.reject(new Error('not asked')),
      startSession: script.start ?? (() => new Promise(() => {})),
      finishSession: script.finish ?? (() => new Promise(() => {})),
    },
    savedRecord,
    store,
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
    onEnd(given, before) {
      receipt = given;
      earlier = before;
      did.push('ended');
    },
  });
  return { session, savedRecord, did, state: store.get, receipt: () => receipt, earlier: () => earlier };
}

test('the response of the server opens the interview, and is remembered', async () => {
  const { session, savedRecord, did, state } = open({ start: async () => start });
  await session.open();
  expect(did).toEqual(['opened']);
  expect(state()).toMatchObject({ title: 'Interview', answered: [1], maxBytes: 500_000_000, alert: null });
  expect(savedRecord.load().sitting).toMatchObject({ folder: 'folder', answered: [1], maxBytes: 500_000_000 });
});

test('without a connection the device’s memory opens it, and the page follows the server later', async () => {
  let answer: (value: StartSessionResponse) => void = () => {};
  const later = new Promise<StartSessionResponse>((resolve) => (answer = resolve));
  const attempts = [() => Promise.reject(refusal(0, 'offline')), () => later];
  const { session, did, state } = open({
    start: () => attempts.shift()?.() ?? later,
    progress: { sitting: start },
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
])('the server says later that the session is over: %s', async (does, later) => {
  const attempts = [() => Promise.reject(refusal(0, 'offline')), later];
  const { session, did } = open({ start: () => attempts.shift()?.() ?? later(), progress: { sitting: start } });
  await session.open();
  expect(did).toEqual(['opened']);
  session.retryNow();
  await settle();
  expect(did).toEqual(['opened', does]);
});

test.each([
  [200, 'in-the-way'],
  [403, 'in-the-way'],
  [511, 'in-the-way'],
  [502, 'no-connection'],
  [429, 'no-connection'],
])('a response of %d that is not the server’s is told as %s', async (status, code) => {
  const { session, state } = open({ start: () => Promise.reject(refusal(status, 'bad-gateway')) });
  void session.open();
  await settle();
  expect(state().alert).toEqual({ code });
});

test('a second tab shows an alert, and reloads once the first is closed', async () => {
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
  const { session, savedRecord, did, receipt } = open({ start: async () => start, finish: async () => closed });
  await session.open();
  savedRecord.save({ recordedMs: { 1: 5000 } });
  const before: string[] = [];
  await session.finish(async () => before.push(`${did}`));
  expect(did).toEqual(['opened', 'ended']);
  expect(before).toEqual(['opened']);
  expect(receipt()).toEqual({
    ...closed.receipt,
    ...{ title: 'Interview', userName: 'Nguyen Van A', recordedMs: { 1: 5000 }, about: unknownAbout },
  });
  expect(savedRecord.get()).toBeNull();
});

test('a page that was lost after its finish asks for the receipt again', async () => {
  const { session, did, receipt } = open({ finish: async () => closed, progress: { finishing: 2, sitting: start } });
  await session.open();
  expect(did).toEqual(['ended']);
  expect(receipt()).toMatchObject({ title: 'Interview', folder: 'folder' });
});

test('the interview opens again where the server lacks answers', async () => {
  const { session, did, savedRecord } = open({
    start: async () => ({ ...start, answered: [] }),
    finish: () => Promise.reject(refusal(409, 'answers-missing')),
  });
  await session.open();
  await session.finish(async () => {});
  expect(did).toEqual(['opened', 'opened']);
  expect(savedRecord.load().finishing).toBeUndefined();
});

test('an answer that was confirmed and that the server lost is asked again', async () => {
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

test('a server that contradicts itself is not called again and again without a pause', async () => {
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

test('the upload engine asks for the state of the session: open, finished, unknown', async () => {
  const answers: Array<() => Promise<StartSessionResponse>> = [
    async () => start,
    async () => ({ ...start, answered: [1, 2] }),
    async () => ({ ...start, folder: 'another' }),
    () => Promise.reject(refusal(409, 'sessions-used-up')),
    () => Promise.reject(refusal(0, 'offline')),
  ];
  const { session, state } = open({ start: () => answers.shift()?.() ?? Promise.reject(refusal(0, 'offline')) });
  await session.open();
  const said = [await session.lookUp(), await session.lookUp(), await session.lookUp(), await session.lookUp()];
  expect(said, 'another folder does not say that this session is finished').toEqual([
    'open',
    'open',
    'finished',
    'unknown',
  ]);
  expect(state().answered).toEqual([1, 2]);
});

const consent = { text: 'We keep your video.', version: '2' };
const asking: StartSessionResponse = { ...start, interview: { ...start.interview, consent }, consented: null };

test('a consent is asked for before the interview opens, sent with its version, and not asked for again', async () => {
  const sent: unknown[] = [];
  const { session, did, state, savedRecord } = open({
    async start({ consent: version }) {
      sent.push(version);
      return version ? { ...asking, consented: version } : asking;
    },
  });
  const opening = session.open();
  await settle();
  expect([did, state().phase, state().about.consent]).toEqual([[], { name: 'consent', stage: 'asking' }, consent]);
  session.agree();
  await opening;
  expect([did, sent]).toEqual([['opened'], [undefined, '2']]);
  expect(savedRecord.load().sitting?.consented).toBe('2');
  const later = open({ progress: savedRecord.load(), start: () => Promise.reject(refusal(0, 'offline')) });
  await later.session.open();
  expect(later.did, 'without a connection the device remembers the consent').toEqual(['opened']);
});

test('a consent that can’t be sent waits in words, and goes on by itself or at once', async () => {
  let offline = true;
  const { session, did, state } = open({
    async start({ consent: version }) {
      if (version && offline) throw refusal(0, 'offline');
      return { ...asking, consented: version ?? null };
    },
  });
  const opening = session.open();
  await settle();
  session.agree();
  await settle();
  expect(state()).toMatchObject({ phase: { name: 'consent', stage: 'sending' }, alert: { code: 'no-connection' } });
  expect(did).toEqual([]);
  offline = false;
  session.retryNow();
  await opening;
  expect([did, state().alert]).toEqual([['opened'], null]);
});

test('who has agreed to this version is not asked; who has agreed to another one is', async () => {
  const given = open({ start: async () => ({ ...asking, consented: '2' }) });
  await given.session.open();
  expect(given.did).toEqual(['opened']);
  const older = open({ start: async () => ({ ...asking, consented: '1' }) });
  void older.session.open();
  await settle();
  expect(older.state().phase.name).toBe('consent');
});

test('a response that comes late does not make the page forget the consent', async () => {
  const { session, savedRecord } = open({
    start: () => Promise.reject(refusal(0, 'offline')),
    progress: { sitting: { ...asking, consented: '2' } },
  });
  await session.open();
  session.rememberAnswered([1, 2]);
  expect(savedRecord.load().sitting).toMatchObject({ consented: '2', answered: [1, 2] });
});

const body = {
  ...{ type: 'about:blank', title: 'x', status: 409, code: 'sessions-used-up', detail: 'x' },
  ...{ finished: true as const, finishedAt: '2026-11-24T03:00:00.000Z', answers: 2 },
};
const usedUp = new ApiError({ asked: 'a test', status: 409, code: 'sessions-used-up', detail: 'x', body });

test('a link that is opened after the end is told when it was, and the tab that closed it shows its receipt', async () => {
  const elsewhere = open({ start: () => Promise.reject(usedUp) });
  await elsewhere.session.open();
  expect(elsewhere.earlier()).toEqual({ finishedAt: '2026-11-24T03:00:00.000Z', answers: 2 });
  expect(elsewhere.receipt()).toBeNull();
  const tab = createTab();
  tab.setItem('tresgoReceipt', JSON.stringify(closed.receipt));
  const here = open({ start: () => Promise.reject(usedUp), tab });
  await here.session.open();
  expect(here.receipt()).toEqual(closed.receipt);
});

test('a session that was reopened opens again by a new log-in, although the tab has a receipt', async () => {
  const tab = createTab();
  tab.setItem('tresgoReceipt', JSON.stringify(closed.receipt));
  const { session, did, state } = open({ start: async () => ({ ...start, answered: [2] }), tab });
  await session.open();
  expect([did, state().answered]).toEqual([['opened'], [2]]);
});

test('a higher log-in than the device’s own means that another device continues; the first number told is the own one', async () => {
  let login = 1;
  const { session, savedRecord, state } = open({ start: async () => ({ ...start, login, arriving: [2] }) });
  await session.open();
  expect(savedRecord.load().login).toBe(1);
  expect(state()).toMatchObject({ elsewhere: false, arriving: [2] });
  login = 2;
  expect(await session.lookUp()).toBe('open');
  expect(savedRecord.load().login).toBe(1);
  expect(state().elsewhere).toBe(true);
});

test('a server that counts no log-ins, and the device’s memory, say nothing of other devices', async () => {
  const { session, savedRecord, state } = open({ start: async () => start, progress: { login: 1 } });
  await session.open();
  expect(savedRecord.load().login).toBe(1);
  expect(state()).toMatchObject({ elsewhere: false, arriving: [] });
});

test('a number that was told to a request which did not log in is never taken for the own one', async () => {
  let respond: (login: number) => void = () => {};
  const later = new Promise<StartSessionResponse>((resolve) => (respond = (login) => resolve({ ...start, login })));
  const responses = [Promise.resolve({ ...start, login: 1 }), later];
  const asked: number[] = [];
  const { session, savedRecord } = open({
    start({ login }) {
      asked.push(login);
      return responses.shift() ?? later;
    },
  });
  await session.open();
  const looking = session.lookUp();
  // "Continue here instead", pressed while the response is on its way: the page that is loaded next logs in.
  savedRecord.save({ login: undefined });
  respond(2);
  await looking;
  expect([asked, savedRecord.load().login]).toEqual([[0, 1], undefined]);
});

test('a new token by which another tab has logged in is the one that every call sends from then on', async () => {
  const sent: string[] = [];
  const { session, savedRecord } = open({
    async start({ token }) {
      sent.push(`start ${token}`);
      if (token === 'secret' && sent.length > 1) throw refusal(401, 'unauthorized');
      return start;
    },
    async finish({ token }) {
      sent.push(`finish ${token}`);
      if (token === 'secret') throw refusal(401, 'unauthorized');
      return closed;
    },
  });
  await session.open();
  const finishing = session.finish(async () => {});
  await settle();
  savedRecord.set({ token: 'reissued' });
  session.retryNow();
  await finishing;
  expect(sent).toEqual(['start secret', 'finish secret', 'finish reissued']);
});

test('a start that was refused goes on with the new token; uploads and calls send the same', async () => {
  const sent: string[] = [];
  const { session, savedRecord } = open({
    async start({ token }) {
      sent.push(token);
      if (token === 'secret') throw refusal(401, 'unauthorized');
      return start;
    },
  });
  const opening = session.open();
  await settle();
  savedRecord.set({ token: 'reissued' });
  session.retryNow();
  await opening;
  await session.lookUp();
  expect([sent, session.token()]).toEqual([['secret', 'reissued', 'reissued'], 'reissued']);
});
