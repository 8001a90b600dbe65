import { expect, test } from 'vitest';
import { ApiError } from '../../client/api.ts';
import { createRetrySchedule } from '../../client/retry-schedule.ts';
import { createSessionCalls } from '../../client/session-calls.ts';
import type { FinishSessionAnswer } from '../../server/wire.ts';
import { createManualTimers } from '../support/manual-timers.ts';

const refusal = (status: number, code: string) => new ApiError({ asked: 'a test', status, code, detail: code });

/** A server that answers with these, one after the other, then 200. */
function open(refusals: ApiError[]) {
  const timers = createManualTimers();
  const waits: string[] = [];
  const told: string[] = [];
  const schedule = createRetrySchedule({
    timers,
    onGate: (gate) => waits.push(gate.kind === 'waiting' ? `${gate.seconds}` : gate.kind),
  });
  const finishSession = async () => {
    const next = refusals.shift();
    if (next) throw next;
    return closed;
  };
  const api = { finishSession, startSession: () => Promise.reject(new Error('not asked')) };
  const calls = createSessionCalls({ api, schedule, onRefusal: ({ code }, later) => told.push(`${code} ${later}`) });
  return { calls, timers, waits, told };
}

const closed: FinishSessionAnswer = {
  ok: true,
  receipt: { folder: 'folder', finishedAt: '2026-11-24T03:00:00.000Z', answers: [] },
};
const session = { token: 'secret', folder: 'folder', questionsCount: 5 };

test.each([
  ['no network', refusal(0, 'offline')],
  ['a hotel’s log-in page', refusal(200, 'bad-gateway')],
  ['a full disk', refusal(507, 'disk-full')],
  ['a withdrawn token that is restored', refusal(401, 'unauthorized')],
])('%s is waited for: 2, then 4 s', async (_, error) => {
  const { calls, timers, waits, told } = open([error, error]);
  const result = calls.finish(session);
  for (let second = 0; second < 8; second++) await timers.advance(1000);
  expect(await result).toBe(closed);
  expect(waits).toEqual(['2', '1', '4', '3', '2', '1']);
  expect(told).toEqual(Array(2).fill(`${error.code} ${error.status !== 401}`));
});

test.each([
  ['missing', refusal(409, 'answers-missing'), []],
  ['refused', refusal(404, 'session-not-found'), ['session-not-found false']],
] as const)('%s is an answer', async (result, error, said) => {
  const { calls, waits, told } = open([error]);
  expect(await calls.finish(session)).toBe(result);
  expect([waits, told]).toEqual([[], said]);
});
