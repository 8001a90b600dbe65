/**
 * The contract between the server and its clients: paths, header names, the shapes of requests and responses.
 * This file imports nothing, so that the page, integrators and the server can all share it.
 */

/** Paths of the candidate's API and of the tus endpoint. */
export const paths = {
  verifyToken: '/api/verify-token',
  startSession: '/api/session/start',
  uploadOne: '/api/upload-one',
  finishSession: '/api/session/finish',
  /** Takes a bearer and up to 1,000,000 bytes, which are discarded. */
  uplink: '/api/uplink',
  files: '/files',
  healthz: '/healthz',
  readyz: '/readyz',
} as const;

/** Path of each page, by the name of its file. The service worker keeps these pages for a reload without a connection. */
export const pagePaths: Record<string, string> = {
  'login.html': '/',
  // What a person is shown at an address that leads nowhere.
  'not-found.html': '/not-found',
  // The last one in every build: the service worker goes by it to tell whether an earlier build's files are all there.
  'interview.html': '/interview',
};

/** `?1` once the answer is whole, durable and placed, else `?0`: draft-ietf-httpbis-resumable-upload, section 4.1. */
export const UPLOAD_COMPLETE = 'Upload-Complete';
/** `sha-256=:<base64>:` over the whole answer: RFC 9530, section 3. */
export const REPR_DIGEST = 'Repr-Digest';

/** The keys of `Upload-Metadata` that the tus endpoint reads. */
export interface TakeMetadata {
  /** Name of the session folder, from the response of `session/start`. */
  folder: string;
  /** From 1. */
  questionIndex: string;
  /** The media type that the recorder claims, e.g. `video/webm;codecs=vp8,opus`. */
  filetype: string;
  /** A UUID made by the client. A second creation with the same UUID gives the same upload. */
  takeId?: string;
  /** `voice`: sound that goes ahead of its answer, and is removed once the answer is placed. Any other upload is an answer. */
  part?: 'voice';
  /** Of sound that goes ahead: the `takeId` of its answer. */
  aheadOf?: string;
}

/** A question of an interview. */
export interface Question {
  /** From 1. */
  index: number;
  text: string;
  /** Seconds to read the question before the countdown to the recording; 0 = none. */
  readSeconds?: number;
  /** Seconds before recording starts by itself; 0 = at once. */
  thinkSeconds: number;
  /** The longest answer, in seconds. */
  maxSeconds: number;
  /** How many takes the candidate may record. */
  maxTakes: number;
}

/** What the admin has written about the interview; null where nothing was. Members are missing where a page of before 0.4 kept it. */
export interface InterviewDetails {
  title: string;
  /** Who asks. */
  organization?: string | null;
  /** The `https:` address of a picture. */
  logo?: string | null;
  /** Whom to ask: a mail address, a phone number, or the `https:` address of a chat. */
  contact?: string | null;
  /** Where it is said what happens to the video: an `https:` address. */
  privacyUrl?: string | null;
  /** Words of the organization before the device check. */
  intro?: string | null;
  /** The language of the questions, BCP 47. */
  language?: string | null;
}

/** 200 of `verify-token`. */
export interface VerifyTokenResponse {
  ok: true;
  interview: InterviewDetails & { questionCount: number };
}

/** 200 of `session/start`. */
export interface StartSessionResponse {
  ok: true;
  /** Name of the session folder. */
  folder: string;
  /** Whether the session had been started before. */
  resumed: boolean;
  interview: InterviewDetails & {
    gate: 'each' | 'end';
    /** Words of the organization at the end. */
    outro?: string | null;
    /** Whether the candidate may answer by voice alone. */
    allowAudioOnly?: boolean;
    /** What the candidate must agree to before the camera opens. */
    consent?: { text: string; version: string } | null;
  };
  /** The version of the consent that the candidate has given; null where none was, or none is asked for. */
  consented?: string | null;
  /** For this person: what the questions' times have been multiplied with, and how many takes were added; 1 and 0 as a rule. */
  timeFactor?: number;
  extraTakes?: number;
  questions: Question[];
  /** Indices (from 1) of the questions whose answer is whole and placed. */
  answered: number[];
  /** Indices (from 1) of the questions of which a take is being received at this moment. Older servers tell none. */
  arriving?: number[];
  /** How often the candidate has logged in to this session: a page with a lower number was left for another device. */
  login?: number;
  /** Path of the tus endpoint, e.g. `/files`. */
  uploadEndpoint: string;
  /** The largest answer that the server takes, in bytes: `TRESGO_MAX_ANSWER_BYTES`. */
  maxBytes: number;
  /** When the token expires: ISO 8601, UTC; null = never. A session that has begun may be continued after that. */
  expiresAt: string | null;
}

/** 200 of `upload-one`. */
export interface UploadOneResponse {
  ok: true;
  /** File name in the session folder, e.g. `Q1.webm`. */
  savedAs: string;
}

/** The answer to a question, as the server stores it. */
export interface ReceiptAnswer {
  /** From 1. */
  question: number;
  /** File name in the session folder, e.g. `Q1.webm`. */
  fileName: string;
  bytes: number;
  /** SHA-256 of the whole file, in hex. */
  sha256: string;
  /** When the last byte was safe on disk: ISO 8601, UTC. */
  receivedAt: string;
}

/** The account of a finished session that its candidate may keep. */
export interface Receipt {
  folder: string;
  /** ISO 8601, UTC. A repeat of the finish gives the same time. */
  finishedAt: string;
  /** In question order. */
  answers: ReceiptAnswer[];
}

/** 200 of `session/finish`. */
export interface FinishSessionResponse {
  ok: true;
  /** Only where the request asked for it with `receipt: true`: the original front end knows `{ok: true}` alone. */
  receipt?: Receipt;
}

/** The body of a problem (RFC 9457). `code` is stable, `detail` is for people. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  /** Questions (from 1) without a whole answer; only with code `answers-missing`. */
  missing?: number[];
  /** The session was finished, when (ISO 8601, UTC), and with how many answers; only with code `sessions-used-up`. */
  finished?: true;
  finishedAt?: string;
  answers?: number;
  /** Names the log entry; only with code `internal`. */
  requestId?: string;
}

/** Writes a base64 SHA-256 as the value of `Repr-Digest`, `sha-256=:…:` (RFC 9530, section 2). */
export function toReprDigest(sha256Base64: string): string {
  return `sha-256=:${sha256Base64}:`;
}

/** Reads the base64 SHA-256 of a `Repr-Digest` header; null where the header has none. */
export function fromReprDigest(header: string | null | undefined): string | null {
  return header?.match(/(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/)?.[1] ?? null;
}

/**
 * The wait that a `Retry-After` header asks for, in ms from `nowMs` (ms since 1970); 0 for a date in the past, null
 * without a header or for one that can't be read. RFC 9110, section 10.2.3: "Retry-After = HTTP-date / delay-seconds".
 */
export function parseRetryAfterMs(header: string | null | undefined, nowMs = Date.now()): number | null {
  if (header === null || header === undefined) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

const RETRYABLE = new Set([408, 423, 425, 429]);

/** Whether the same request may succeed later, by its status; 0 stands for a request that got no response at all. */
export function isRetryable(status: number): boolean {
  return status === 0 || status >= 500 || RETRYABLE.has(status);
}

/** Whether a response with this `Content-Type` is a problem document (RFC 9457), as each problem of our server is. */
export function isProblemJson(contentType: string | null | undefined): boolean {
  return /^application\/problem\+json\b/i.test(contentType ?? '');
}

/** The lowest rate that the page plans a recording with, picture and sound together, in bit/s. */
export const LOWEST_BITS_PER_SECOND = 128_000;

/** The highest rate at which an answer of `maxSeconds` stays below `maxBytes` with a tenth to spare, in bit/s. */
export function fittingBitsPerSecond({ maxSeconds, maxBytes }: { maxSeconds: number; maxBytes: number }): number {
  return (0.9 * maxBytes * 8) / maxSeconds;
}

/** Whether an answer of `maxSeconds` stays below `maxBytes` with a tenth to spare, recorded at the lowest rate. */
export function answerFits(limits: { maxSeconds: number; maxBytes: number }): boolean {
  return fittingBitsPerSecond(limits) >= LOWEST_BITS_PER_SECOND;
}
