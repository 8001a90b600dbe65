/**
 * The size of an answer: what is recorded beyond the server's limit could never be sent, so a take ends whole before it, as
 * it does at the time limit. Stands between the recorder and the upload queue.
 */
import { fittingBitsPerSecond } from '../../server/wire.ts';
import type { AdaptiveQuality } from '../capture/adaptive-quality.ts';
import type { SessionQueue } from './session-queue.ts';
import { currentQuestion, nextQuestion, type Phase } from './state.ts';
import type { Store } from './store.ts';

/** The part of the limit that is left for the last chunks. */
const RESERVE = 0.05;
/** At least this many of the largest chunk so far: chunks have no fixed size, and the last one comes after the stop. */
const RESERVE_CHUNKS = 4;
/** The rate of a shorter recording says nothing yet, in ms. */
const RATE_MS = 3000;

interface SizeLimitOptions {
  queue: Pick<SessionQueue, 'append'>;
  /** The largest answer that the server takes, in bytes; null where it told none. */
  maxBytes: () => number | null;
  /** The take must end now. Called at every chunk from then on: the first may come before the take can be ended. */
  onFull: () => void;
}

/** The limit of one take after the other. */
export interface SizeLimit extends Pick<SessionQueue, 'append'> {
  /** The time until this take is full, in ms, at the rate so far; null where no limit is known, or no rate yet. */
  leftMs(takeId: string): number | null;
}

interface Written {
  takeId: string;
  bytes: number;
  elapsedMs: number;
  largest: number;
  /** A chunk did not fit: nothing may follow. */
  whole: boolean;
}

/** Creates the limit of the takes that are appended through it. */
export function createSizeLimit({ queue, maxBytes, onFull }: SizeLimitOptions): SizeLimit {
  let written: Written = { takeId: '', bytes: 0, elapsedMs: 0, largest: 0, whole: false };

  const endsAt = (limit: number, largest: number) => limit - Math.max(RESERVE * limit, RESERVE_CHUNKS * largest);

  return {
    async append(takeId, data, elapsedMs) {
      if (takeId !== written.takeId) written = { takeId, bytes: 0, elapsedMs: 0, largest: 0, whole: false };
      const take = written;
      const limit = maxBytes() ?? Number.POSITIVE_INFINITY;
      // After a chunk that does not fit, a later one would leave a hole in the file.
      take.whole ||= take.bytes + data.byteLength > limit;
      if (take.whole) {
        onFull();
        return take.bytes;
      }
      take.largest = Math.max(take.largest, data.byteLength);
      take.elapsedMs = elapsedMs;
      take.bytes = await queue.append(takeId, data, elapsedMs);
      if (take.bytes >= endsAt(limit, take.largest)) onFull();
      return take.bytes;
    },
    leftMs(takeId) {
      const limit = maxBytes();
      const { bytes, elapsedMs, largest } = written;
      if (limit === null || takeId !== written.takeId || elapsedMs < RATE_MS) return null;
      return (Math.max(0, endsAt(limit, largest) - bytes) * elapsedMs) / bytes;
    },
  };
}

/** Phases that open the camera. */
const opening: ReadonlySet<Phase['name']> = new Set(['checking', 'requesting']);

/**
 * Keeps the quality below the rate at which the longest answer fits. Before the camera opens for a question, so that its
 * picture is the one of this question's quality.
 */
export function limitQuality({
  store,
  adaptiveQuality,
}: {
  store: Pick<Store, 'subscribe'>;
  adaptiveQuality: Pick<AdaptiveQuality, 'limit'>;
}): void {
  store.subscribe((state, before) => {
    if (state.phase.name === before.phase.name || !opening.has(state.phase.name)) return;
    const question = currentQuestion(state) ?? state.questions.find(({ index }) => index === nextQuestion(state));
    const { maxBytes } = state;
    if (!question || maxBytes === null) return;
    adaptiveQuality.limit({ bitsPerSecond: fittingBitsPerSecond({ maxSeconds: question.maxSeconds, maxBytes }) });
  });
}
