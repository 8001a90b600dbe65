/** A practice question: recorded into the page's memory, watched, and forgotten. No spool and no network knows of it. */
import type { Quality } from './quality.ts';
import { startRecorder } from './recorder.ts';
import { systemTimers, type Timers } from './timers.ts';

export interface PracticeOptions {
  stream: MediaStream;
  quality: Quality;
  /** Ends by itself after so long, in ms. */
  maxMs?: number;
  timers?: Timers;
  /** Called once with what was recorded; null where nothing came of it. Not after `cancel`. */
  onEnd: (recorded: Blob | null) => void;
}

export interface Practice {
  /** Ends the recording, and hands it over. */
  stop(): void;
  /** Ends the recording, and forgets it. */
  cancel(): void;
  elapsedMs(): number;
}

/** Begins to record at once. Throws as `startRecorder` does. */
export function startPractice({
  stream,
  quality: { videoBitsPerSecond, audioBitsPerSecond },
  maxMs = 30_000,
  timers = systemTimers,
  onEnd,
}: PracticeOptions): Practice {
  let chunks: ArrayBuffer[] | null = [];
  const recording = startRecorder({
    stream,
    videoBitsPerSecond,
    audioBitsPerSecond,
    onChunk: async (data) => chunks?.push(data),
    onEnd() {
      timers.clear(limit);
      if (chunks) onEnd(chunks.length > 0 ? new Blob(chunks, { type: recording.mimeType }) : null);
      chunks = null;
    },
  });
  const limit = timers.set(() => void recording.stop(), maxMs);
  return {
    stop: () => void recording.stop(),
    cancel() {
      chunks = null;
      void recording.stop();
    },
    elapsedMs: recording.elapsedMs,
  };
}
