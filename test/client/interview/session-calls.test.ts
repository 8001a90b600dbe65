import { expect, test } from 'vitest';
import { ApiError } from '../../../client/api.ts';
import type { SavedInterview } from '../../../client/interview/saved-record.ts';
import { createSessionCalls, openSession } from '../../../client/interview/session-calls.ts';
import { createRetrySchedule } from '../../../client/upload/retry-schedule.ts';
import type { FinishSessionResponse, StartSessionResponse } from '../../../server/wire.ts';
import { createManualTimers } from '../../support/manual-timers.ts';

const refusal = (status: number, code: string) => new ApiError({ asked: 'a test', status, code, detail: code });

/** A server that responds with these problems, one after the other, then with 200. */
function open(refusals: ApiError[]) {
  const timers = createManualTimers();
  const waits: string[] = [];
  const problems: string[] = [];
  const schedule = createRetrySchedule({
    timers,
    onGate: (gate) => waits.push(gate.kind === 'waiting' ? `${gate.seconds}` : gate.kind),
  });
  const finishSession = async () => {
    const next = refusals.shift();
    if (next) throw next;
    return closed;
  };
  const calls = createSessionCalls({
    start: () => Promise.reject(new Error('not asked')),
    finish: finishSession,
    schedule,
    onProblem: ({ code }, later) => problems.push(`${code} ${later}`),
  });
  return { calls, timers, waits, problems };
}

const closed: FinishSessionResponse = {
  ok: true,
  receipt: { folder: 'folder', finishedAt: '2026-11-24T03:00:00.000Z', answers: [] },
};

test.each([
  ['no network', refusal(0, 'offline')],
  ['a hotel’s log-in page', refusal(200, 'bad-gateway')],
  ['a full disk', refusal(507, 'disk-full')],
  ['a withdrawn token that is restored', refusal(401, 'unauthorized')],
])('%s is waited for: 2, then 4 s', async (_, error) => {
  const { calls, timers, waits, problems } = open([error, error]);
  const result = calls.finish(5);
  for (let second = 0; second < 8; second++) await timers.advance(1000);
  expect(await result).toBe(closed);
  expect(waits).toEqual(['2', '1', '4', '3', '2', '1']);
  expect(problems).toEqual(Array(2).fill(`${error.code} ${error.status !== 401}`));
});

test.each([
  ['missing', refusal(409, 'answers-missing'), []],
  ['refused', refusal(404, 'session-not-found'), ['session-not-found false']],
] as const)('%s ends the call', async (result, error, said) => {
  const { calls, waits, problems } = open([error]);
  expect(await calls.finish(5)).toBe(result);
  expect([waits, problems]).toEqual([[], said]);
});

const remembered = {
  folder: 'remembered',
  interview: { title: 'Interview', gate: 'each' },
  questions: [],
  answered: [1],
  uploadEndpoint: '/files',
} satisfies SavedInterview;
const response: StartSessionResponse = {
  ...remembered,
  ...{ ok: true, resumed: true, folder: 'from the server', maxBytes: 500_000_000, expiresAt: null },
};
const never = new Promise<void>(() => {});

/** A server that responds when `answer` is called. */
function openWith(from: { remembered?: SavedInterview; failed?: Promise<void>; patience?: Promise<void> }) {
  let answer: (value: StartSessionResponse) => void = () => {};
  const start = () => new Promise<StartSessionResponse>((resolve) => (answer = resolve));
  const opening = openSession({
    calls: { start },
    remembered: from.remembered,
    failed: from.failed ?? never,
    patience: () => from.patience ?? never,
  });
  return { opening, answer: () => answer(response) };
}

test('a response that comes in time opens the session', async () => {
  const { opening, answer } = openWith({ remembered });
  answer();
  expect(await opening).toEqual({ from: 'server', response });
});

test.each([
  ['no connection', { failed: Promise.resolve() }],
  ['a connection that delivers nothing', { patience: Promise.resolve() }],
])('%s: the device’s memory opens the session, and the response follows later', async (_, why) => {
  const { opening, answer } = openWith({ remembered, ...why });
  const opened = await opening;
  if (opened.from !== 'memory') throw new Error('expected the device’s memory');
  expect(opened.interview).toEqual(remembered);
  answer();
  expect(await opened.later).toEqual(response);
});

test('a device that remembers nothing waits for the server', async () => {
  const { opening, answer } = openWith({ failed: Promise.resolve(), patience: Promise.resolve() });
  const first = await Promise.race([opening, new Promise((resolve) => setImmediate(resolve, 'still waiting'))]);
  expect(first).toBe('still waiting');
  answer();
  expect(await opening).toEqual({ from: 'server', response });
});
