/** What happens to camera, microphone and page during a recording: a call takes the devices, or the page is hidden. */

/** What has happened since the watch began. */
export interface DeviceState {
  /** A live track delivers nothing now: a call, a switch on the device, another program. */
  muted: boolean;
  /** The page is in the background now. Phones stop the camera then. */
  hidden: boolean;
  /** How long the page was in the background, in all. */
  wasHiddenMs: number;
  /** How long a track delivered nothing, in all. */
  wasMutedMs: number;
}

interface DeviceWatchOptions {
  stream: Pick<MediaStream, 'getTracks'>;
  document: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
  /** Called at each change of `muted` and `hidden`, never at the beginning. */
  onChange: (state: DeviceState) => void;
  /** In ms. */
  now?: () => number;
}

/** A watch that runs until `close`. */
export interface DeviceWatch {
  state(): DeviceState;
  close(): void;
}

/**
 * Watches the tracks and the page until `close`. A track that ends is not reported: the recorder notices that itself.
 */
export function watchDevices({
  stream,
  document,
  onChange,
  now = () => performance.now(),
}: DeviceWatchOptions): DeviceWatch {
  const tracks = stream.getTracks();
  let hiddenSince = document.visibilityState === 'hidden' ? now() : null;
  let hiddenMs = 0;
  const isMuted = () => tracks.some(({ muted, readyState }) => muted && readyState === 'live');
  let mutedSince = isMuted() ? now() : null;
  let mutedMs = 0;
  const sum = (ms: number, since: number | null) => Math.round(ms + (since === null ? 0 : now() - since));
  const state = (): DeviceState => ({
    muted: isMuted(),
    hidden: hiddenSince !== null,
    wasHiddenMs: sum(hiddenMs, hiddenSince),
    wasMutedMs: sum(mutedMs, mutedSince),
  });
  let reported = state();
  const update = () => {
    if (isMuted()) mutedSince ??= now();
    else if (mutedSince !== null) {
      mutedMs += now() - mutedSince;
      mutedSince = null;
    }
    const before = reported;
    reported = state();
    if (before.muted !== reported.muted || before.hidden !== reported.hidden) onChange(reported);
  };
  const updatePage = () => {
    const hidden = document.visibilityState === 'hidden';
    if (hidden && hiddenSince === null) hiddenSince = now();
    if (!hidden && hiddenSince !== null) {
      hiddenMs += now() - hiddenSince;
      hiddenSince = null;
    }
    update();
  };
  const events = ['mute', 'unmute', 'ended'] as const;
  for (const track of tracks) for (const type of events) track.addEventListener(type, update);
  document.addEventListener('visibilitychange', updatePage);
  return {
    state,
    close() {
      for (const track of tracks) for (const type of events) track.removeEventListener(type, update);
      document.removeEventListener('visibilitychange', updatePage);
    },
  };
}
