/** One session on two devices, as the page of each follows it: a scripted server, recorder and upload queue. */
import { expect, test } from 'vitest';
import { createFlow } from '../../../client/interview/flow.ts';
import { createOtherDevice } from '../../../client/interview/other-device.ts';
import { createStore } from '../../../client/interview/store.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

type Options = Parameters<typeof createFlow>[0];
const question = { text: '?', thinkSeconds: 0, maxSeconds: 60, maxTakes: 1 };

function open({ held = [] as number[], unsent = [] as number[] } = {}) {
  const store = createStore();
  const timers = createManualTimers();
  const did: string[] = [];
  /** What the server says. */
  const server = { answered: [] as number[], arriving: [] as number[], elsewhere: false, state: 'open' as const };
  const script = {
    recording: false,
    server: server as Omit<typeof server, 'state'> & { state: 'open' | 'finished' },
    /** What each request waits for, and whether it comes through. */
    way: Promise.resolve(true),
  };
  const queue = {
    open: async () => [],
    unsent: () => unsent.map((index) => ({ takeId: `t${index}`, question: index, recordedMs: 1, refused: false })),
    status: () => ({ takes: unsent.map((index) => ({ question: index })) }),
    enterGate: (takeId: string) => did.push(`gate ${takeId}`),
  } as unknown as Options['queue'];
  const session = {
    token: () => 'to ken',
    who: () => ({ token: 'to ken', userName: 'A', folder: 'f', currentIndex: 0 }),
    async lookUp() {
      // A response takes its time, and the interview goes on meanwhile.
      if (!(await script.way)) return 'unknown' as const;
      const { state, ...told } = script.server;
      store.dispatch({ type: 'answered', ...told });
      return state;
    },
    async finish() {
      did.push('finish');
      store.dispatch({ type: 'finishing', gate: { kind: 'uploading' } });
    },
  };
  let saved: { held?: number[] | undefined } = { held };
  const otherDevice = createOtherDevice({
    ...{ store, session, queue, timers },
    loginAddress: () => 'https://tresgo.example/?lang=vi',
    onLooked: (state) => flow.looked(state),
  });
  const flow = createFlow({
    ...{ store, queue, session, otherDevice },
    savedRecord: { load: () => saved, save: (change: object) => (saved = { ...saved, ...change }) },
    spool: { list: async () => [], clear: async () => {} },
    preview: { close: () => did.push('close'), tune: async () => {} },
    adaptiveQuality: { quality: () => null, resume() {} },
    answering: {
      saveLengths() {},
      answerNow() {},
      isRecording: () => script.recording,
      async record() {
        store.dispatch({ type: 'request' });
        did.push('record');
      },
    },
    check: { open: async () => void store.dispatch({ type: 'check' }) },
    decision: { pending: () => null, ask: () => did.push('ask') },
    warnings: { end() {} },
  } as unknown as Options);
  const questions = [1, 2].map((index) => ({ index, ...question }));
  store.dispatch({ type: 'loaded', title: 'Interview', gate: 'each', questions, answered: [] });
  return {
    ...{ flow, store, timers, did, script, otherDevice },
    state: () => store.get(),
    async begin() {
      await flow.begin({ folder: 'f', uploadEndpoint: '/files' } as Parameters<typeof flow.begin>[0]);
      flow.start();
      await settle();
    },
  };
}

test('the link has the token and the questions whose answer this device holds, or awaits, in its fragment', async () => {
  const { otherDevice, begin, store } = open({ held: [1], unsent: [2] });
  await begin();
  expect(otherDevice.link()).toBe('https://tresgo.example/?lang=vi#t=to%20ken&held=1,2');
  store.dispatch({ type: 'answered', answered: [1, 2] });
  expect(otherDevice.link()).toBe('https://tresgo.example/?lang=vi#t=to%20ken');
});

test('once the link was shown, a log-in on another device ends what this one does', async () => {
  const { otherDevice, begin, timers, script, did, state } = open();
  await begin();
  expect(state().phase).toMatchObject({ name: 'requesting', question: 1 });
  otherDevice.link();
  script.server.elsewhere = true;
  await timers.advance(4000);
  expect(state().phase).toEqual({ name: 'elsewhere', unsent: 0 });
  expect(did.at(-1)).toBe('close');
});

test('once the link was shown, nothing is recorded before the server was asked anew and has answered', async () => {
  const { otherDevice, flow, begin, timers, script, did, state, store } = open();
  await begin();
  otherDevice.link();
  store.dispatch({ type: 'recording', takeId: 't' });
  store.dispatch({ type: 'stopped' });
  const ways: Array<(through: boolean) => void> = [];
  script.way = new Promise((resolve) => ways.push(resolve));
  // Asked into a dead network.
  await timers.advance(4000);
  script.server.elsewhere = true;
  script.way = new Promise((resolve) => ways.push(resolve));
  store.dispatch({ type: 'answered', answered: [1] });
  store.dispatch({ type: 'gate', takeId: 't', gate: { kind: 'open' } });
  did.length = 0;
  const going = flow.proceed();
  ways[0]?.(false);
  await timers.advance(8000);
  expect(did).toEqual([]);
  ways[1]?.(true);
  await going;
  await settle();
  expect(did).not.toContain('record');
  expect(state().phase.name).toBe('elsewhere');
});

test('a take that records comes to its end; then nothing more is recorded, and nothing is finished', async () => {
  const { flow, begin, script, did, state, store } = open();
  await begin();
  store.dispatch({ type: 'recording', takeId: 't' });
  script.recording = true;
  store.dispatch({ type: 'answered', answered: [], elsewhere: true });
  flow.looked('open');
  expect(state().phase.name).toBe('recording');
  script.recording = false;
  store.dispatch({ type: 'stopped' });
  store.dispatch({ type: 'answered', answered: [1, 2] });
  store.dispatch({ type: 'gate', takeId: 't', gate: { kind: 'open' } });
  await flow.proceed();
  expect(state().phase).toEqual({ name: 'elsewhere', unsent: 0 });
  expect(did).not.toContain('finish');
});

test('before it finishes, the page asks whether the session has gone to another device', async () => {
  const { flow, begin, script, did, state, store } = open();
  await begin();
  store.dispatch({ type: 'answered', answered: [1, 2] });
  script.server.elsewhere = true;
  await flow.proceed();
  expect(state().phase.name).toBe('elsewhere');
  expect(did).not.toContain('finish');
});

test('the page that was left ends with the session', async () => {
  const { begin, timers, script, did, store } = open();
  await begin();
  store.dispatch({ type: 'elsewhere', unsent: 0 });
  script.server.state = 'finished';
  await timers.advance(4000);
  expect(did).toContain('finish');
});

test('a question whose answer another device holds is passed over, and awaited before the end', async () => {
  const { flow, begin, timers, script, did, state, store } = open({ held: [1] });
  await begin();
  expect(state().phase).toMatchObject({ name: 'requesting', question: 2 });
  store.dispatch({ type: 'answered', answered: [2] });
  await flow.proceed();
  expect(state().phase).toEqual({ name: 'awaiting', question: 1 });
  await timers.advance(8000);
  expect(state().phase.name).toBe('awaiting');
  script.server.answered = [1, 2];
  await timers.advance(4000);
  expect(did.at(-1)).toBe('finish');
});

test('an awaited answer can be given here instead', async () => {
  const { flow, begin, state, store } = open({ held: [1] });
  await begin();
  store.dispatch({ type: 'answered', answered: [2], arriving: [1] });
  await flow.proceed();
  flow.answerHere();
  await settle();
  expect(state().phase).toMatchObject({ name: 'requesting', question: 1 });
});

test('a question whose answer is arriving is awaited; one that arrives no more is asked', async () => {
  const { begin, timers, script, state, store } = open();
  script.server.arriving = [1];
  store.dispatch({ type: 'answered', answered: [], arriving: [1] });
  await begin();
  expect(state().phase).toEqual({ name: 'awaiting', question: 1 });
  script.server.arriving = [];
  await timers.advance(4000);
  expect(state().phase).toMatchObject({ name: 'requesting', question: 1 });
});

test.each([
  ['the device check', { type: 'check' }],
  ['the consent', { type: 'consent', stage: 'asking' }],
  ['the time to think', { type: 'thinking' }],
  ['the countdown', { type: 'counting', seconds: 2 }],
] as const)('a session that was finished elsewhere ends here too, and nothing is recorded: in %s', async (_, event) => {
  const { flow, begin, did, store } = open();
  await begin();
  store.dispatch(event);
  flow.looked('finished');
  await settle();
  expect(did.slice(-2)).toEqual(['close', 'finish']);
});

test('“Start interview” on a page whose session was finished elsewhere begins no recording', async () => {
  const { flow, begin, otherDevice, script, did, store } = open();
  await begin();
  store.dispatch({ type: 'check' });
  otherDevice.link();
  script.server.state = 'finished';
  did.length = 0;
  flow.start();
  await settle();
  expect(did).toEqual(['close', 'finish']);
});

test('while “Start interview” waits for the server, the question is on the screen, and nothing else can be begun', async () => {
  const { begin, otherDevice, flow, store, script, did, state, timers } = open();
  await begin();
  store.dispatch({ type: 'check' });
  otherDevice.link();
  let respond = (_through: boolean) => {};
  script.way = new Promise((resolve) => (respond = resolve));
  did.length = 0;
  flow.start();
  await timers.advance(5000);
  store.dispatch({ type: 'practice', stage: 'counting', seconds: 3 });
  expect([state().phase, did]).toEqual([{ name: 'requesting', question: 1 }, []]);
  script.server.answered = [1];
  respond(true);
  await settle();
  expect([state().phase, did]).toEqual([{ name: 'requesting', question: 2 }, ['close', 'record']]);
});

test('a question that was answered elsewhere since is not asked again: the next one is', async () => {
  const { begin, script, did, state } = open();
  script.server.answered = [1];
  await begin();
  expect(state().phase).toMatchObject({ name: 'requesting', question: 2 });
  expect(did.filter((each) => each === 'record')).toHaveLength(2);
});

test('an answer that another device is just ending is awaited, not asked again', async () => {
  const { begin, timers, script, state } = open();
  script.server.arriving = [1];
  await begin();
  expect(state().phase).toEqual({ name: 'awaiting', question: 1 });
  script.server.answered = [1];
  script.server.arriving = [];
  await timers.advance(4000);
  expect(state().phase).toMatchObject({ name: 'requesting', question: 2 });
});

/** A page that is asked for question 1 over a slow network: the response has not come in time. */
async function openSlow() {
  const page = open();
  let respond = (_through: boolean) => {};
  page.script.way = new Promise((resolve) => (respond = resolve));
  await page.begin();
  await page.timers.advance(5000);
  expect(page.state().phase).toMatchObject({ name: 'requesting', question: 1 });
  return { ...page, respond: () => respond(true) };
}

test.each([
  ['reading', { type: 'reading' }],
  ['thinking', { type: 'thinking' }],
  ['the countdown', { type: 'counting', seconds: 1 }],
] as const)('a response that comes late still spares a question that does not record yet: in %s', async (_, event) => {
  for (const part of ['answered', 'arriving'] as const) {
    const { store, script, state, respond } = await openSlow();
    store.dispatch(event);
    script.server[part] = [1];
    respond();
    await settle();
    expect(state().phase).toMatchObject(
      part === 'answered' ? { name: 'requesting', question: 2 } : { name: 'awaiting', question: 1 },
    );
  }
});

test('a question that is answered again counts as answered already, and is asked all the same', async () => {
  const { flow, store, script, state, respond } = await openSlow();
  store.dispatch({ type: 'recording', takeId: 't' });
  store.dispatch({ type: 'stopped' });
  const decision = { question: 1, takeId: 't', recordedMs: 1, cause: 'review', takesLeft: 1 } as const;
  store.dispatch({ type: 'recovered', ...decision, gate: { kind: 'open' } });
  store.dispatch({ type: 'again' });
  flow.decided(null);
  script.server.answered = [1];
  respond();
  await settle();
  expect(state()).toMatchObject({ phase: { name: 'requesting', question: 1 }, answered: [1] });
});
