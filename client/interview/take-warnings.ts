/** What the candidate is warned of while a take is recorded: devices that deliver nothing, a page in the background. */
import type { DeviceState, DeviceWatch } from '../capture/device-watch.ts';
import { STILL_MS, type Trouble } from '../capture/recorder-watch.ts';
import type { Alert } from './state.ts';

/** A track that delivered nothing for longer than this has left a hole in the answer, in ms. */
const HOLE_MS = 5000;

/** What the warnings need. */
export interface TakeWarningsOptions {
  watchDevices: (stream: MediaStream, onChange: (state: DeviceState) => void) => DeviceWatch;
  /** Shows the alert, unless a more important one is shown. */
  mention: (alert: Alert) => void;
  /** The alert is no longer true. */
  withdraw: (code: Alert['code']) => void;
  /** In ms. */
  now?: () => number;
}

/** The warnings of one take after the other. */
export interface TakeWarnings {
  /** A take has begun to record the stream. */
  begin(stream: MediaStream): void;
  /** Something is wrong with the recording, or right again. */
  trouble(trouble: Trouble): void;
  /** Whether the take has a hole: camera or microphone delivered nothing for a while. */
  hasHole(): boolean;
  /** The take has ended. */
  end(): void;
}

/** Creates the warnings, for one take after the other. */
export function createTakeWarnings({
  watchDevices,
  mention,
  withdraw,
  now = () => performance.now(),
}: TakeWarningsOptions): TakeWarnings {
  let watch: DeviceWatch | null = null;
  /** How much of the take's time in the background the candidate was warned of. */
  let mentionedHiddenMs = 0;
  /** Since when the picture stands still, and how long it did before. */
  let stillSince: number | null = null;
  let stillMs = 0;

  function handleChange({ muted, hidden, wasHiddenMs }: DeviceState): void {
    if (muted) mention({ code: 'device-muted' });
    else if (!hidden && wasHiddenMs > mentionedHiddenMs) {
      mentionedHiddenMs = wasHiddenMs;
      mention({ code: 'page-was-hidden' });
    } else withdraw('device-muted');
  }

  return {
    begin(stream) {
      watch?.close();
      mentionedHiddenMs = stillMs = 0;
      stillSince = null;
      watch = watchDevices(stream, handleChange);
      // A microphone that was muted before the take emits no change.
      handleChange(watch.state());
    },
    trouble(trouble) {
      if (trouble === 'still') {
        stillSince = now() - STILL_MS;
        mention({ code: 'picture-still' });
      } else if (trouble === 'moving') {
        stillMs += stillSince === null ? 0 : now() - stillSince;
        stillSince = null;
        withdraw('picture-still');
      } else mention({ code: 'recording-silent' });
    },
    hasHole() {
      const still = stillMs + (stillSince === null ? 0 : now() - stillSince);
      return Math.max(still, watch?.state().wasMutedMs ?? 0) > HOLE_MS;
    },
    end() {
      watch?.close();
      watch = null;
    },
  };
}
