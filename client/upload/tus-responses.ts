/**
 * What a response of the tus endpoint, or of something between it and the device, means for the upload:
 * docs/tus-endpoint.md.
 */
import {
  fromReprDigest,
  isProblemJson,
  isRetryable,
  type ProblemBody,
  parseRetryAfterMs,
  REPR_DIGEST,
  UPLOAD_COMPLETE,
} from '../../server/wire.ts';

/** A response to a tus request, sent by tus-js-client or by us. */
export interface TusResponse {
  /** Of the request. */
  method: string;
  status: number;
  header(name: string): string | null | undefined;
  body: string;
}

/** A request that did not reach the endpoint, or whose response did not come back. */
export interface LostRequest {
  /** The method that is meant: POST (a creation), HEAD or PATCH. */
  method: string;
  /** Of the response, which is not the endpoint's; null where no response came. */
  status: number | null;
  /** Bytes of the request's body. */
  bytes: number;
}

/** Why an attempt ended without the server's confirmation. */
export type Failure =
  /**
   * The same request may succeed later, at the earliest in `retryAfterMs`. `conflict`: the server holds another offset,
   * which HEAD returns. `problem`: the server's own words. `lost`: the endpoint said nothing; `unanswered`: nor did
   * anything else, the network failed.
   */
  | {
      kind: 'later';
      reason: string;
      retryAfterMs: number;
      conflict?: true;
      problem?: Problem;
      lost?: LostRequest;
      unanswered?: true;
    }
  /** The server does not know the upload: it must be created again with the same takeId. */
  | { kind: 'gone'; reason: string }
  /** The same request cannot succeed. `final: false` for a token that may be restored. */
  | { kind: 'refused'; status: number; code: string; detail: string; final: boolean };

/** The parts of a problem document that the engine passes on: the stable code, and the sentence for people. */
export interface Problem {
  code: string;
  detail: string;
}

/** Classifies a response that is not the expected one. */
export function classify(response: TusResponse): Failure {
  const { method, status } = response;
  const reason = `${method} was answered with ${status}`;
  const retryAfterMs = parseRetryAfterMs(response.header('Retry-After')) ?? 0;
  const later = { kind: 'later', reason, retryAfterMs } as const;
  if (!isOfEndpoint(response) || isOfAnotherMethod(response))
    return { ...later, reason: `${reason}, and not by the endpoint`, lost: { method, status, bytes: 0 } };
  if (status === 503) return { ...later, problem: problemOf(response) };
  if (status < 400 || isRetryable(status)) return later;
  if (status === 409 && method !== 'POST') return { ...later, conflict: true };
  if ((status === 404 || status === 410) && method !== 'POST') return { kind: 'gone', reason };
  return { kind: 'refused', status, ...problemOf(response), final: status !== 401 };
}

/**
 * Whether the response is the endpoint's own, and not that of a proxy or a captive portal, whose status says nothing
 * about the upload. "The Tus-Resumable header MUST be included in every request and response" (tus 1.0.0). What our
 * server refuses before it knows that the request is one of tus is a problem with one of our codes; gateways send
 * problem+json as well, but other codes or none.
 */
function isOfEndpoint({ header, body }: TusResponse): boolean {
  if (header('Tus-Resumable')) return true;
  return isProblemJson(header('Content-Type')) && CODE.test(parse(body).code ?? '');
}

/**
 * Whether the endpoint was asked something else than was meant: an upload that it does not know is `upload-not-found`, but
 * `not-found` is a POST to an upload, whose X-HTTP-Method-Override a proxy took away.
 */
function isOfAnotherMethod({ method, status, body }: TusResponse): boolean {
  return status === 404 && method !== 'POST' && parse(body).code === 'not-found';
}

/** How our codes are written, e.g. `upload-damaged`; gateways write `RequestEntityTooLarge` or `413`. */
const CODE = /^[a-z]+(-[a-z]+)*$/;

/** The parts that we read of an error of tus-js-client: its DetailedError holds the response, where there was one. */
export interface TusError {
  message: string;
  originalRequest?: { getMethod(): string };
  originalResponse?: { getStatus(): number; getHeader(name: string): string | undefined; getBody(): string } | null;
}

/** Classifies an error of tus-js-client; one without a response is the network's, or the device's store's. */
export function classifyError({ message, originalRequest, originalResponse: response }: TusError): Failure {
  const method = originalRequest?.getMethod() ?? '';
  if (!response) {
    const lost = method === '' ? {} : { lost: { method, status: null, bytes: 0 } };
    return { kind: 'later', reason: message, retryAfterMs: 0, unanswered: true, ...lost };
  }
  return classify({
    method,
    status: response.getStatus(),
    header: (name) => response.getHeader(name),
    body: response.getBody(),
  });
}

function problemOf({ status, method, body }: TusResponse): Problem {
  // A response to HEAD has no body, and so no problem document.
  const isTooLate = method === 'HEAD' && status === 403;
  const fallback = {
    code: isTooLate ? 'session-finished' : status === 415 ? 'not-a-recording' : `http-${status}`,
    detail: `${method} was answered with ${status}`,
  };
  const { code, detail, title } = parse(body);
  return { code: code ?? fallback.code, detail: detail ?? title ?? fallback.detail };
}

/** The members of a problem document; none where the body is no JSON object. */
function parse(body: string): Partial<ProblemBody> {
  try {
    return (JSON.parse(body) as Partial<ProblemBody> | null) ?? {};
  } catch {
    return {};
  }
}

/** The server's SHA-256 (base64) where these headers confirm that the answer is whole and placed, else null. */
export function confirmedDigest(header: TusResponse['header']): string | null {
  return header(UPLOAD_COMPLETE)?.trim() === '?1' ? fromReprDigest(header(REPR_DIGEST)) : null;
}

/** The bytes that the server holds, or null where these headers do not say. */
export function offsetOf(header: TusResponse['header']): number | null {
  const value = header('Upload-Offset') ?? '';
  return /^\d+$/.test(value) ? Number(value) : null;
}

/**
 * Whether the server states by itself if an upload is complete. Only of such a server is it known that it accepts an
 * equal length twice; with another one, a cut in the PATCH that declares the length would be fatal (platform note 4).
 */
export function statesCompletion(header: TusResponse['header']): boolean {
  return header(UPLOAD_COMPLETE) !== null && header(UPLOAD_COMPLETE) !== undefined;
}
