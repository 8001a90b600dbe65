import { problemOf, toProblem } from '../http/errors.ts';
import { type Problem, problem } from '../http/problem.ts';
import { TUS_VERSION } from './headers.ts';

/** Translates what @tus/server, the storage or the system threw into a problem with the headers that tus asks for. */
export function toTusProblem(error: unknown): Problem {
  const translated = withTusStatus(problemOf(error) ?? ofStatus(error) ?? toProblem(error));
  // "The Tus-Resumable header MUST be included in every request and response except for OPTIONS requests."
  translated.headers['Tus-Resumable'] = TUS_VERSION;
  return translated;
}

/** On this endpoint 409 is of the offset alone: a client that is sent one asks HEAD, and would never end. */
function withTusStatus(known: Problem): Problem {
  if (known.code !== 'session-finished' || known.status === 403) return known;
  return problem('session-finished', { status: 403, detail: known.message, cause: known.cause });
}

/** An error of @tus/server: an object with `status_code` and a text `body`. Null for any other, and for its 5xx. */
function ofStatus(error: unknown): Problem | null {
  const { status_code: status, body } = (error ?? {}) as { status_code?: number; body?: string };
  if (status === undefined || status >= 500) return null;
  if (status === 404 || status === 410) return problem('upload-not-found');
  if (status === 413) return problem('answer-too-large');
  // "If the version specified by the Client is not supported by the Server, it MUST respond with the 412 Precondition
  // Failed status and MUST include the Tus-Version header in the response."
  if (status === 412) return problem('tus-version', { headers: { 'Tus-Version': TUS_VERSION } });
  return problem('invalid-tus-request', { detail: (body ?? '').trim() });
}
