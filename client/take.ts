/** One recording attempt: recorder -> sender, from the first chunk to the last. */
import type { Quality } from './quality.ts';
import { type EndReason, startRecorder } from './recorder.ts';
import type { Sender } from './sender.ts';

/** A recorder that brought nothing for that long will bring nothing: slow phones take seconds to begin. */
const FIRST_CHUNK_MS = 15_000;

/** The device's store would not take it; `cause` is what it said. */
export class NotKeptError extends Error {
  override readonly name = 'NotKeptError';
}

export interface TakeEnd {
  takeId: string;
  /** From 1. */
  question: number;
  reason: EndReason;
  error?: unknown;
  recordedMs: number;
  /** Kept on the device; 0 = the take came to nothing. */
  keptBytes: number;
}

export interface Take {
  takeId: string;
  /** From 1. */
  question: number;
  elapsedMs(): number;
  /** Ends the take, but not before its first chunk: an empty one could never be sent. */
  stop(): void;
}

export interface TakeOptions {
  sender: Pick<Sender, 'begin' | 'append'>;
  stream: MediaStream;
  question: number;
  quality: Pick<Quality, 'videoBitsPerSecond' | 'audioBitsPerSecond'>;
  /** Called once, after the last chunk was kept. */
  onEnd: (end: TakeEnd) => void;
}

/** Begins to record. Rejects where the browser can't record, or with NotKeptError; `onEnd` is called then too. */
export async function startTake({ sender, stream, question, quality, onEnd }: TakeOptions): Promise<Take> {
  const takeId = crypto.randomUUID();
  let keptBytes = 0;
  let wanted = true;
  // The recorder runs while the spool makes room: the first chunk waits for it.
  const begun: Promise<unknown>[] = [];
  const recording = startRecorder({
    stream,
    videoBitsPerSecond: quality.videoBitsPerSecond,
    audioBitsPerSecond: quality.audioBitsPerSecond,
    onChunk: async (data, elapsedMs) => {
      await begun[0];
      keptBytes = await sender.append(takeId, data, elapsedMs);
      if (!wanted) void recording.stop();
    },
    onEnd: (reason, error) => {
      window.clearTimeout(patience);
      // Out of patience is not what the candidate asked for, even where a first chunk came after all.
      const why = reason === 'stop' && wanted ? 'error' : reason;
      onEnd({ takeId, question, reason: why, error, recordedMs: recording.elapsedMs(), keptBytes });
    },
  });
  const patience = window.setTimeout(() => keptBytes === 0 && void recording.stop(), FIRST_CHUNK_MS);
  const { mimeType, startedAt } = recording;
  begun.push(sender.begin({ takeId, question, mimeType, startedAt: startedAt.toISOString() }));
  try {
    await begun[0];
  } catch (cause) {
    void recording.stop();
    throw new NotKeptError('The device refused to keep a take', { cause });
  }
  return {
    takeId,
    question,
    elapsedMs: recording.elapsedMs,
    stop() {
      wanted = false;
      if (keptBytes > 0) void recording.stop();
    },
  };
}
