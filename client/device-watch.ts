/** What happens to camera, microphone and page while they are in use: a call takes them, or the page goes to the back. */

export interface DeviceState {
  /** A track that lives delivers nothing: a call, a switch on the device, another program. */
  muted: boolean;
  /** The page is in the background now. Phones stop the camera then. */
  hidden: boolean;
  /** How long it was there in all since the watch began, in ms. */
  wasHiddenMs: number;
  /** The same of `muted`. */
  wasMutedMs: number;
}

export interface DeviceWatchOptions {
  stream: Pick<MediaStream, 'getTracks'>;
  document: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
  /** Called at every change, never at the beginning. */
  onChange: (state: DeviceState) => void;
  /** Wall-clock or monotonic time, in ms. */
  now?: () => number;
}

export interface DeviceWatch {
  state(): DeviceState;
  close(): void;
}

/** Watches until `close`. A track that ends is no business of it: the recorder hears that itself. */
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
  let told = state();
  const tell = () => {
    if (isMuted()) mutedSince ??= now();
    else if (mutedSince !== null) {
      mutedMs += now() - mutedSince;
      mutedSince = null;
    }
    const before = told;
    told = state();
    if (before.muted !== told.muted || before.hidden !== told.hidden) onChange(told);
  };
  const lookAtPage = () => {
    const hidden = document.visibilityState === 'hidden';
    if (hidden && hiddenSince === null) hiddenSince = now();
    if (!hidden && hiddenSince !== null) {
      hiddenMs += now() - hiddenSince;
      hiddenSince = null;
    }
    tell();
  };
  const events = ['mute', 'unmute', 'ended'] as const;
  for (const track of tracks) for (const type of events) track.addEventListener(type, tell);
  document.addEventListener('visibilitychange', lookAtPage);
  return {
    state,
    close() {
      for (const track of tracks) for (const type of events) track.removeEventListener(type, tell);
      document.removeEventListener('visibilitychange', lookAtPage);
    },
  };
}
