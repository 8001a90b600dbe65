/** Keeps the screen on: a phone that goes to sleep stops its camera, and freezes the page that sends. */

export interface WakeLock {
  /** Keeps the screen on until `release`, as far as the device allows; never fails. */
  hold(): void;
  release(): void;
}

export interface WakeLockOptions {
  /** The browser's; absent on older ones and on insecure pages. */
  wakeLock: Pick<globalThis.WakeLock, 'request'> | undefined;
  document: Pick<Document, 'visibilityState' | 'addEventListener'>;
}

/** Lets go by itself whenever the page is hidden (Screen Wake Lock, section 8), so it is asked for again when it returns. */
export function createWakeLock({ wakeLock, document }: WakeLockOptions): WakeLock {
  let wanted = false;
  let lock: Promise<WakeLockSentinel | null> | null = null;

  function hold(): void {
    wanted = true;
    if (lock || !wakeLock || document.visibilityState === 'hidden') return;
    // Refused at a low battery, and where the page was hidden meanwhile: the recording goes on all the same.
    const asked = wakeLock.request('screen').catch(() => null);
    lock = asked;
    void asked.then((sentinel) => {
      const gone = () => {
        if (lock === asked) lock = null;
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
