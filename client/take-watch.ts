/** What the candidate is told of camera, microphone and page while a take is recorded. */
import type { DeviceState, DeviceWatch } from './device-watch.ts';
import type { Alert } from './interview.ts';

/** A track that brought nothing for longer has left a hole in the answer, in ms. */
export const MUTED_MS = 5000;

export interface TakeWatchOptions {
  watchDevices: (stream: MediaStream, onChange: (state: DeviceState) => void) => DeviceWatch;
  /** Says it, unless something weightier is being said. */
  mention: (alert: Alert) => void;
  /** No longer true. */
  withdraw: (code: Alert['code']) => void;
}

export function createTakeWatch({ watchDevices, mention, withdraw }: TakeWatchOptions) {
  let watch: DeviceWatch | null = null;
  /** Of the time that the page was hidden in this take, what the candidate was told of. */
  let toldHiddenMs = 0;

  function hear({ muted, hidden, wasHiddenMs }: DeviceState): void {
    if (muted) mention({ code: 'device-muted' });
    else if (!hidden && wasHiddenMs > toldHiddenMs) {
      toldHiddenMs = wasHiddenMs;
      mention({ code: 'page-was-hidden' });
    } else withdraw('device-muted');
  }

  return {
    begin(stream: MediaStream): void {
      watch?.close();
      toldHiddenMs = 0;
      watch = watchDevices(stream, hear);
      // A microphone that was switched off before the take changes nothing any more.
      hear(watch.state());
    },
    /** Whether the take has a hole: camera or microphone delivered nothing for a while. */
    muted: () => (watch?.state().wasMutedMs ?? 0) > MUTED_MS,
    end(): void {
      watch?.close();
      watch = null;
    },
  };
}
