/** What an answer of the tus endpoint, or of something in its way, means for the upload: contract, sections 3 and 4. */
import { fromReprDigest, type ProblemBody, REPR_DIGEST, UPLOAD_COMPLETE } from '../server/wire.ts';

/** An HTTP answer, whichever way it came. */
export interface Answer {
  method: string;
  status: number;
  header(name: string): string | null | undefined;
  body: string;
}

/** Why an attempt ended without the server's confirmation. */
export type Failure =
  /** The same request may succeed later. `conflict`: the offset was another, HEAD tells which. `problem`: in the server's words.
   * `unanswered`: no server said so, the network failed. */
  | { kind: 'later'; reason: string; retryAfterMs: number; conflict?: true; problem?: Problem; unanswered?: true }
  /** The server does not know the upload (any more): create it again with the same takeId. */
  | { kind: 'gone'; reason: string }
  /** `final: false` for a token that may be restored. */
  | { kind: 'refused'; status: number; code: string; detail: string; final: boolean };

const LATER = new Set([408, 423, 425, 429]);

/** What the server's problem+json says: its stable code, and the sentence for people. */
export interface Problem {
  code: string;
  detail: string;
}

/** Judges an answer that did not bring what was asked for. */
export function judge(answer: Answer): Failure {
  const { method, status } = answer;
  const reason = `${method} was answered with ${status}`;
  const retryAfterMs = Math.max(0, Number(answer.header('Retry-After')) || 0) * 1000;
  const later = { kind: 'later', reason, retryAfterMs } as const;
  if (!isOfEndpoint(answer.header)) return { ...later, reason: `${reason}, and not by the endpoint` };
  if (status === 503) return { ...later, problem: problemOf(answer) };
  if (status < 400 || status >= 500 || LATER.has(status)) return later;
  if (status === 409 && method !== 'POST') return { ...later, conflict: true };
  if ((status === 404 || status === 410) && method !== 'POST') return { kind: 'gone', reason };
  return { kind: 'refused', status, ...problemOf(answer), final: status !== 401 };
}

/**
 * Whether the endpoint itself answered, and not a proxy or a hotel's log-in page in its way, whose words say nothing of the
 * upload: ours refuses in problem+json; of any other tus server "The Tus-Resumable header MUST be included in every request
 * and response" (tus 1.0.0).
 */
function isOfEndpoint(header: Answer['header']): boolean {
  return /^application\/problem\+json/i.test(header('Content-Type') ?? '') || Boolean(header('Tus-Resumable'));
}

/** What tus-js-client throws: its DetailedError bears the answer, where there was one. */
export interface TusError {
  message: string;
  originalRequest?: { getMethod(): string };
  originalResponse?: { getStatus(): number; getHeader(name: string): string | undefined; getBody(): string } | null;
}

/** Judges a failure of tus-js-client; one without an answer is the network's, or the device's store's. */
export function judgeError({ message, originalRequest, originalResponse: response }: TusError): Failure {
  if (!response) return { kind: 'later', reason: message, retryAfterMs: 0, unanswered: true };
  return judge({
    method: originalRequest?.getMethod() ?? '',
    status: response.getStatus(),
    header: (name) => response.getHeader(name),
    body: response.getBody(),
  });
}

function problemOf({ status, method, body }: Answer): Problem {
  // An answer to HEAD has no body to say so.
  const fallback = {
    code: status === 415 ? 'not-a-recording' : `http-${status}`,
    detail: `${method} was answered with ${status}`,
  };
  try {
    const { code, detail, title } = JSON.parse(body) as Partial<ProblemBody>;
    return { code: code ?? fallback.code, detail: detail ?? title ?? fallback.detail };
  } catch {
    return fallback;
  }
}

/** The server's SHA-256 (base64) where it confirms that the answer is whole and placed, else null. */
export function confirmedDigest(header: Answer['header']): string | null {
  return header(UPLOAD_COMPLETE)?.trim() === '?1' ? fromReprDigest(header(REPR_DIGEST)) : null;
}

/** The bytes the server holds, or null where the answer does not say. */
export function offsetOf(header: Answer['header']): number | null {
  const value = header('Upload-Offset') ?? '';
  return /^\d+$/.test(value) ? Number(value) : null;
}

/**
 * Whether the server tells of its own accord when an answer is complete. Only of such a one is it known that it accepts an
 * equal length twice (contract, section 4): a cut in the PATCH that declares it would else be fatal (field note 4).
 */
export function tellsCompletion(header: Answer['header']): boolean {
  return header(UPLOAD_COMPLETE) !== null && header(UPLOAD_COMPLETE) !== undefined;
}
