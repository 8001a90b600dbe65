/** Camera and microphone as they are open now, their picture on the page, and their loudness. */
import { systemTimers, type Timers } from '../timers.ts';
import { applyQuality, closeDevices, createMeter, type DeviceChoice, type Meter, openDevices } from './devices.ts';
import { DEFAULT_QUALITY, type Quality } from './quality.ts';
import { toTrueSize } from './true-size.ts';

interface PreviewOptions {
  /** A camera or microphone that is open went away by itself: the next `open` looks for others. */
  onLost?: () => void;
  /** Camera and microphone have been asked for a while without an answer (true), or are so no more. */
  onWaiting?: (waiting: boolean) => void;
  timers?: Timers;
}

/**
 * The browser may ask the candidate, and a person may read the question for a minute. After this time, in ms, the page says
 * what it waits for, and the next `open` no longer waits for this one.
 */
const WAITING_MS = 10_000;

/** The devices of the page, open or closed. */
export interface Preview {
  /**
   * The open stream while all its tracks are live, else a new one. Rejects as `openDevices` does, or where `close` came
   * first.
   */
  open(): Promise<MediaStream>;
  /** Closes the devices; the next `open` opens the chosen ones. */
  choose(change: DeviceChoice): void;
  /**
   * Sets the picture for the next takes. Resolves once an open camera has changed, or has refused; never rejects. With
   * `later`, since something records, the camera is left alone until the next `tune` or `open`.
   */
  tune(quality: Quality, when?: { later?: boolean }): Promise<void>;
  close(): void;
  /** The devices that were chosen, for the page to show; empty where the browser chooses. */
  chosen(): Required<Pick<DeviceChoice, 'cameraId' | 'microphoneId'>>;
  /** Loudness of the microphone, 0 to 1; null where nothing can be heard yet. */
  level(): number | null;
}

/** Opens nothing yet. `show` is called with the stream to be seen on the page, and with null when it is closed. */
export function createPreview(
  show: (stream: MediaStream | null) => void,
  { onLost = () => {}, onWaiting = () => {}, timers = systemTimers }: PreviewOptions = {},
): Preview {
  let stream: MediaStream | null = null;
  let meter: Meter | null = null;
  let choice: DeviceChoice = {};
  let quality: Quality = DEFAULT_QUALITY;
  /** What the open camera was asked for last. */
  let applied: Quality | null = null;
  let applying: Promise<void> = Promise.resolve();
  /** How often the devices were closed: an opening that began before the last time is worthless. */
  let closings = 0;
  // One opening at a time: a phone's camera that is opened twice is busy, and the first stream would never be closed.
  let turn: Promise<unknown> = Promise.resolve();
  /** The opening has waited for so long that the next one does not wait for it. */
  let waiting = false;

  function close(): void {
    closings += 1;
    meter?.close();
    if (stream) closeDevices(stream);
    show(null);
    meter = stream = null;
  }

  /** Resolves once the camera has changed: a recorder that began before would see its picture change. */
  function apply(): Promise<void> {
    if (applied !== quality) applying = applying.then(change);
    applied = quality;
    return applying;
  }

  async function change(): Promise<void> {
    const camera = stream;
    if (!camera) return;
    await applyQuality(camera, quality);
    const sized = await toTrueSize(camera);
    if (sized === camera) return;
    // Closed meanwhile: what scales its picture ends with it.
    if (stream !== camera) return closeDevices(sized);
    stream = sized;
    show(sized);
  }

  /** The open stream, once the camera has changed to the quality of the next take. */
  async function changed(): Promise<MediaStream> {
    await apply();
    if (!stream) throw new DOMException('The choice changed meanwhile', 'InvalidStateError');
    return stream;
  }

  async function openInTurn(): Promise<MediaStream> {
    if (stream?.active && stream.getTracks().every((track) => track.readyState === 'live')) {
      return changed();
    }
    close();
    const before = closings;
    applied = quality;
    applying = Promise.resolve();
    const camera = await answered(openDevices(choice, quality), before);
    const opened = await toTrueSize(camera);
    if (closings !== before) {
      closeDevices(opened);
      throw new DOMException('The choice changed meanwhile', 'InvalidStateError');
    }
    for (const track of opened.getTracks()) {
      // Fired only for tracks that the page did not stop: Media Capture and Streams, track.stop().
      track.addEventListener('ended', () => closings === before && onLost());
    }
    stream = opened;
    meter = createMeter(opened);
    show(opened);
    return changed();
  }

  /** Says so where the browser takes its time. */
  async function answered(opening: Promise<MediaStream>, before: number): Promise<MediaStream> {
    const say = (on: boolean) => {
      if (closings !== before || waiting === on) return;
      waiting = on;
      onWaiting(on);
    };
    const timer = timers.set(() => say(true), WAITING_MS);
    return opening.finally(() => {
      timers.clear(timer);
      say(false);
    });
  }

  /** Gives up the opening that waits: its devices are closed where they open after all. */
  function giveUpWaiting(): void {
    if (!waiting) return;
    waiting = false;
    onWaiting(false);
    close();
    turn = Promise.resolve();
  }

  return {
    open() {
      giveUpWaiting();
      const opening = turn.then(openInTurn);
      turn = opening.catch(() => {});
      return opening;
    },
    choose(change) {
      choice = { ...choice, ...change };
      close();
    },
    async tune(next, { later = false } = {}) {
      quality = next;
      if (stream && !later) await apply();
    },
    close,
    chosen: () => ({ cameraId: choice.cameraId ?? '', microphoneId: choice.microphoneId ?? '' }),
    level() {
      const loudness = meter?.level() ?? null;
      return meter?.listens() ? loudness : null;
    },
  };
}
