/** The records that last. Times are luxon DateTimes, sizes bytes, questions count from 1. */
import type { DateTime } from 'luxon';

export interface InterviewQuestion {
  text: string;
  thinkSeconds: number;
  maxSeconds: number;
  maxTakes: number;
}

/** A set of questions with limits. A session keeps its own copy, so that an edit changes later sessions only. */
export interface Interview {
  slug: string;
  title: string;
  /** When the server must hold an answer: before the next question, or before the end. */
  gate: 'each' | 'end';
  /** Whether earlier whole takes are kept in `takes/`. */
  keepTakes: boolean;
  /** What is spoken, BCP 47 like `vi`; absent = to be detected. */
  language?: string | undefined;
  /** Whether the copies for reviewers get their loudness evened out. */
  normalizeAudio?: boolean | undefined;
  questions: InterviewQuestion[];
}

/** A candidate's right to be interviewed. The secret itself is never stored, only its SHA-256. */
export interface Token {
  id: string;
  /** Whose token it is, as typed by the admin. */
  name: string;
  interview: string;
  createdAt: DateTime;
  /** Closes new sessions only; null = never. */
  expiresAt: DateTime | null;
  /** 0 = any number. */
  maxSessions: number;
  revokedAt: DateTime | null;
}

/** One candidate's sitting = one folder. */
export interface Session {
  id: string;
  tokenId: string;
  /** The folder's name below `sessions/`. */
  folder: string;
  userName: string;
  tokenOwner: string;
  interview: Interview;
  startedAt: DateTime;
  finishedAt: DateTime | null;
  /** Of the page that started it, BCP 47; null where it did not say. */
  language: string | null;
}

/**
 * How far a take is on its way, in this order; each step can be done again after a crash.
 * `receiving`: bytes arrive. `received`: whole, typed and hashed. `placed`: under its name in the session folder.
 * `recorded`: `meta.json` tells of it; only now is the upload complete. `refused`: no recording, its bytes are gone.
 * `removed`: its file is on its way out, and then the entry itself.
 */
export type TakeState = 'receiving' | 'received' | 'placed' | 'recorded' | 'refused' | 'removed';

/** One recording attempt = one upload. */
export interface Take {
  /** The upload's id. */
  id: string;
  sessionId: string;
  question: number;
  /** The client's UUID, or the server's where the client gave none. Unique within session and question. */
  takeId: string;
  /** 1, 2, … within the question, in order of creation: the highest whole one counts. */
  number: number;
  via: 'tus' | 'multipart';
  /** What the client says it is. The first bytes decide. */
  filetype: string;
  /** `Upload-Metadata` as it came, for HEAD. */
  metadata: string;
  /** Bytes that are on disk and synced. */
  offset: number;
  /** Bytes in all; null while deferred. */
  length: number | null;
  state: TakeState;
  /** Below the session folder, from `placed` on; null before, and when an earlier take was not kept. */
  fileName: string | null;
  /** Hex, from `received` on. */
  sha256: string | null;
  createdAt: DateTime;
  updatedAt: DateTime;
  /** Length of the recording, once a seekable copy was made and checked. */
  durationMs: number | null;
  /** Why no seekable copy can be made, in words for people. */
  mediaProblem: string | null;
}

/** `remux`: the seekable copy and the poster. `transcribe`: what was said. */
export type JobKind = 'remux' | 'transcribe';
/** `dead`: given up, with the reason, until somebody asks for it again. */
export type JobState = 'queued' | 'running' | 'done' | 'dead';

/** Work on a take in the background. */
export interface Job {
  id: number;
  kind: JobKind;
  takeId: string;
  sessionId: string;
  /** The session's folder. */
  folder: string;
  /** From 1. */
  question: number;
  state: JobState;
  /** Tries that were begun. */
  attempts: number;
  /** From 0 to 1. */
  progress: number;
  /** Why it is dead, why the last try failed, or why there was nothing to do. */
  reason: string | null;
  owner: string | null;
  /** When it may be begun; of a running one, when its lease ends. */
  dueAt: DateTime;
  createdAt: DateTime;
  updatedAt: DateTime;
}
