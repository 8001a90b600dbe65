/** Registers the service worker (service-worker.ts), which keeps the page for a reload without a connection. */
import { systemTimers, type Timers } from './timers.ts';

/**
 * `ready`: a reload works offline. `unsupported`: the browser has no service worker here. `refused`: the browser lets
 * none in, as under an untrusted certificate. `later`: it could not be fetched yet; the next visit tries again.
 */
export type OfflineState = 'ready' | 'unsupported' | 'refused' | 'later';

const SCRIPT = '/sw.js';

export interface OfflineOptions {
  /** `navigator.serviceWorker`; absent on insecure pages and in some private windows. */
  container: Pick<ServiceWorkerContainer, 'register' | 'ready'> | undefined;
  timers?: Timers;
  /** Asked where the browser let no service worker in: whether its script can be had at all. Never rejects. */
  reachable?: () => Promise<boolean>;
  /** A slow network may take longer to fetch the page a second time: nobody waits for it, in ms. */
  limitMs?: number;
}

/** Never rejects, and answers within `limitMs`. */
export async function keepOffline({
  container,
  timers = systemTimers,
  reachable = isReachable,
  limitMs = 20_000,
}: OfflineOptions): Promise<OfflineState> {
  if (!container) return 'unsupported';
  let limit: unknown;
  const tooLate = new Promise<OfflineState>((resolve) => {
    limit = timers.set(() => resolve('later'), limitMs);
  });
  const registered = container
    .register(SCRIPT)
    .then(() => container.ready)
    .then(
      (): OfflineState => 'ready',
      // SecurityError: the script's certificate or origin. NotSupportedError: switched off. Else its fetch failed; browsers
      // that say so of a certificate, too, let the page itself fetch it.
      async (error: unknown): Promise<OfflineState> => {
        const refused = ['SecurityError', 'NotSupportedError'].includes((error as Error)?.name);
        return refused || (await reachable()) ? 'refused' : 'later';
      },
    );
  const state = await Promise.race([registered, tooLate]);
  timers.clear(limit);
  return state;
}

function isReachable(): Promise<boolean> {
  return fetch(SCRIPT, { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  );
}
