/** One body into one upload: the limits it meets, what is asked while it comes in, and the finish of a whole answer. */
import type { Readable } from 'node:stream';
import { containerOf, type LiveTake, MAGIC_BYTES, type PumpEnd, pump, type Storage } from '../storage/index.ts';
import type { Take } from '../storage/types.ts';
import type { Config } from './config.ts';
import { type Problem, type ProblemCode, problem, problemOf } from './problem.ts';
import type { ReportUnfinished } from './unfinished.ts';

export interface ReceiveDeps {
  storage: Pick<Storage, 'store' | 'liveTakes' | 'sessions' | 'locks' | 'finish' | 'restore' | 'freeBytes'>;
  config: Pick<Config, 'maxAnswerBytes' | 'minFreeBytes'>;
  /** A body that brings nothing for that long is given up. */
  idleMs?: number;
  /** Aborted when the server is about to end: bodies on their way are committed as far as they came. */
  stopping?: AbortSignal | undefined;
  reportUnfinished: ReportUnfinished;
}

/** What a request brings for an upload. */
export interface Body {
  source: Readable;
  /** Where its bytes belong. */
  offset: number;
  /** `Upload-Length`; null where it has none. */
  declared: number | null;
  /** `Content-Length`; null where nobody knows. */
  bytes: number | null;
}

/** How far an upload is after a request. */
export interface Progress {
  offset: number;
  /** The take once it is whole and has been through its finish. */
  whole: Take | null;
}

/** A holder that was asked to let go ends within that, or the newcomer is told 423. */
const TAKE_OVER_MS = 5_000;
/** A session may bring so many times what its questions allow: takes that broke off, by reloads for example, count, too. */
const SESSION_SPARE = 8;
/** A body that takes longer is asked again who it is. */
const ASK_AGAIN_MS = 500;
const MAX_KNOWN_SESSIONS = 4_096;

export type Receiver = ReturnType<typeof createReceiver>;

export function createReceiver({ storage, config, idleMs = 30_000, stopping, reportUnfinished }: ReceiveDeps) {
  const { store, liveTakes, sessions, locks } = storage;
  const { maxAnswerBytes, minFreeBytes } = config;
  const bodies = new Set<AbortController>();
  stopping?.addEventListener('abort', () => {
    for (const body of bodies) body.abort('stopping');
  });

  /** Bytes that a session may have in all. Its questions never change after its start. */
  const sessionLimits = new Map<string, number>();
  async function sessionLimit(id: string): Promise<number> {
    const known = sessionLimits.get(id);
    if (known !== undefined) return known;
    const questions = (await sessions.get(id))?.interview.questions ?? [];
    const limit = questions.reduce((takes, { maxTakes }) => takes + maxTakes, 0) * SESSION_SPARE * maxAnswerBytes;
    if (sessionLimits.size >= MAX_KNOWN_SESSIONS) sessionLimits.clear();
    sessionLimits.set(id, limit);
    return limit;
  }

  async function requireRoom(): Promise<void> {
    const freeBytes = await storage.freeBytes();
    if (freeBytes < minFreeBytes)
      throw problem('disk-full', {
        cause: new Error(`${freeBytes} bytes are free, the floor is ${minFreeBytes}`),
      });
  }

  async function requireLive(id: string): Promise<LiveTake> {
    const take = await liveTakes.get(id);
    if (!take || take.state === 'removed') throw problem('upload-not-found');
    return take;
  }

  /** Whether it is a recording, as soon as its first bytes tell. @throws Problem `not-a-recording`; the bytes are gone */
  function judge(id: string, offset: number) {
    let judged = offset >= MAGIC_BYTES;
    return async (committed: number): Promise<void> => {
      if (judged || committed < MAGIC_BYTES) return;
      judged = true;
      const head = await store.head(id, MAGIC_BYTES).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      // Gone from among the uploads: the sweep was quicker, has judged it and put it in its place.
      if (head === null || containerOf(head)) return;
      await store.refuse(id);
      throw problem('not-a-recording');
    };
  }

  /**
   * What is asked at each commit while a body comes in: whether it is a recording, whether its sender may still send it,
   * and whether the session has room. Refusals are thrown.
   */
  function watch(id: string, offset: number) {
    const isRecording = judge(id, offset);
    let askedAt = performance.now();
    return async (committed: number): Promise<void> => {
      await isRecording(committed);
      // A chunk's PATCH is over before anything changes: it was asked at its start.
      if (performance.now() - askedAt < ASK_AGAIN_MS) return;
      askedAt = performance.now();
      const { token, sessionFinished, sessionId, sessionBytes } = await requireLive(id);
      if (token.revoked) throw problem('unauthorized');
      if (sessionFinished) throw problem('session-finished');
      if (sessionBytes > (await sessionLimit(sessionId))) throw problem('session-too-large');
    };
  }

  /** "A repeated Upload-Length equal to the one declared is accepted": the answer to the first one may be lost. */
  async function declare({ id, offset, length }: LiveTake, declared: number | null): Promise<number | null> {
    if (declared === null || declared === length) return length;
    if (length !== null || declared < offset) throw problem('length-conflict');
    if (declared > maxAnswerBytes) throw problem('answer-too-large');
    await store.declareUploadLength(id, declared);
    return declared;
  }

  /** The bytes that may come, and the refusal for more. */
  async function roomFor(take: LiveTake, length: number | null): Promise<{ room: number; over: ProblemCode }> {
    const answer = Math.min(length ?? maxAnswerBytes, maxAnswerBytes) - take.offset;
    const session = (await sessionLimit(take.sessionId)) - take.sessionBytes;
    return session < answer
      ? { room: Math.max(0, session), over: 'session-too-large' }
      : { room: answer, over: 'answer-too-large' };
  }

  async function append(take: LiveTake, length: number | null, body: Body, signal: AbortSignal): Promise<number> {
    // Nothing comes: it only tells the length, or repeats a PATCH whose answer was lost. That needs no room.
    if (body.bytes === 0) return take.offset;
    const { room, over } = await roomFor(take, length);
    if (body.bytes !== null && body.bytes > room) throw problem(over);
    if (take.offset === length) {
      const end = await pump(body.source, async () => {}, { maxBytes: 0, idleMs, signal });
      if (end !== 'end') throw refusalOf(end, over, signal);
      return take.offset;
    }
    await requireRoom();
    const onCommit = watch(take.id, take.offset);
    const { offset, end } = await store.append(body.source, take.id, take.offset, {
      maxBytes: room,
      idleMs,
      signal,
      onCommit,
    });
    if (end !== 'end') throw refusalOf(end, over, signal);
    await onCommit(offset);
    return offset;
  }

  /** @throws Problem when a step of the finish fails, or the bytes are no recording */
  async function complete(id: string): Promise<Take> {
    const done = await storage.finish(id).catch((cause: unknown) => {
      const refusal = problemOf(cause);
      if (refusal && refusal.status < 500) throw refusal;
      reportUnfinished(id, cause);
      const detail = 'The answer is here; putting it in place did not work yet.';
      throw problem(refusal?.code ?? 'unavailable', { detail });
    });
    if (!done) throw problem('upload-not-found');
    if (done.state === 'refused') throw problem('not-a-recording');
    return done;
  }

  /**
   * Takes a body in under the upload's lock; a request that holds it is asked to end, and what it brought is committed
   * before the offset is compared. Finishes the take when its last byte is there.
   */
  async function receive(id: string, body: Body): Promise<Progress> {
    const stop = new AbortController();
    const release = await locks.acquire(id, { waitMs: TAKE_OVER_MS, onRequested: () => stop.abort('superseded') });
    if (!release) throw problem('upload-locked');
    bodies.add(stop);
    try {
      if (stopping?.aborted) stop.abort('stopping');
      const take = await requireLive(id);
      if (take.state === 'refused') throw problem('not-a-recording');
      // Only the repeat of a PATCH whose answer was lost is served after the session's finish: it adds nothing.
      const adds = body.bytes !== 0 || (body.declared ?? take.length) !== take.length;
      if (take.sessionFinished && (take.state !== 'recorded' || adds)) throw problem('session-finished');
      if (take.offset !== body.offset)
        throw problem('offset-conflict', { headers: { 'Upload-Offset': String(take.offset) } });
      if (take.state === 'receiving' && take.fileName !== null) await storage.restore(id);
      const length = await declare(take, body.declared);
      const offset = await append(take, length, body, stop.signal);
      return { offset, whole: offset === length ? await complete(id) : null };
    } finally {
      bodies.delete(stop);
      release();
    }
  }

  return { receive, complete, watch, requireRoom };
}

function refusalOf(end: PumpEnd, over: ProblemCode, { reason }: AbortSignal): Problem {
  if (end === 'too-large') return problem(over);
  if (end === 'aborted' && reason === 'superseded') return problem('upload-superseded');
  if (end === 'aborted')
    return problem('unavailable', { detail: 'The server is about to restart; what arrived is kept.' });
  // The peer is gone or silent; what it sent is committed. Nobody may read this answer.
  return problem('unavailable', { detail: 'The request ended early; what arrived is kept.' });
}
