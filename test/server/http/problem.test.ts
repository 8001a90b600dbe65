import { expect, test } from 'vitest';
import { Problem, problem } from '../../../server/http/problem.ts';
import { toTusProblem } from '../../../server/tus/errors.ts';
import { refusalOf } from '../../support/tus/tus.ts';

test.each([
  ['upload-locked', 423],
  ['too-many-attempts', 429],
  ['unavailable', 503],
  ['disk-full', 507],
] as const)('%s (%i) may succeed later and says when', (code, status) => {
  const made = problem(code);
  expect(made.status).toBe(status);
  expect(Number(made.headers['Retry-After'])).toBeGreaterThan(0);
});

test.each([
  'unauthorized',
  'offset-conflict',
  'answer-too-large',
  'not-a-recording',
  'tus-version',
  'internal',
] as const)('%s asks for no repetition', (code) => {
  expect(problem(code).headers).not.toHaveProperty('Retry-After');
});

test('the same object is right in a handler and in a tus hook', async () => {
  const made = problem('answers-missing', {
    extra: { missing: [2] },
    cause: new Error('secret path'),
    headers: { X: 'y' },
  });
  expect([made.status_code, JSON.parse(made.body).code]).toEqual([409, 'answers-missing']);
  const response = made.toResponse();
  expect([response.headers.get('x'), response.headers.get('cache-control')]).toEqual(['y', 'no-store']);
  const document = await refusalOf(response);
  expect(document).toMatchObject({ type: 'about:blank', missing: [2] });
  expect(JSON.stringify(document)).not.toContain('secret path');
});

test.each([
  [{ status_code: 404, body: 'The file for this url was not found\n' }, 'upload-not-found'],
  [{ status_code: 410, body: '' }, 'upload-not-found'],
  [{ status_code: 412, body: 'Tus-Resumable Required\n' }, 'tus-version'],
  [{ status_code: 413, body: '' }, 'answer-too-large'],
  [{ status_code: 400, body: 'Invalid upload-length\n' }, 'invalid-tus-request'],
  [{ status_code: 500, body: 'Something went wrong: ENOENT /secret/path' }, 'unavailable'],
  [Object.assign(new Error('write'), { code: 'ENOSPC' }), 'disk-full'],
  [Object.assign(new Error('full'), { code: 'SQLITE_FULL' }), 'disk-full'],
  [Object.assign(new Error('open /secret/path'), { code: 'ENOENT' }), 'unavailable'],
  [Object.assign(new Error('database disk image is malformed'), { code: 'SQLITE_CORRUPT' }), 'unavailable'],
  [problem('unauthorized'), 'unauthorized'],
])('%o is %s, and reveals nothing of the machine', (error, code) => {
  const made = toTusProblem(error);
  expect(made).toBeInstanceOf(Problem);
  expect(made.code).toBe(code);
  expect(made.body).not.toContain('secret');
});
