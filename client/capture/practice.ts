/**
 * The practice question: recorded into the page's memory, watched, and forgotten. It reaches neither spool nor network.
 */

import { systemTimers, type Timers } from '../timers.ts';
import type { RecordingKind } from './mime-types.ts';
import type { Quality } from './quality.ts';
import { type EndReason, startRecorder } from './recorder.ts';
import type { Trouble } from './recorder-watch.ts';
import { createWorkingTypes, type WorkingTypes } from './working-types.ts';

interface PracticeOptions {
  stream: MediaStream;
  quality: Pick<Quality, 'audioBitsPerSecond'> & Partial<Pick<Quality, 'videoBitsPerSecond'>>;
  /** What the stream has. */
  kind?: RecordingKind;
  /** The recording ends by itself after this time. */
  maxMs?: number;
  types?: WorkingTypes;
  timers?: Timers;
  /** Something is wrong with the recording, or right again. */
  onTrouble?: (trouble: Trouble) => void;
  /** Called once with the recording; null where nothing was recorded. Not called after `cancel`. */
  onEnd: (recorded: Blob | null, reason: EndReason) => void;
}

/** A practice question that is being recorded. */
export interface Practice {
  /** Ends the recording, and passes it to `onEnd`. */
  stop(): void;
  /** Ends the recording, and forgets it. */
  cancel(): void;
  /** How long the recording has run. */
  elapsedMs(): number;
}

/**
 * Begins to record at once. A recorder that brings nothing is replaced by one of another type, once.
 *
 * @throws as `startRecorder` does.
 */
export function startPractice({
  stream,
  quality: { videoBitsPerSecond, audioBitsPerSecond },
  kind = 'video',
  maxMs = 30_000,
  types = createWorkingTypes(),
  timers = systemTimers,
  onTrouble = () => {},
  onEnd,
}: PracticeOptions): Practice {
  let chunks: ArrayBuffer[] | null = [];
  let restarted = false;
  const begin = (): ReturnType<typeof startRecorder> =>
    startRecorder({
      ...{ stream, audioBitsPerSecond, timers, onTrouble },
      ...(videoBitsPerSecond !== undefined && { videoBitsPerSecond }),
      mimeTypes: types.list(kind),
      onChunk: async (data) => chunks?.push(data),
      onEnd(reason) {
        const failed = chunks?.length === 0 && (reason === 'error' || reason === 'silent');
        if (failed) types.failed(recording.mimeType);
        if (failed && !restarted) return restart(reason);
        end(reason);
      },
    });
  function restart(reason: EndReason): void {
    restarted = true;
    try {
      recording = begin();
    } catch {
      end(reason);
    }
  }
  function end(reason: EndReason): void {
    timers.clear(limit);
    const { mimeType } = recording;
    if (chunks) onEnd(chunks.length > 0 ? new Blob(chunks, { type: mimeType }) : null, reason);
    chunks = null;
  }
  let recording = begin();
  const limit = timers.set(() => void recording.stop(), maxMs);
  return {
    stop: () => void recording.stop(),
    cancel() {
      chunks = null;
      void recording.stop();
    },
    elapsedMs: () => recording.elapsedMs(),
  };
}
