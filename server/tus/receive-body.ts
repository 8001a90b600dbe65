/** Receives one body into one upload: its limits, the checks while it arrives, and the finish of a whole answer. */
import type { Readable } from 'node:stream';
import { type LiveTake, type PumpEnd, pump, type Storage, storageCodeOf } from '../../storage/index.ts';
import type { Take } from '../../storage/types.ts';
import type { Config } from '../config.ts';
import { problemOf } from '../http/errors.ts';
import type { ReportUnfinished } from '../http/log.ts';
import { Problem, type ProblemCode, problem } from '../http/problem.ts';
import { createBodyChecks } from './body-checks.ts';
import { createSessionLimit } from './session-limits.ts';
import { createToldOffsets } from './told-offsets.ts';

/** What receiving needs. */
interface ReceiveDeps {
  storage: Pick<Storage, 'store' | 'liveTakes' | 'sessions' | 'locks' | 'finish' | 'restore' | 'freeBytes' | 'hasRoom'>;
  config: Pick<Config, 'maxAnswerBytes' | 'minFreeBytes'>;
  /** A body is given up after this time without a byte. */
  idleMs: number;
  /** Aborted when the server is about to end: what has arrived of each body is committed. */
  stopping?: AbortSignal | undefined;
  reportUnfinished: ReportUnfinished;
}

/** The part of a request that an upload receives. */
export interface Body {
  source: Readable;
  /** The position of the body's first byte in the upload. */
  offset: number;
  /** `Upload-Length`; null where the request has none. */
  declared: number | null;
  /** `Content-Length`; null where the length is unknown. */
  bytes: number | null;
}

/** A body to be written, and what ends it early. */
interface Filling extends Pick<Body, 'source' | 'bytes'> {
  /** How many bytes at its start repeat stored ones; 0 by default. */
  repeatedBytes?: number;
  signal?: AbortSignal;
}

/** How far an upload is after a request. */
export interface Progress {
  /** Bytes stored. */
  offset: number;
  /** The take, once it is whole and finished. */
  whole: Take | null;
}

/**
 * A newer request waits this time for the upload's lock; if the older one has not ended by then, the newer one gets
 * 423.
 */
export const TAKE_OVER_MS = 5_000;
/** A request that begins where the running one will end waits this time for it. */
const FOLLOW_MS = 30_000;

/** Receives bodies into uploads. */
export type Receiver = ReturnType<typeof createReceiver>;

/** Creates the receiver of bodies. */
export function createReceiver({ storage, config, idleMs, stopping, reportUnfinished }: ReceiveDeps) {
  const { store, liveTakes, locks } = storage;
  const { maxAnswerBytes, minFreeBytes } = config;
  const sessionLimit = createSessionLimit(storage.sessions, maxAnswerBytes);
  const { requireLive, requireWelcome, watch } = createBodyChecks(storage, sessionLimit);
  const told = createToldOffsets();
  /** Where the announced body of the request that holds an upload's lock will end, where it announced one. */
  const running = new Map<string, number>();
  const bodies = new Set<AbortController>();
  stopping?.addEventListener('abort', () => {
    for (const body of bodies) body.abort('stopping');
  });

  /**
   * @param kept the bytes that are stored of the upload, where it has any
   * @throws Problem `disk-full`
   */
  async function requireRoom(kept?: number): Promise<void> {
    if (!storage.hasRoom(minFreeBytes))
      throw problem('disk-full', {
        cause: new Error(`${await storage.freeBytes()} bytes are free, the floor is ${minFreeBytes}`),
        ...(kept === undefined ? {} : { headers: { 'Upload-Offset': String(kept) } }),
      });
  }

  /** Declares the upload's length and returns it. An equal length is accepted again: the first response may be lost. */
  async function declare({ id, offset, length }: LiveTake, declared: number | null): Promise<number | null> {
    if (declared === null || declared === length) return length;
    if (length !== null || declared < offset) throw problem('length-conflict');
    if (declared > maxAnswerBytes) throw problem('answer-too-large');
    await store.declareUploadLength(id, declared);
    return declared;
  }

  /** How many bytes may come, and the problem for more. */
  async function roomFor(take: LiveTake, length: number | null): Promise<{ room: number; over: ProblemCode }> {
    const ofTake = Math.min(length ?? maxAnswerBytes, maxAnswerBytes) - take.offset;
    const ofSession = (await sessionLimit(take.sessionId)) - liveTakes.sessionBytes(take.sessionId);
    return ofSession < ofTake
      ? { room: Math.max(0, ofSession), over: 'session-too-large' }
      : { room: ofTake, over: 'answer-too-large' };
  }

  /**
   * Writes a body into an upload, within the limits of the answer, the session and the disk.
   * @returns the offset, and how the body ended
   * @throws Problem; what arrived is kept
   */
  async function fill(
    take: LiveTake,
    length: number | null,
    { source, bytes, repeatedBytes = 0, signal }: Filling,
  ): Promise<{ offset: number; end: PumpEnd }> {
    const { room, over } = await roomFor(take, length);
    const maxBytes = repeatedBytes + room;
    if (bytes !== null && bytes > maxBytes) throw problem(over);
    if (take.offset === length && repeatedBytes === 0) {
      const end = await pump(source, async () => {}, { maxBytes: 0, idleMs, signal });
      if (end === 'too-large') throw problem(over);
      return { offset: take.offset, end };
    }
    await requireRoom(take.offset);
    const check = watch(take.id, take.offset);
    const { offset, end } = await store
      .append(source, take.id, take.offset, {
        maxBytes,
        idleMs,
        signal,
        repeatedBytes,
        isDue: () => !storage.hasRoom(minFreeBytes),
        onCommit: async (committed) => {
          await check(committed);
          await requireRoom(committed);
        },
      })
      .catch(async (error: unknown) => {
        if (error instanceof Problem) throw error;
        // Sound that went ahead is removed once its answer is placed, also while more of it comes.
        const now = await requireLive(take.id).catch((cause: unknown) => {
          throw cause instanceof Problem ? cause : error;
        });
        // A whole take may be placed while a body repeats bytes of it.
        const code = storageCodeOf(error);
        if (code === 'bytes-differ' || (code === 'upload-damaged' && now.state !== 'receiving'))
          throw conflictOf(take.id, now.offset);
        throw error;
      });
    if (end === 'too-large') throw problem(over);
    if (end === 'end') await check(offset);
    return { offset, end };
  }

  /** Finishes a whole take. @throws Problem when a step of the finish fails, or the bytes are no recording */
  async function complete(id: string): Promise<Take> {
    const done = await storage.finish(id).catch((cause: unknown) => {
      const known = problemOf(cause);
      if (known && known.status < 500) throw known;
      reportUnfinished(id, cause);
      if (known?.code === 'upload-damaged') throw known;
      const detail = 'The answer is here; putting it in place did not work yet.';
      throw problem(known?.code ?? 'unavailable', { detail });
    });
    if (!done || done.state === 'removed') throw problem('upload-not-found');
    if (done.state === 'refused') throw problem('not-a-recording');
    return done;
  }

  /**
   * How many bytes of a body repeat stored ones: a body may begin at the committed offset, or at one that was told.
   * @throws Problem `offset-conflict` for any other offset
   */
  function requireOffset({ id, offset, state }: LiveTake, begin: number): number {
    if (offset === begin) return 0;
    if (begin < offset && state === 'receiving' && told.wasTold(id, begin)) return offset - begin;
    throw conflictOf(id, offset);
  }

  function conflictOf(id: string, offset: number): Problem {
    told.tell(id, offset);
    return problem('offset-conflict', { headers: { 'Upload-Offset': String(offset) } });
  }

  /**
   * Takes the upload's lock. A request that holds it is asked to end, unless this one begins exactly where the announced
   * body of that one ends: then both may be in flight.
   * @throws Problem `upload-locked`
   */
  async function lock(id: string, { offset, bytes }: Body, onRequested: () => void): Promise<() => void> {
    const follows = running.get(id) === offset;
    const waiting = follows ? { waitMs: FOLLOW_MS, asks: false } : { waitMs: TAKE_OVER_MS };
    const release = await locks.acquire(id, { ...waiting, onRequested });
    if (!release) throw problem('upload-locked');
    // A repeat of a request without bytes does not follow it.
    if (bytes) running.set(id, offset + bytes);
    return () => {
      running.delete(id);
      release();
    };
  }

  /**
   * Receives a body under the upload's lock. A request that holds the lock is asked to end, and the bytes that it brought
   * are committed before the offset is compared. With its last byte the take is finished.
   * @throws Problem
   */
  async function receive(id: string, body: Body): Promise<Progress> {
    const stop = new AbortController();
    const release = await lock(id, body, () => stop.abort('superseded'));
    bodies.add(stop);
    try {
      if (stopping?.aborted) stop.abort('stopping');
      const take = await requireLive(id);
      if (take.state === 'refused') throw problem('not-a-recording');
      // After the session's finish only the repeat of a PATCH whose response was lost is served: it adds nothing.
      const adds = body.bytes !== 0 || (body.declared ?? take.length) !== take.length;
      if (take.sessionFinished && (take.state !== 'recorded' || adds)) throw problem('session-finished');
      const repeatedBytes = requireOffset(take, body.offset);
      if (take.state === 'receiving' && take.fileName !== null) await storage.restore(id);
      const length = await declare(take, body.declared);
      // An empty body only declares the length, or repeats a PATCH whose response was lost. It needs no room.
      const { offset, end } =
        body.bytes === 0
          ? { offset: take.offset, end: 'end' as const }
          : await fill(take, length, { ...body, repeatedBytes, signal: stop.signal });
      if (end !== 'end') throw problemOfEnd(end, stop.signal);
      const whole = offset === length ? await complete(id) : null;
      told.forget(id);
      return { offset, whole };
    } finally {
      bodies.delete(stop);
      release();
    }
  }

  /**
   * Receives the whole recording of an upload that nobody can continue.
   * @returns its bytes, and how it ended
   * @throws Problem
   */
  async function receiveWhole(id: string, source: Readable): Promise<{ offset: number; end: PumpEnd }> {
    const filled = await fill(await requireLive(id), null, { source, bytes: null });
    // Several of the session may have come at once, each of which found room.
    await requireWelcome(id);
    return filled;
  }

  return { receive, receiveWhole, complete, requireRoom, tell: told.tell };
}

/** The problem of a body that did not come to its end. */
function problemOfEnd(end: PumpEnd, { reason }: AbortSignal): Problem {
  if (end === 'aborted' && reason === 'superseded') return problem('upload-superseded');
  if (end === 'aborted')
    return problem('unavailable', { detail: 'The server is about to restart; what arrived is kept.' });
  // The client is gone or silent, and perhaps no client reads this response; what arrived is committed.
  return problem('unavailable', { detail: 'The request ended early; what arrived is kept.' });
}
