/** One recording attempt: recorder -> upload queue, from the first chunk to the last. */
import { SOUND_AHEAD_BITS_PER_SECOND, type TakeQuality } from '../capture/quality.ts';
import { type EndReason, startRecorder } from '../capture/recorder.ts';
import type { Trouble } from '../capture/recorder-watch.ts';
import type { Timers } from '../timers.ts';
import type { UploadQueue } from '../upload/upload-queue.ts';
import { recordsSound, startSoundAhead } from './sound-ahead.ts';

/** The part of an answer that may be missing, in ms: a recorder begins a moment late, and its last picture can be lost. */
const MISSING_MS = { ofShort: 1500, ofLong: 3000 };

/** The device's store refused to keep the take; `cause` is the store's error. */
export class NotKeptError extends Error {
  override readonly name = 'NotKeptError';
}

/** How a take ended. */
export interface TakeEnd {
  takeId: string;
  /** From 1. */
  question: number;
  reason: EndReason;
  error?: unknown;
  /** The type that was recorded. */
  mimeType: string;
  /** By the recording's own clock, where it can be read. */
  recordedMs: number;
  /** By the clock of the page: how long the candidate spoke. */
  spokenMs: number;
  /** Bytes that the device keeps; 0 where nothing was recorded. */
  keptBytes: number;
}

/** A take that is being recorded. */
export interface Take {
  takeId: string;
  /** From 1. */
  question: number;
  elapsedMs(): number;
  /** Ends the take, but not before its first chunk: an empty take could never be sent. */
  stop(): void;
}

/** What a take needs. */
export interface TakeOptions {
  queue: Pick<UploadQueue, 'create' | 'append' | 'beginSound'>;
  stream: MediaStream;
  /** From 1. */
  question: number;
  /** Without a rate of the picture where there is none. */
  quality: Pick<TakeQuality, 'audioBitsPerSecond'> & Partial<TakeQuality>;
  /** In order of preference. */
  mimeTypes?: readonly string[];
  /** How long the first chunk may take, in ms. */
  firstChunkMs?: number;
  /** Something is wrong with the recording, or right again. */
  onTrouble?: (trouble: Trouble) => void;
  timers?: Timers;
  /** Called once, after the last chunk is kept. */
  onEnd: (end: TakeEnd) => void;
}

/** Whether so much of an answer was not recorded that the candidate must know. */
export function lacksMuch({ recordedMs, spokenMs }: Pick<TakeEnd, 'recordedMs' | 'spokenMs'>): boolean {
  const { ofShort, ofLong } = MISSING_MS;
  return spokenMs - recordedMs > Math.min(ofLong, Math.max(ofShort, spokenMs / 3));
}

/**
 * Begins to record.
 *
 * @throws as `startRecorder` does, and NotKeptError where the device's store refuses the take; in the
 * second case `onEnd` is called too.
 */
export async function startTake({ queue, question, quality, onEnd, ...options }: TakeOptions): Promise<Take> {
  const takeId = crypto.randomUUID();
  let keptBytes = 0;
  let wanted = true;
  // Together the two sounds take no more of the link than one.
  const aheadBits = quality.soundAhead && recordsSound() ? SOUND_AHEAD_BITS_PER_SECOND : 0;
  // The recorder runs while the spool prepares the take: the first chunk waits for the spool.
  let created: Promise<unknown> | null = null;
  const recording = startRecorder({
    ...options,
    ...(quality.videoBitsPerSecond !== undefined && { videoBitsPerSecond: quality.videoBitsPerSecond }),
    audioBitsPerSecond: quality.audioBitsPerSecond - aheadBits,
    onChunk: async (data, recordedMs) => {
      await created;
      keptBytes = await queue.append(takeId, data, recordedMs);
      if (!wanted) void recording.stop();
    },
    onEnd(reason, error) {
      stopSound();
      const { mimeType } = recording;
      const [recordedMs, spokenMs] = [recording.recordedMs(), recording.elapsedMs()];
      // A recorder that broke off behind the head of its file has recorded nothing.
      const empty = reason !== 'stop' && recordedMs === 0;
      onEnd({ takeId, question, reason, error, mimeType, recordedMs, spokenMs, keptBytes: empty ? 0 : keptBytes });
    },
  });
  const { mimeType, startedAt } = recording;
  const { stream, timers } = options;
  const ahead = { queue, stream, takeId, question, audioBitsPerSecond: aheadBits, ...(timers && { timers }) };
  const stopSound = aheadBits > 0 ? startSoundAhead(ahead) : () => {};
  created = queue.create({ takeId, question, mimeType, startedAt: startedAt.toISOString() });
  try {
    await created;
  } catch (cause) {
    void recording.stop();
    throw new NotKeptError('', { cause });
  }
  return {
    takeId,
    question,
    elapsedMs: recording.elapsedMs,
    stop() {
      wanted = false;
      stopSound();
      if (keptBytes > 0) void recording.stop();
    },
  };
}
