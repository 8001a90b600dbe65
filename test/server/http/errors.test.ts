import { describe, expect, test } from 'vitest';
import { createReportError, problemOf, toProblem } from '../../../server/http/errors.ts';
import { problem } from '../../../server/http/problem.ts';
import { StorageError, type StorageErrorCode } from '../../../storage/index.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

test.each([
  ['no-upload', 404, 'upload-not-found'],
  ['take-whole', 403, 'upload-finished'],
  ['too-many-uploads', 429, 'too-many-uploads'],
  ['session-finished', 409, 'session-finished'],
  ['token-revoked', 401, 'unauthorized'],
  ['upload-damaged', 503, 'upload-damaged'],
  ['disk-full', 507, 'disk-full'],
  ['catalog-busy', 503, 'unavailable'],
  ['session-busy', 503, 'unavailable'],
  ['not-placed', 503, 'unavailable'],
] as const)('storage’s %s is sent as %i %s, the same to tus and to any other client', (code, status, expected) => {
  const error = new StorageError(code, 'secret words of the log', { cause: new Error('EIO') });
  for (const sent of [toProblem(error), createReportError(silent)(error, 'id')]) {
    expect(sent).toMatchObject({ status, code: expected, cause: error });
    expect(sent.body).not.toContain('secret');
  }
});

test.each<StorageErrorCode>(['token-taken', 'interview-taken', 'take-exists', 'no-session', 'catalog-unusable'])(
  'storage’s %s is foreseen by no request',
  (code) => {
    const error = new StorageError(code, 'secret words of the log');
    expect(problemOf(error)).toBeNull();
    expect(toProblem(error).code).toBe('unavailable');
    expect(createReportError(silent)(error, 'id').code).toBe('internal');
  },
);

test.each([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['SQLITE_FULL', 'disk-full'],
  ['SQLITE_BUSY', 'unavailable'],
  ['SQLITE_BUSY_SNAPSHOT', 'unavailable'],
])('%s of the system or of SQLite is %s', (code, expected) => {
  expect(problemOf(Object.assign(new Error('write'), { code }))?.code).toBe(expected);
});

test.each([undefined, null, 'text', new Error('a bug'), { code: 'toString' }])('%o is no error of storage', (error) => {
  expect(problemOf(error)).toBeNull();
});

describe('the log of what repeats', () => {
  function createTimed() {
    const lines: Array<Record<string, unknown>> = [];
    const time = { nowMs: 0 };
    const error = (details: object, message: string) => void lines.push({ ...details, message });
    return { lines, time, report: createReportError({ ...silent, error }, () => time.nowMs) };
  }

  test('a full disk is one line a minute, without a stack, however many are refused', () => {
    const { lines, time, report } = createTimed();
    for (; time.nowMs < 180_000; time.nowMs += 100) {
      const cause = new Error(`${time.nowMs} bytes are free, the floor is 1000000000`);
      expect(report(problem('disk-full', { cause }), `request ${time.nowMs}`).status).toBe(507);
    }
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatchObject({
      code: 'disk-full',
      heldBack: 599,
      reason: expect.stringContaining('60000 bytes'),
    });
    expect(JSON.stringify(lines).length).toBeLessThan(1_000);
  });

  test('so is the same fault of the catalog, with its cause; another fault is a line of its own', () => {
    const { lines, time, report } = createTimed();
    const fault = (code: string) => problem('unavailable', { cause: Object.assign(new Error(code), { code }) });
    for (; time.nowMs < 120_000; time.nowMs += 1_000) report(fault('SQLITE_IOERR'), 'id');
    report(fault('EIO'), 'id');
    expect(lines.map(({ err }) => (err as Error).message)).toEqual(['SQLITE_IOERR', 'SQLITE_IOERR', 'EIO']);
  });

  test('of an error that was not foreseen every id is logged, and its stack once a minute', () => {
    const { lines, report } = createTimed();
    for (const id of ['first', 'second']) report(new TypeError('a bug'), id);
    expect(lines).toMatchObject([
      { id: 'first', err: expect.any(TypeError) },
      { id: 'second', reason: 'TypeError: a bug' },
    ]);
    expect(lines[1]?.err).toBeUndefined();
  });
});
