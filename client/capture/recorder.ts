/** MediaRecorder -> chunks, strictly in order (platform note 15), watched while it runs and while it stops. */
import { systemTimers, type Timers } from '../timers.ts';
import { countFrames, type FrameCounter } from './frame-counter.ts';
import { mimeTypesToTry } from './mime-types.ts';
import { createRecordedTime } from './recorded-time.ts';
import { FIRST_CHUNK_MS, type Trouble, watchRecorder } from './recorder-watch.ts';

/** How often the recorder delivers a chunk, in ms: a reload may lose this much. */
export const TIMESLICE_MS = 500;
/** After its last chunk, a recorder that was stopped has this time to say that it has stopped, in ms … */
const STOP_MS = 3000;
/** … and this time where it was broken before. */
const BROKEN_STOP_MS = 1000;
/** A picture that is further behind than this waits for its encoder, in ms: `stop()` would throw it away. */
const BEHIND_MS = 800;
/** How long a stop may wait for such a picture, in ms. */
const DRAIN_MS = 1500;
const DRAIN_STEP_MS = 100;

/**
 * Why a recording ended. `stop`: the caller stopped it. `track`: a camera or microphone went away. `error`: the recorder
 * failed. `silent`: the recorder brought nothing any more. `keep`: a chunk could not be kept.
 */
export type EndReason = 'stop' | 'track' | 'error' | 'silent' | 'keep';

/** A recording that runs, or has ended. */
interface Recording {
  /** The type that the recorder reports. */
  mimeType: string;
  /** By the clock of the page. */
  startedAt: Date;
  /**
   * Ends the recording. Resolves once `onChunk` of the last chunk has settled, also where the recorder never says that it
   * has stopped. May be called again.
   */
  stop(): Promise<void>;
  /** How long the recording has run, by the clock of the page. */
  elapsedMs(): number;
  /** The length of what the recorder has brought, by the recording's own clock where it can be read. */
  recordedMs(): number;
}

interface RecorderOptions {
  stream: MediaStream;
  timesliceMs?: number;
  mimeTypes?: readonly string[];
  /** By default the browser chooses. The bitrate cannot change during a recording. */
  videoBitsPerSecond?: number;
  /** By default the browser chooses. */
  audioBitsPerSecond?: number;
  /** How long the first chunk may take, in ms. */
  firstChunkMs?: number;
  /**
   * Called with one chunk after the other, each after the call before has settled; never with an empty chunk.
   * `recordedMs`: the length up to the end of this chunk.
   */
  onChunk: (data: ArrayBuffer, recordedMs: number) => Promise<unknown> | undefined;
  /** Something is wrong with the recording, or right again. After `silent` the end follows. */
  onTrouble?: (trouble: Trouble) => void;
  /** Called once, after the last chunk. `error`: what the recorder or `onChunk` threw, where one of them threw. */
  onEnd: (reason: EndReason, error?: unknown) => void;
  timers?: Timers;
  isHidden?: () => boolean;
  frames?: (stream: MediaStream) => FrameCounter;
}

/** Each type that the browser calls supported was refused by its recorder; `cause` is the last refusal. */
export class RecorderFailedError extends Error {
  override readonly name = 'RecorderFailedError';
}

/** The first of the types that this browser records; null where it records none of them. */
export function supportedMimeType(mimeTypes: readonly string[] = mimeTypesToTry()): string | null {
  return supportedMimeTypes(mimeTypes)[0] ?? null;
}

function supportedMimeTypes(mimeTypes: readonly string[]): string[] {
  if (typeof MediaRecorder === 'undefined') return [];
  return mimeTypes.filter((type) => MediaRecorder.isTypeSupported(type));
}

/**
 * Begins to record at once, with the first type that the browser really takes: what it calls supported may fail all the
 * same.
 *
 * @throws DOMException `NotSupportedError` where the browser records none of the types, RecorderFailedError where it refuses to.
 */
export function startRecorder({
  stream,
  timesliceMs = TIMESLICE_MS,
  mimeTypes = mimeTypesToTry(),
  videoBitsPerSecond,
  audioBitsPerSecond,
  firstChunkMs = FIRST_CHUNK_MS,
  onChunk,
  onTrouble = () => {},
  onEnd,
  timers = systemTimers,
  isHidden = () => globalThis.document?.visibilityState === 'hidden',
  frames = countFrames,
}: RecorderOptions): Recording {
  const bits = {
    ...(videoBitsPerSecond !== undefined && { videoBitsPerSecond }),
    ...(audioBitsPerSecond !== undefined && { audioBitsPerSecond }),
  };
  const { recorder, mimeType } = start(stream, supportedMimeTypes(mimeTypes), bits, timesliceMs);
  // A slow device takes its time to start a recorder: none of it is a part of the answer.
  const began = timers.now();
  const startedAt = new Date();
  const time = createRecordedTime(mimeType);
  let endedAt: number | null = null;
  let concluded = false;
  let reason: EndReason | null = null;
  let failure: unknown;
  let recordedMs = 0;
  /** How far the picture is behind the clock of the page, in the last chunk, and in the best one. */
  let behindMs = 0;
  let leastBehindMs = Number.POSITIVE_INFINITY;

  const elapsedMs = () => Math.round((endedAt ?? timers.now()) - began);
  const ask = () => {
    // Throws where the recorder has ended and has not said so.
    if (recorder.state !== 'inactive') recorder.requestData();
  };

  let stopTimer: unknown = null;
  function expectStop(): void {
    timers.clear(stopTimer);
    const limitMs = reason === 'error' || reason === 'silent' ? BROKEN_STOP_MS : STOP_MS;
    const due = timers.now() + limitMs;
    // A page that slept meanwhile (a phone that was locked behind the last press) gets its chunks after its timers.
    stopTimer = timers.set(() => (timers.now() - due > limitMs ? expectStop() : conclude()), limitMs);
  }

  async function drain(): Promise<void> {
    const wantedMs = elapsedMs() - leastBehindMs - BEHIND_MS / 4;
    recorder.pause();
    for (let waited = 0; waited < DRAIN_MS && (time.pictureMs() ?? wantedMs) < wantedMs; waited += DRAIN_STEP_MS) {
      await new Promise<void>((resolve) => timers.set(resolve, DRAIN_STEP_MS));
      ask();
    }
  }

  async function end(why: EndReason, error?: unknown): Promise<void> {
    if (reason !== null) return;
    reason = why;
    failure = error;
    endedAt ??= timers.now();
    watch.close();
    const live = stream.getVideoTracks().some(({ readyState }) => readyState === 'live');
    const waits = why === 'stop' && live && recorder.state === 'recording' && behindMs - leastBehindMs > BEHIND_MS;
    // A recorder that can't pause stops as it is.
    if (waits) await drain().catch(() => {});
    if (concluded) return;
    expectStop();
    if (recorder.state !== 'inactive') recorder.stop();
  }

  // Blob.arrayBuffer() is asynchronous: a short blob may be read before a long one that came first.
  let read: Promise<unknown> = Promise.resolve();
  let delivered: Promise<unknown> = Promise.resolve();
  recorder.addEventListener('dataavailable', ({ data }) => {
    if (concluded || data.size === 0) return;
    if (stopTimer !== null) expectStop();
    const at = elapsedMs();
    watch.chunk({ current: false });
    const bytes = data.arrayBuffer();
    const chunk = read.then(async () => {
      const buffer = await bytes;
      time.add(buffer);
      recordedMs = time.recordedMs() ?? at;
      behindMs = at - (time.pictureMs() ?? at);
      leastBehindMs = Math.min(leastBehindMs, behindMs);
      if (at - recordedMs < STOP_MS / 2) watch.chunk({ current: true });
      return { buffer, recordedMs };
    });
    read = chunk.catch(() => {}); // handled below, in turn
    delivered = delivered
      // After a chunk that could not be kept, a later one would leave a hole in the file.
      .then(async () => {
        const { buffer, recordedMs } = await chunk;
        if (reason !== 'keep') await onChunk(buffer, recordedMs);
      })
      .catch((error: unknown) => {
        if (reason !== 'keep') failure = error;
        const first = reason === null;
        if (first) void end('keep', error);
        reason = 'keep';
      });
  });
  recorder.addEventListener('error', (event) => void end('error', (event as ErrorEvent).error));

  const tracks = stream.getTracks();
  const lost = () => void end('track');
  for (const track of tracks) track.addEventListener('ended', lost);

  let resolveFinished: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    resolveFinished = resolve;
  });
  async function conclude(): Promise<void> {
    if (concluded) return;
    concluded = true;
    timers.clear(stopTimer);
    watch.close();
    for (const track of tracks) track.removeEventListener('ended', lost);
    endedAt ??= timers.now();
    await delivered;
    onEnd(reason ?? 'track', failure);
    resolveFinished();
  }
  // The recorder's last event, after the last `dataavailable`: MediaStream Recording, stop().
  recorder.addEventListener('stop', () => void conclude());

  const watch = watchRecorder({
    ...{ stream, frames: frames(stream), timers, isHidden, firstChunkMs, ask },
    onTrouble(trouble) {
      onTrouble(trouble);
      if (trouble === 'silent') void end('silent');
    },
  });
  return {
    mimeType,
    startedAt,
    elapsedMs,
    recordedMs: () => recordedMs,
    stop() {
      void end('stop');
      return finished;
    },
  };
}

/** Starts a recorder of the first type that works. @throws as `startRecorder` */
function start(
  stream: MediaStream,
  mimeTypes: readonly string[],
  bits: Pick<MediaRecorderOptions, 'videoBitsPerSecond' | 'audioBitsPerSecond'>,
  timesliceMs: number,
): { recorder: MediaRecorder; mimeType: string } {
  if (mimeTypes.length === 0) throw new DOMException('This browser records no video type we know', 'NotSupportedError');
  let cause: unknown;
  for (const mimeType of mimeTypes) {
    // In mp4, Chromium delivers chunks at key frames only, whatever the timeslice.
    const options = {
      mimeType,
      ...bits,
      ...(mimeType.startsWith('video/mp4') && { videoKeyFrameIntervalDuration: 1000 }),
    };
    try {
      const recorder = new MediaRecorder(stream, options);
      recorder.start(timesliceMs);
      return { recorder, mimeType: recorder.mimeType || mimeType };
    } catch (error) {
      cause = error;
    }
  }
  throw new RecorderFailedError('', { cause });
}
