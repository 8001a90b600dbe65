import { mimeTypesToTry } from '../capture/mime-types.ts';
import { startRecorder, supportedMimeType } from '../capture/recorder.ts';
import type { Timers } from '../timers.ts';
import type { UploadQueue } from '../upload/upload-queue.ts';

/** How often the recorder of the sound delivers a chunk, in ms: each costs a request, and the link is slow. */
export const SOUND_TIMESLICE_MS = 1000;

/** What sound that goes ahead needs. */
export interface SoundAheadOptions {
  queue: Pick<UploadQueue, 'beginSound'>;
  /** The stream that the answer is recorded from. */
  stream: MediaStream;
  /** Of the answer. */
  takeId: string;
  /** From 1. */
  question: number;
  audioBitsPerSecond: number;
  timers?: Timers;
}

/** Whether this browser records sound alone. */
export const recordsSound = (): boolean => supportedMimeType(mimeTypesToTry('audio')) !== null;

/**
 * Records the sound of an answer once more, to go ahead of it, and sends it. Never throws: without it the answer is as whole.
 * @returns what ends the recording
 */
export function startSoundAhead({
  queue,
  stream,
  takeId: aheadOf,
  question,
  ...options
}: SoundAheadOptions): () => void {
  try {
    const recording = startRecorder({
      ...options,
      stream: new MediaStream(stream.getAudioTracks()),
      timesliceMs: SOUND_TIMESLICE_MS,
      mimeTypes: mimeTypesToTry('audio'),
      onChunk: (data, recordedMs) => sound.append(data, recordedMs),
      onEnd: () => void sound.end(),
    });
    const { mimeType, startedAt } = recording;
    const sound = queue.beginSound({ aheadOf, question, mimeType, startedAt: startedAt.toISOString() });
    return () => {
      sound.expectEnd();
      void recording.stop();
    };
  } catch {
    return () => {};
  }
}
