/**
 * What is recorded has the size that is shown. Chromium gives a camera that has no mode of the size that was asked for a
 * smaller picture on the page and in `getSettings()`, but its recorder takes the camera's own: 1280x720 at 540 kbit/s where
 * 320x180 at 149 was asked for (Chromium 156). Browsers without these calls scale the picture themselves.
 */
import { systemTimers, type Timers } from '../timers.ts';

/** Insertable streams, which the types of the DOM lack: Chromium's page has them, no other browser's. */
interface Pictures {
  MediaStreamTrackProcessor: new (init: { track: MediaStreamTrack }) => { readable: ReadableStream<VideoFrame> };
  MediaStreamTrackGenerator: new (init: {
    kind: 'video';
  }) => MediaStreamTrack & { writable: WritableStream<VideoFrame> };
}

/** A camera that brings no picture within this time is recorded as it is, in ms. */
const PICTURE_MS = 2000;

/** What the scaling needs. */
export interface TrueSizeOptions {
  /** The browser's own classes; the scaling is left out where one of them is missing. */
  browser?: Partial<Pictures>;
  createWorker?: () => Worker;
  timers?: Timers;
}

const startWorker = () => new Worker(new URL('./scaling-worker.ts', import.meta.url), { type: 'module' });

/**
 * The stream to be shown and recorded: `camera` itself where its picture is recorded as it is shown, else one whose picture
 * is scaled, also after the camera is asked for another size. Its tracks stand for those of `camera`: to stop them stops
 * the camera. Never rejects.
 */
export async function toTrueSize(
  camera: MediaStream,
  {
    browser = globalThis as Partial<Pictures>,
    createWorker = startWorker,
    timers = systemTimers,
  }: TrueSizeOptions = {},
): Promise<MediaStream> {
  const { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator } = browser;
  const [track] = camera.getVideoTracks();
  // `none`: the camera has this very size: Media Capture and Streams, VideoResizeModeEnum.
  if (!Processor || !Generator || !track || settingsOf(track).resizeMode === 'none') return camera;
  try {
    if (!(await isScaled(new Processor({ track }).readable, timers))) return camera;
    const worker = createWorker();
    const flows = new Promise<boolean>((resolve) => {
      worker.addEventListener('message', () => resolve(true), { once: true });
      worker.addEventListener('error', () => resolve(false), { once: true });
      timers.set(() => resolve(false), PICTURE_MS);
    });
    const picture = new Generator({ kind: 'video' });
    const { readable } = new Processor({ track });
    const { writable } = picture;
    worker.postMessage({ readable, writable }, [readable, writable]);
    if (await flows) return new MediaStream([standIn(picture, track, worker), ...camera.getAudioTracks()]);
    worker.terminate();
  } catch {} // the picture is recorded in the camera's own size
  return camera;
}

/** The settings, with the one that the types of the DOM lack. */
const settingsOf = (track: MediaStreamTrack): MediaTrackSettings & { resizeMode?: string } => track.getSettings();

/** Whether the recorder would take another picture than the one that the page shows. */
async function isScaled(pictures: ReadableStream<VideoFrame>, timers: Timers): Promise<boolean> {
  const reader = pictures.getReader();
  const limit = timers.set(() => void reader.cancel().catch(() => {}), PICTURE_MS);
  const { value: frame } = await reader.read();
  timers.clear(limit);
  void reader.cancel().catch(() => {});
  if (!frame) return false;
  const { displayWidth, displayHeight, visibleRect } = frame;
  frame.close();
  return visibleRect !== null && (visibleRect.width !== displayWidth || visibleRect.height !== displayHeight);
}

/** Lets `picture` stand for the camera's `track`: whoever asks, tunes or stops the one means the other. */
function standIn(picture: MediaStreamTrack, track: MediaStreamTrack, worker: Worker): MediaStreamTrack {
  const stop = picture.stop.bind(picture);
  const end = () => {
    stop();
    worker.terminate();
  };
  Object.defineProperties(picture, {
    muted: { get: () => track.muted },
    label: { get: () => track.label },
  });
  for (const type of ['mute', 'unmute']) track.addEventListener(type, () => picture.dispatchEvent(new Event(type)));
  track.addEventListener('ended', () => {
    end();
    picture.dispatchEvent(new Event('ended'));
  });
  return Object.assign(picture, {
    getSettings: () => track.getSettings(),
    getCapabilities: () => track.getCapabilities(),
    applyConstraints: (constraints?: MediaTrackConstraints) => track.applyConstraints(constraints),
    stop() {
      track.stop();
      end();
    },
  });
}
