/** Persisted records. Times are luxon DateTimes, sizes are in bytes, questions count from 1. */
import type { DateTime } from 'luxon';

/** What a recording is stored in; also the extension of its file. */
export type Container = 'webm' | 'mp4';

/** One question of an interview, with its limits. */
interface InterviewQuestion {
  text: string;
  /** Time to read before the countdown to the recording; 0 or absent (interviews of before 0.4) = none. */
  readSeconds?: number | undefined;
  /** Time to think before the recording begins; 0 = the recording begins at once. */
  thinkSeconds: number;
  /** Longest answer. */
  maxSeconds: number;
  /** How many takes the candidate may record. */
  maxTakes: number;
}

/** A set of questions with limits. A session keeps its own copy, so that an edit changes later sessions only. */
export interface Interview {
  slug: string;
  title: string;
  /** When the server must have an answer: before the next question, or before the end. */
  gate: 'each' | 'end';
  /** Whether earlier whole takes are kept in `takes/`. */
  keepTakes: boolean;
  /** The spoken language, BCP 47 like `vi`; absent = to be detected. */
  language?: string | undefined;
  /** Whether the loudness of the copies for reviewers is evened out. */
  normalizeAudio?: boolean | undefined;
  /** Who asks. */
  organization?: string | undefined;
  /** The address of a picture, `https:`. */
  logo?: string | undefined;
  /** Whom a candidate may ask: a mail address, a phone number, or the `https:` address of a chat. */
  contact?: string | undefined;
  /** Where it is said what happens to the video, `https:`. */
  privacyUrl?: string | undefined;
  /** What the organization says before the device check. */
  intro?: string | undefined;
  /** What the organization says at the end. */
  outro?: string | undefined;
  /** Whether a candidate may answer by voice alone. */
  allowAudioOnly?: boolean | undefined;
  /** What the candidate must agree to before the camera opens. */
  consent?: { text: string; version: string } | undefined;
  questions: InterviewQuestion[];
}

/** A candidate's right to be interviewed. The secret itself is never stored, only its SHA-256. */
export interface Token {
  id: string;
  /** The candidate's name, as typed by the admin. */
  name: string;
  /** The interview's slug. */
  interview: string;
  createdAt: DateTime;
  /** After this time no new session begins; unfinished ones continue. Null = never. */
  expiresAt: DateTime | null;
  /** 0 = any number. */
  maxSessions: number;
  revokedAt: DateTime | null;
  /** When somebody who has the secret first opened the link. */
  openedAt: DateTime | null;
  /** What the times of each question are multiplied with for this person; 1 = as for everybody. */
  timeFactor: number;
  /** Takes of each question beyond its own, for this person. */
  extraTakes: number;
  /** The language of the link and of the words that go with it, BCP 47; null = that of the interview. */
  language: string | null;
}

/** One candidate's run through an interview = one folder. */
export interface Session {
  id: string;
  tokenId: string;
  /** The folder's name below `sessions/`. */
  folder: string;
  /** The candidate's name, as typed by the candidate. */
  userName: string;
  /** The candidate's name, as typed by the admin. */
  tokenOwner: string;
  interview: Interview;
  startedAt: DateTime;
  finishedAt: DateTime | null;
  /** Language of the page that started the session, BCP 47; null when the page did not send one. */
  language: string | null;
  /** What the candidate has agreed to; null where nothing was asked, or not yet. */
  consent: { text: string; version: string; agreedAt: DateTime } | null;
  /** How often the candidate has logged in, as far as pages said so: the device of the last log-in continues the session. */
  logins: number;
}

/**
 * How far a take has come, in this order; each step can be done again after a crash.
 * `receiving`: bytes arrive. `received`: whole, container known, hashed. `placed`: stored under its name in the session
 * folder. `recorded`: listed in `meta.json`; only now is the upload complete. `refused`: no recording, its bytes are
 * removed. `removed`: its file is being removed, and after that the entry itself.
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
  /** `voice`: sound that goes ahead of its answer, and never is an answer itself. */
  part: 'voice' | null;
  /** Of sound that goes ahead: the `takeId` of the take that it goes ahead of, where its sender has said it. */
  aheadOf: string | null;
  /** The MIME type that the client sent. The first bytes decide what the recording is. */
  filetype: string;
  /** Bytes that are on disk and synced. */
  offset: number;
  /** Bytes in all; null while deferred. */
  length: number | null;
  state: TakeState;
  /**
   * The file's name below the session folder: of a whole take from `received` on, and of a swept take. Null before that,
   * and for an earlier take that was not kept.
   */
  fileName: string | null;
  /** Of the file that `fileName` names; null where that is null. */
  container: Container | null;
  /** SHA-256 of all bytes, hex, from `received` on. */
  sha256: string | null;
  createdAt: DateTime;
  /** When its last byte came, or when it was created. */
  updatedAt: DateTime;
  /** Length of the recording in ms, once a seekable copy was made and checked. */
  durationMs: number | null;
  /** How long the candidate spoke by the clock of the page, in ms, where the page has said so. */
  spokenMs: number | null;
  /** Why no seekable copy can be made, or what is missing in the recording, in words for people. */
  mediaProblem: string | null;
}

/** `remux`: the seekable copy and the poster. `transcribe`: what the candidate said. */
export type JobKind = 'remux' | 'transcribe';

/** `dead`: given up, with the reason, until an admin queues the job again. */
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
  /** How many attempts have begun. */
  attempts: number;
  /** From 0 to 1. */
  progress: number;
  /** Why the job is dead, why the last attempt failed, or why there was nothing to do. */
  reason: string | null;
  owner: string | null;
  /** When the job may begin; of a running job, when its lease ends. */
  dueAt: DateTime;
  createdAt: DateTime;
  updatedAt: DateTime;
}
