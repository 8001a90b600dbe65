import { expect, test } from 'vitest';
import { failureOf } from '../../../server/cli/transcribe.ts';

test('every question that failed is named, and what several have in common is said once', () => {
  const reason = 'the engine ended with status 1';
  expect(
    failureOf([
      { question: 1, state: 'dead', reason },
      { question: 2, state: 'queued', reason: 'no model' },
      { question: 4, state: 'dead', reason },
    ]),
  ).toBe(
    'questions 1, 4 could not be transcribed ("tresgo job retry" begins it again): the engine ended with status 1; ' +
      'question 2 could not be transcribed (it is tried again by the server): no model',
  );
});
