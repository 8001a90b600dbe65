/** Every problem that a client can be sent, in one table, and its one form: application/problem+json (RFC 9457). */
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ProblemBody } from '../wire.ts';

/**
 * Status, title and default detail of each problem. The status says whether to repeat the request. 423, 429, 503 and
 * 507, each with Retry-After: the same request may succeed later. 409 to a PATCH: ask HEAD for the offset. Any other
 * 4xx: never.
 */
const table = {
  'invalid-request': [400, 'The request can’t be read', 'The request line or a header is not valid HTTP.'],
  'invalid-json': [400, 'The request is not valid JSON', 'Send a JSON object with the documented fields.'],
  'invalid-field': [400, 'A field is missing or wrong', 'A field of the request is missing or wrong.'],
  'invalid-multipart': [
    400,
    'The form can’t be read',
    'Send multipart/form-data with token, folder and questionIndex before video.',
  ],
  'invalid-metadata': [
    400,
    'The upload’s metadata is missing or wrong',
    'Upload-Metadata must carry folder, questionIndex and filetype.',
  ],
  'invalid-question': [
    400,
    'There is no such question',
    'questionIndex is a whole number from 1 to the number of questions.',
  ],
  'invalid-tus-request': [400, 'The upload request is not valid', 'The request does not follow tus 1.0.0.'],
  'length-conflict': [400, 'The length was declared already', 'Upload-Length differs from the one declared before.'],
  unauthorized: [
    401,
    'This token or name is not known here',
    'Check the token and the full name against your invitation, or ask for a new link.',
  ],
  'upload-finished': [
    403,
    'The answer is complete',
    'An answer that has arrived whole belongs to the session and can’t be deleted here.',
  ],
  'not-found': [404, 'There is nothing here', 'Check the address.'],
  'session-not-found': [404, 'This session is not yours', 'Log in again with your link to get your session’s folder.'],
  'upload-not-found': [404, 'There is no such upload', 'Create the upload again with the same takeId.'],
  'answers-missing': [409, 'Some answers have not arrived whole', 'Send the missing answers, then finish again.'],
  'session-finished': [409, 'This session is finished', 'Nothing can be added to a finished session.'],
  'sessions-used-up': [
    409,
    'This interview was taken already',
    'Your token allows no further session. Ask for a new link.',
  ],
  'request-timeout': [408, 'The request took too long', 'Its head did not arrive in time; send it again.'],
  'offset-conflict': [409, 'The upload is at another offset', 'Ask with HEAD where to go on.'],
  'upload-superseded': [409, 'A newer request took over this upload', 'Ask with HEAD where to go on.'],
  'tus-version': [412, 'Tus-Resumable: 1.0.0 is required', 'This server speaks tus 1.0.0.'],
  'body-too-large': [413, 'The request is too large', 'A measurement of the uplink has 1,000,000 bytes at most.'],
  'answer-too-large': [413, 'The answer is too large', 'Record a shorter answer; what has arrived is kept.'],
  'session-too-large': [
    413,
    'The session’s answers are too large',
    'This session has brought more than its questions allow; what has arrived is kept.',
  ],
  'not-a-recording': [
    415,
    'This is no WebM or MP4 recording',
    'Send the recording as the browser made it: WebM or MP4.',
  ],
  'wrong-content-type': [415, 'The content type is not accepted here', 'See the documentation for the content type.'],
  'upload-locked': [423, 'The upload is in use', 'Try again in a moment.'],
  'headers-too-large': [431, 'The headers are too large', 'Send fewer or shorter headers.'],
  'too-many-attempts': [429, 'Too many failed attempts', 'Wait a minute, then check the token and the name.'],
  'too-many-measurements': [429, 'Too many measurements', 'The uplink was measured often enough; wait a minute.'],
  'too-many-uploads': [
    429,
    'Too many uploads',
    'This session has as many uploads as it may have. Finish or delete one of them first.',
  ],
  internal: [500, 'Something went wrong here', 'It was logged. Try again; nothing that arrived is lost.'],
  'upload-damaged': [
    503,
    'The upload lacks bytes',
    'Bytes of this answer are missing here. Keep this page open: the people who run the server see it in their log.',
  ],
  unavailable: [503, 'Not possible at this moment', 'Try again in a moment; nothing that arrived is lost.'],
  'disk-full': [507, 'The server’s disk is full', 'Keep this page open: it goes on by itself when there is room.'],
} as const satisfies Record<string, readonly [ContentfulStatusCode, string, string]>;

/** The stable name of a problem. */
export type ProblemCode = keyof typeof table;

/** What one occurrence of a problem adds to the table. */
interface ProblemDetails {
  /** For people, instead of the table's. */
  detail?: string;
  /** Instead of the table's, where one kind of client would misread that. */
  status?: ContentfulStatusCode;
  /** For the log, never for the client. */
  cause?: unknown;
  retryAfterSeconds?: number;
  /** More members of the body, e.g. `missing`. */
  extra?: Partial<Pick<ProblemBody, 'missing' | 'requestId' | 'finished' | 'finishedAt' | 'answers'>>;
  headers?: Record<string, string>;
}

/**
 * A problem to be thrown: from a Hono handler (`toResponse`) or from a hook of @tus/server (`status_code` and `body`).
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: ContentfulStatusCode;
  readonly document: ProblemBody;
  readonly headers: Record<string, string>;

  constructor(code: ProblemCode, { detail, cause, retryAfterSeconds, extra, headers, ...own }: ProblemDetails = {}) {
    const [usual, title, words] = table[code];
    const status = own.status ?? usual;
    super(detail ?? words, { cause });
    this.code = code;
    this.status = status;
    this.document = { type: 'about:blank', title, status, code, detail: detail ?? words, ...extra };
    const waits = retryAfterSeconds ?? defaultRetryAfter(status);
    this.headers = { ...headers, ...(waits === null ? {} : { 'Retry-After': String(waits) }) };
  }

  /** The status, as @tus/server reads it. */
  get status_code(): number {
    return this.status;
  }

  /** The body's JSON text. */
  get body(): string {
    return JSON.stringify(this.document);
  }

  /** The headers of the response, Content-Type included. */
  get allHeaders(): Record<string, string> {
    return {
      ...this.headers,
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    };
  }

  toResponse(): Response {
    return new Response(this.body, { status: this.status, headers: this.allHeaders });
  }
}

/** Seconds of Retry-After; null where waiting does not help. */
function defaultRetryAfter(status: number): number | null {
  return { 423: 1, 429: 60, 503: 2, 507: 15 }[status] ?? null;
}

/** Creates a problem: `throw problem('unauthorized')`. */
export function problem(code: ProblemCode, details?: ProblemDetails): Problem {
  return new Problem(code, details);
}
