import { closeDevices, createMeter, type DeviceChoice, type Meter, openDevices } from './devices.ts';

export type Preview = ReturnType<typeof createPreview>;

/** Camera and microphone as they are open now, their picture on the page, and their loudness. */
export function createPreview(show: (stream: MediaStream | null) => void) {
  let stream: MediaStream | null = null;
  let meter: Meter | null = null;
  let choice: DeviceChoice = {};

  function close(): void {
    meter?.close();
    if (stream) closeDevices(stream);
    show(null);
    meter = stream = null;
  }

  return {
    /** The open stream while all its tracks live, else a new one. Rejects as `openDevices` does. */
    async open(): Promise<MediaStream> {
      if (stream?.active && stream.getTracks().every((track) => track.readyState === 'live')) return stream;
      close();
      stream = await openDevices(choice);
      meter = createMeter(stream);
      show(stream);
      return stream;
    },
    /** Takes effect at the next `open`. */
    choose(change: DeviceChoice): void {
      choice = { ...choice, ...change };
      close();
    },
    close,
    /** Loudness of the microphone, 0 to 1. */
    level: () => meter?.level() ?? 0,
  };
}
