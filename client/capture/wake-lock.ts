/** Keeps the screen on: a phone that goes to sleep stops its camera, and freezes the page that sends the answers. */

/** The wish to keep the screen on. */
export interface WakeLock {
  /** Keeps the screen on until `release`, where the device allows it; never throws. May be called again. */
  hold(): void;
  /** The device may turn its screen off again. */
  release(): void;
}

interface WakeLockOptions {
  /** `navigator.wakeLock`; absent in older browsers and on insecure pages. */
  wakeLock: Pick<globalThis.WakeLock, 'request'> | undefined;
  document: Pick<Document, 'visibilityState' | 'addEventListener'>;
}

/**
 * The browser releases the lock whenever the page is hidden (Screen Wake Lock, section 8): it is requested again when
 * the page is shown.
 */
export function createWakeLock({ wakeLock, document }: WakeLockOptions): WakeLock {
  let wanted = false;
  let lock: Promise<WakeLockSentinel | null> | null = null;

  function hold(): void {
    wanted = true;
    if (lock || !wakeLock || document.visibilityState === 'hidden') return;
    // The browser refuses at a low battery, and where the page was hidden meanwhile: the recording continues.
    const requested = requestOf(wakeLock).catch(() => null);
    lock = requested;
    void requested.then((sentinel) => {
      const gone = () => {
        if (lock === requested) lock = null;
      };
      if (sentinel) sentinel.addEventListener('release', gone);
      if (!sentinel || sentinel.released) gone();
    });
  }
  document.addEventListener('visibilitychange', () => {
    if (wanted) hold();
  });
  return {
    hold,
    release() {
      wanted = false;
      const held = lock;
      lock = null;
      void held?.then((sentinel) => sentinel?.release()).catch(() => {});
    },
  };
}

/** Rejects also where the browser's call throws. */
async function requestOf(wakeLock: Pick<globalThis.WakeLock, 'request'>): Promise<WakeLockSentinel> {
  return wakeLock.request('screen');
}
