/**
 * The contract between the server and its clients: paths, header names, the shapes of requests and answers.
 * This file imports nothing, so that the page, integrators and the server can all share it.
 */

/** Paths of the candidate's API and of the tus endpoint. */
export const paths = {
  verifyToken: '/api/verify-token',
  startSession: '/api/session/start',
  uploadOne: '/api/upload-one',
  finishSession: '/api/session/finish',
  /** With a bearer; up to 1,000,000 bytes, thrown away. */
  uplink: '/api/uplink',
  files: '/files',
  healthz: '/healthz',
  readyz: '/readyz',
} as const;

/** `?1` once the answer is whole, durable and placed, else `?0`: draft-ietf-httpbis-resumable-upload, section 4.1. */
export const UPLOAD_COMPLETE = 'Upload-Complete';
/** `sha-256=:<base64>:` over the whole answer: RFC 9530, section 3. */
export const REPR_DIGEST = 'Repr-Digest';

/** The keys of `Upload-Metadata` that the tus endpoint reads. */
export interface TakeMetadata {
  /** Name of the session folder, as `session/start` gave it. */
  folder: string;
  /** From 1. */
  questionIndex: string;
  /** The media type that the recorder claims, e.g. `video/webm;codecs=vp8,opus`. */
  filetype: string;
  /** A UUID made by the client: the same one never makes a second upload. */
  takeId?: string;
}

export interface Question {
  /** From 1. */
  index: number;
  text: string;
  /** 0 = recording starts by itself at once. */
  thinkSeconds: number;
  maxSeconds: number;
  maxTakes: number;
}

export interface VerifyTokenAnswer {
  ok: true;
  interview: { title: string; questionCount: number };
}

export interface StartSessionAnswer {
  ok: true;
  folder: string;
  resumed: boolean;
  interview: { title: string; gate: 'each' | 'end' };
  questions: Question[];
  /** Indices (from 1) of the questions whose answer is whole and placed. */
  answered: number[];
  uploadEndpoint: string;
}

export interface UploadOneAnswer {
  ok: true;
  /** File name in the session folder, e.g. `Q1.webm`. */
  savedAs: string;
}

/** What the server holds of a question in the end. */
export interface ReceiptAnswer {
  /** From 1. */
  question: number;
  /** File name in the session folder, e.g. `Q1.webm`. */
  fileName: string;
  bytes: number;
  /** Of the whole file, hex. */
  sha256: string;
  /** When its last byte was safe on disk: ISO 8601, UTC. */
  receivedAt: string;
}

/** What a candidate may keep of a finished session. */
export interface Receipt {
  folder: string;
  /** ISO 8601, UTC; a repeat of the finish tells the same time. */
  finishedAt: string;
  /** In question order. */
  answers: ReceiptAnswer[];
}

export interface FinishSessionAnswer {
  ok: true;
  /** Only where the request asked for it with `receipt: true`: the original front end knows `{ok: true}` alone. */
  receipt?: Receipt;
}

/** RFC 9457. `code` is stable; `detail` is for people. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  /** Questions (from 1) without a whole answer; only with code `answers-missing`. */
  missing?: number[];
  /** Names the log entry; only with code `internal`. */
  requestId?: string;
}

/** `sha-256=:…:` of a hex digest: RFC 9530, section 2. */
export function toReprDigest(sha256Base64: string): string {
  return `sha-256=:${sha256Base64}:`;
}

/** The base64 SHA-256 in a `Repr-Digest` header, or null where it bears none. */
export function fromReprDigest(header: string | null | undefined): string | null {
  return header?.match(/(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/)?.[1] ?? null;
}
