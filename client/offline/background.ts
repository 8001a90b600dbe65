/** The page's side of sending in the background (sender.ts): it leaves what the worker needs, and asks the browser to start it. */
import type { SendingRecord, SendingRecords } from '../spool/sending-record.ts';
import { systemTimers, type Timers, within } from '../timers.ts';

const SCRIPT = '/sender.js';
/** No page is below this path: the worker serves none. */
const SCOPE = '/sender/';
/** The browser's name for what is to be done; asked for twice, it is done once. */
export const TAG = 'tresgo-send';
/** A page that has failed to register the worker this often leaves it. */
const MOST_FAILURES = 5;
/** How long the worker's installation is waited for, in ms: the browser may never say how it ended. */
const PATIENCE_MS = 60_000;

/** A registration in browsers with Background Sync; the types of the DOM lack it. */
type Registration = ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } };

/** Sending in the background. No method rejects. */
export interface Background {
  /** Whether the browser goes on sending when the page is closed. */
  ready(): boolean;
  /** A take is recorded: leaves what the worker needs, and registers the worker. What failed is done again at the next take. */
  prepare(record: SendingRecord): Promise<void>;
  /** The network is back: a preparation that failed is done again. */
  prepareAgain(): Promise<void>;
  /** The page is hidden or closed, or the network gone, while it holds unsent bytes. */
  ask(): void;
  /** The session has ended: nothing of it is left for the worker. */
  forget(folder: string): Promise<void>;
  /** Forgets the sessions, other than this page's, of which the device holds nothing more. */
  tidy(current: string | null, holds: (folder: string) => Promise<boolean>): Promise<void>;
}

interface BackgroundOptions {
  records: SendingRecords;
  /** `navigator.serviceWorker` by default; absent where a worker could do nothing. */
  container?: Pick<ServiceWorkerContainer, 'register'> | undefined;
  /** Whether the candidate, or the browser's settings, allow it. */
  isAllowed?: () => Promise<boolean>;
  timers?: Timers;
}

/** By default none without Background Sync, or without the locks that keep page and worker apart. */
const usable = () =>
  !import.meta.env.DEV && 'SyncManager' in globalThis && navigator.locks ? navigator.serviceWorker : undefined;

/** A browser that does not know the name of the permission asks for none. */
async function allowed(): Promise<boolean> {
  const name = 'background-sync' as PermissionName;
  const permission = await navigator.permissions?.query({ name }).catch(() => null);
  return permission?.state !== 'denied';
}

/** Creates the page's side; nothing is left or registered before `prepare`. */
export function createBackground({
  records,
  container = usable(),
  isAllowed = allowed,
  timers = systemTimers,
}: BackgroundOptions): Background {
  let current: SendingRecord | null = null;
  let registration: Registration | null = null;
  let isRegistering = false;
  let failures = 0;

  async function register(workers: Pick<ServiceWorkerContainer, 'register'>): Promise<Registration | null> {
    const registered: Registration = await workers.register(SCRIPT, { scope: SCOPE });
    if (!registered.active) await activated(registered);
    return registered.sync && (await isAllowed()) ? registered : null;
  }

  async function prepare(record: SendingRecord): Promise<void> {
    current = record;
    if (!container) return;
    // Also while the worker is being registered, and where it is: the token may have been replaced.
    try {
      await records.put(record);
    } catch {
      return;
    }
    if (registration || isRegistering || failures >= MOST_FAILURES) return;
    isRegistering = true;
    registration = await within(
      register(container).catch(() => null),
      PATIENCE_MS,
      () => null,
      timers,
    );
    // Without it the page sends while it is open, as in other browsers.
    if (!registration) failures += 1;
    isRegistering = false;
  }

  return {
    ready: () => registration !== null,
    prepare,
    async prepareAgain() {
      if (current && !registration) await prepare(current);
    },
    ask() {
      const asked = registration;
      asked?.sync?.register(TAG).catch(() => {
        if (registration === asked) registration = null;
        failures += 1;
      });
    },
    async forget(ended) {
      if (current?.folder === ended) current = registration = null;
      await records.delete(ended).catch(() => {});
    },
    async tidy(current, holds) {
      try {
        for (const { folder: other } of await records.list())
          if (other !== current && !(await holds(other))) await records.delete(other);
      } catch {
        // The next page tries again.
      }
    },
  };
}

/** Resolves once the new worker is active: before, the browser accepts no wish. Rejects where it does not become so. */
function activated({ installing, waiting }: ServiceWorkerRegistration): Promise<void> {
  const worker = installing ?? waiting;
  return new Promise((resolve, reject) => {
    if (!worker) return reject();
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') resolve();
      if (worker.state === 'redundant') reject();
    });
  });
}
