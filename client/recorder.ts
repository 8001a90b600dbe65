/** MediaRecorder -> chunks, strictly in order (field note 20). */

/** In order of preference; never one alone: Safari knows no webm, Firefox no mp4. */
export const MIME_TYPES = [
  'video/webm;codecs=vp8,opus',
  'video/webm',
  'video/mp4;codecs=avc1.42E01E,mp4a.40.2',
  'video/mp4',
] as const;
/** How often the recorder hands over what it has, in ms: what a reload may lose. */
export const TIMESLICE_MS = 500;

/** `stop`: asked for. `track`: a camera or microphone went away. `error`: the recorder gave up. `keep`: a chunk could not be kept. */
export type EndReason = 'stop' | 'track' | 'error' | 'keep';

export interface Recording {
  /** What the recorder says it makes. */
  mimeType: string;
  /** By the page's clock. */
  startedAt: Date;
  /** Resolves after the last chunk was handed over and its `onChunk` settled. May be called again. */
  stop(): Promise<void>;
  elapsedMs(): number;
}

export interface RecorderOptions {
  stream: MediaStream;
  timesliceMs?: number;
  mimeTypes?: readonly string[];
  /** bit/s; the browser's own choice by default. It can't change during a recording. */
  videoBitsPerSecond?: number;
  audioBitsPerSecond?: number;
  /** Called one after the other, each after the one before settled; never with an empty chunk. */
  onChunk: (data: ArrayBuffer, elapsedMs: number) => Promise<unknown> | undefined;
  /** Called once, after the last chunk; `error` is what was thrown, where something was. */
  onEnd: (reason: EndReason, error?: unknown) => void;
}

/** The first type this browser records, or null where it records none of them. */
export function supportedMimeType(mimeTypes: readonly string[] = MIME_TYPES): string | null {
  if (typeof MediaRecorder === 'undefined') return null;
  return mimeTypes.find((type) => MediaRecorder.isTypeSupported(type)) ?? null;
}

/** Begins to record at once. Throws where the browser cannot record, or refuses the stream. */
export function startRecorder({
  stream,
  timesliceMs = TIMESLICE_MS,
  mimeTypes = MIME_TYPES,
  videoBitsPerSecond,
  audioBitsPerSecond,
  onChunk,
  onEnd,
}: RecorderOptions): Recording {
  const mimeType = supportedMimeType(mimeTypes);
  if (mimeType === null) throw new DOMException('This browser records no video type we know', 'NotSupportedError');
  const options: MediaRecorderOptions & { videoKeyFrameIntervalDuration?: number } = {
    mimeType,
    ...(videoBitsPerSecond !== undefined && { videoBitsPerSecond }),
    ...(audioBitsPerSecond !== undefined && { audioBitsPerSecond }),
    // Chromium's mp4 hands over at key frames only, whatever the timeslice.
    ...(mimeType.startsWith('video/mp4') && { videoKeyFrameIntervalDuration: 1000 }),
  };
  const recorder = new MediaRecorder(stream, options);
  const began = performance.now();
  const startedAt = new Date();
  let endedAt: number | null = null;
  let reason: EndReason | null = null;
  let failure: unknown;

  const elapsedMs = () => Math.round((endedAt ?? performance.now()) - began);
  const end = (why: EndReason, error?: unknown) => {
    if (reason === null) failure = error;
    reason ??= why;
    endedAt ??= performance.now();
    if (recorder.state !== 'inactive') recorder.stop();
  };

  // Blob.arrayBuffer() is asynchronous, and a short blob may be read before a long one that came first.
  let handedOver: Promise<unknown> = Promise.resolve();
  recorder.addEventListener('dataavailable', ({ data }) => {
    if (data.size === 0) return;
    const at = elapsedMs();
    const bytes = data.arrayBuffer();
    bytes.catch(() => {}); // looked at in its turn
    handedOver = handedOver
      // After a chunk that could not be kept, a later one would leave a hole in the file.
      .then(async () => reason !== 'keep' && (await onChunk(await bytes, at)))
      .catch((error: unknown) => {
        if (reason !== 'keep') failure = error;
        reason = 'keep';
        end('keep');
      });
  });
  recorder.addEventListener('error', (event) => end('error', (event as ErrorEvent).error));

  const tracks = stream.getTracks();
  const lost = () => end('track');
  for (const track of tracks) track.addEventListener('ended', lost);

  const finished = new Promise<void>((resolve) => {
    // The recorder's last event, after the last `dataavailable`: MediaStream Recording, stop().
    recorder.addEventListener('stop', async () => {
      for (const track of tracks) track.removeEventListener('ended', lost);
      endedAt ??= performance.now();
      await handedOver;
      onEnd(reason ?? 'track', failure);
      resolve();
    });
  });

  recorder.start(timesliceMs);
  return {
    mimeType: recorder.mimeType || mimeType,
    startedAt,
    elapsedMs,
    stop() {
      end('stop');
      return finished;
    },
  };
}
