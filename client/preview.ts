import { applyQuality, closeDevices, createMeter, type DeviceChoice, type Meter, openDevices } from './devices.ts';
import { DEFAULT_QUALITY, type Quality } from './quality.ts';

export interface PreviewOptions {
  /** A camera or microphone that is open went away by itself: the next `open` looks for others. */
  onLost?: () => void;
}

/** Camera and microphone as they are open now, their picture on the page, and their loudness. */
export function createPreview(show: (stream: MediaStream | null) => void, { onLost = () => {} }: PreviewOptions = {}) {
  let stream: MediaStream | null = null;
  let meter: Meter | null = null;
  let choice: DeviceChoice = {};
  let quality: Quality = DEFAULT_QUALITY;
  /** What the open camera was asked for last. */
  let applied: Quality | null = null;
  let applying: Promise<void> = Promise.resolve();
  /** Counts what made an opening under way worthless. */
  let closings = 0;
  // One at a time: a camera that is opened twice is busy on a phone, and nobody would close the first.
  let turn: Promise<unknown> = Promise.resolve();

  function close(): void {
    closings += 1;
    meter?.close();
    if (stream) closeDevices(stream);
    show(null);
    meter = stream = null;
  }

  /** Resolves once the camera has it: a recorder that began before would see its picture change. */
  function apply(to: MediaStream): Promise<void> {
    if (applied !== quality) applying = applyQuality(to, quality);
    applied = quality;
    return applying;
  }

  async function openInTurn(): Promise<MediaStream> {
    if (stream?.active && stream.getTracks().every((track) => track.readyState === 'live')) {
      await apply(stream);
      return stream;
    }
    close();
    const before = closings;
    applied = quality;
    applying = Promise.resolve();
    const opened = await openDevices(choice, quality);
    await apply(opened);
    if (closings !== before) {
      closeDevices(opened);
      throw new DOMException('The choice changed meanwhile', 'InvalidStateError');
    }
    for (const track of opened.getTracks()) {
      // Fired only for what nobody here stopped: Media Capture and Streams, track.stop().
      track.addEventListener('ended', () => stream === opened && onLost());
    }
    stream = opened;
    meter = createMeter(opened);
    show(opened);
    return opened;
  }

  return {
    /** The open stream while all its tracks live, else a new one. Rejects as `openDevices` does, or where `close` came first. */
    open(): Promise<MediaStream> {
      const mine = turn.then(openInTurn);
      turn = mine.catch(() => {});
      return mine;
    },
    /** Takes effect at the next `open`. */
    choose(change: DeviceChoice): void {
      choice = { ...choice, ...change };
      close();
    },
    /**
     * The picture for the next takes. Resolves once an open camera has it, or has refused; never rejects. `later`: while
     * something records, the camera is left alone until the next `tune` or `open`.
     */
    async tune(next: Quality, { later = false } = {}): Promise<void> {
      quality = next;
      if (stream && !later) await apply(stream);
    },
    close,
    /** What was chosen, as the page shows it. */
    chosen: (): Required<DeviceChoice> => ({ cameraId: '', microphoneId: '', ...choice }),
    /** Loudness of the microphone, 0 to 1; null where nothing can be heard yet. */
    level(): number | null {
      const loudness = meter?.level() ?? null;
      return meter?.listens() ? loudness : null;
    },
  };
}
