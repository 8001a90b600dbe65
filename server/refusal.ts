import type { Log } from './app.ts';
import { type Problem, problem, problemOf } from './problem.ts';
import { TUS_VERSION } from './upload-headers.ts';

/** Tells the log what its reader should know of an error, and its sender what to do. */
export type Refuse = (error: unknown, requestId: string) => Problem;

export function createRefuse(log: Log): Refuse {
  return (error, requestId) => {
    const refusal = problemOf(error);
    if (!refusal) {
      log.error({ id: requestId, err: error }, 'unexpected error');
      return problem('internal', { extra: { requestId } });
    }
    const { status, code, cause, message } = refusal;
    // Without a cause nothing is wrong here: the peer went away, or it was logged where it happened.
    if (status >= 500) log[cause === undefined ? 'info' : 'error']({ id: requestId, code, err: cause }, message);
    return refusal;
  };
}

/** What @tus/server or the storage threw, as one of ours. Unknown errors keep their cause for the log. */
export function toProblem(error: unknown): Problem {
  const known = problemOf(error);
  if (known) return known;
  const { status_code: status, body } = error as { status_code?: number; body?: string };
  if (status === 404 || status === 410) return problem('upload-not-found');
  if (status === 413) return problem('answer-too-large');
  // "If the version specified by the Client is not supported by the Server, it MUST respond with the 412 Precondition
  // Failed status and MUST include the Tus-Version header in the response."
  if (status === 412) return problem('tus-version', { headers: { 'Tus-Version': TUS_VERSION } });
  if (status !== undefined && status < 500) return problem('invalid-tus-request', { detail: (body ?? '').trim() });
  return problem('unavailable', { cause: error });
}

/** As `toProblem`. "The Tus-Resumable header MUST be included in every request and response except for OPTIONS requests." */
export function toTusProblem(error: unknown): Problem {
  const refusal = toProblem(error);
  refusal.headers['Tus-Resumable'] = TUS_VERSION;
  return refusal;
}
