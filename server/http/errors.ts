import { type StorageErrorCode, storageCodeOf } from '../../storage/index.ts';
import { createCountRepeats, heldBackOf, type Log } from './log.ts';
import { Problem, type ProblemCode, problem } from './problem.ts';

/**
 * The problem that a client is sent for each error of storage. Null: no request should meet this error, so it is
 * handled like any other unforeseen one.
 */
const problems = {
  'data-folder-unusable': null,
  'catalog-unusable': null,
  'data-folder-claimed': null,
  'no-data-folder': null,
  'no-backup': null,
  'folder-in-use': null,
  'catalog-busy': 'unavailable',
  'disk-full': 'disk-full',
  'token-taken': null,
  'interview-taken': null,
  // The tus endpoint responds with the take that exists; a take of a form has an id of its own.
  'take-exists': null,
  'take-whole': 'upload-finished',
  'too-many-uploads': 'too-many-uploads',
  'no-upload': 'upload-not-found',
  'bytes-differ': 'offset-conflict',
  'upload-damaged': 'upload-damaged',
  'no-session': null,
  'session-busy': 'unavailable',
  'session-finished': 'session-finished',
  'token-revoked': 'unauthorized',
  'not-placed': 'unavailable',
} as const satisfies Record<StorageErrorCode, ProblemCode | null>;

/**
 * Gives the problem of a foreseen error: one that is a problem already, or one of storage. Null for any other error.
 */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  const code = storageCodeOf(error);
  const ours = code && problems[code];
  return ours && problem(ours, { cause: error });
}

/** What differs between two errors of one kind: numbers and ids. */
const PARTICULARS = /[0-9a-f]{8}[0-9a-f-]*|\d+/gi;
const kindOf = (code: ProblemCode, cause: unknown) => `${code}: ${cause}`.replace(PARTICULARS, '#');

/** Logs an error and gives the problem that its client is sent. */
export type ReportError = (error: unknown, requestId: string) => Problem;

/**
 * Creates the function that logs errors. An error that is not foreseen becomes `internal`: its client is sent the id of
 * the request and nothing else of it. What repeats is logged once a minute; of an unforeseen error each id is logged,
 * and once a minute where it was thrown.
 * @param nowMs a monotonic clock
 */
export function createReportError(log: Log, nowMs?: () => number): ReportError {
  const countRepeats = createCountRepeats(nowMs);
  return (error, requestId) => {
    const known = problemOf(error);
    if (!known) {
      const count = countRepeats(kindOf('internal', error));
      const why = count === null ? { reason: String(error) } : { err: error };
      log.error({ id: requestId, ...why }, 'unexpected error');
      return problem('internal', { extra: { requestId } });
    }
    const { status, code, cause, message } = known;
    if (status < 500) return known;
    const isFull = code === 'disk-full';
    const count = countRepeats(isFull ? code : kindOf(code, cause ?? message));
    if (count === null) return known;
    // A problem without a cause is no fault of this server: the client went away, or the cause was logged before.
    if (cause === undefined) log.info({ id: requestId, code, ...heldBackOf(count) }, message);
    else {
      // Where a full disk was met says nothing, and takes room.
      const why = isFull ? { reason: String(cause) } : { err: cause };
      log.error({ id: requestId, code, ...why, ...heldBackOf(count) }, message);
    }
    return known;
  };
}

/**
 * Gives the problem of an error: `unavailable`, with the error as its cause for the log, where nothing else is
 * foreseen.
 */
export function toProblem(error: unknown): Problem {
  return problemOf(error) ?? problem('unavailable', { cause: error });
}
