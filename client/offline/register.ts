import { systemTimers, type Timers } from '../timers.ts';

/**
 * What became of the service worker. `ready`: a reload works without a connection. `unsupported`: the browser has no service
 * workers here. `refused`: the browser does not allow the service worker, e.g. under an untrusted certificate. `later`: its
 * script could not be fetched yet; the next visit tries again.
 */
export type ServiceWorkerState = 'ready' | 'unsupported' | 'refused' | 'later';

const SCRIPT = '/sw.js';

/** What the registration needs. */
export interface ServiceWorkerOptions {
  /**
   * By default `navigator.serviceWorker`, which is absent on insecure pages and in some private windows. In development
   * there is no service worker to register: a registration would stand for as long as its script is being asked for.
   */
  container?: Pick<ServiceWorkerContainer, 'register' | 'ready'> | undefined;
  timers?: Timers;
  /** Whether the script can be fetched; asked where the browser does not say why the registration failed. Never rejects. */
  reachable?: () => Promise<boolean>;
  /** How long to wait for the registration, in ms. On a slow network it takes longer: then the answer is `later`. */
  limitMs?: number;
}

/**
 * Registers the service worker (service-worker.ts), which keeps the pages on the device for a reload without a connection.
 * Never rejects, and resolves within `limitMs`.
 */
export async function registerServiceWorker({
  container = import.meta.env.DEV ? undefined : navigator.serviceWorker,
  timers = systemTimers,
  reachable = isReachable,
  limitMs = 20_000,
}: ServiceWorkerOptions = {}): Promise<ServiceWorkerState> {
  if (!container) return 'unsupported';
  let limit: unknown;
  const tooLate = new Promise<ServiceWorkerState>((resolve) => {
    limit = timers.set(() => resolve('later'), limitMs);
  });
  const registered = container
    .register(SCRIPT)
    .then(() => container.ready)
    .then(
      (): ServiceWorkerState => 'ready',
      // SecurityError: the certificate or the origin of the script. NotSupportedError: service workers are switched off.
      // Any other error: the script could not be fetched. Some browsers say the same of an untrusted certificate, but let
      // the page itself fetch the script.
      async (error: unknown): Promise<ServiceWorkerState> => {
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
