/** The rules of HTTP that the server and its clients share. */
import { expect, test } from 'vitest';
import { answerFits, isProblemJson, isRetryable, parseRetryAfterMs } from '../../server/wire.ts';

const NOW = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');

test.each([
  ['30', 30_000],
  [' 0 ', 0],
  ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
  ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
  ['soon', null],
  ['', null],
  [null, null],
  [undefined, null],
])('Retry-After: %j is a wait of %j ms', (header, ms) => {
  expect(parseRetryAfterMs(header, NOW)).toBe(ms);
});

test('no response, a timeout, a lock, too early, too many, and every 5xx may succeed later; nothing else', () => {
  expect([0, 408, 423, 425, 429, 500, 502, 503, 504, 507].filter((status) => !isRetryable(status))).toEqual([]);
  expect([200, 302, 400, 401, 403, 404, 409, 410, 413, 415].filter(isRetryable)).toEqual([]);
});

test('a problem document is told by its media type, whatever its parameters', () => {
  const types = ['application/problem+json', 'Application/Problem+JSON; charset=utf-8', 'application/json', null];
  expect(types.map(isProblemJson)).toEqual([true, true, false, false]);
});

test('an answer fits where the lowest rate fills nine tenths of the largest answer at most', () => {
  // 60 s of 128 kbit/s are 960,000 bytes.
  expect(answerFits({ maxSeconds: 60, maxBytes: 1_066_667 })).toBe(true);
  expect(answerFits({ maxSeconds: 60, maxBytes: 1_066_666 })).toBe(false);
  expect(answerFits({ maxSeconds: 7200, maxBytes: 500_000_000 })).toBe(true);
});
