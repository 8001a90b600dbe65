/** The page's side of sending in the background (sender.ts): it leaves what the worker needs, and asks the browser to start it. */
import type { SendingRecord, SendingRecords } from '../spool/sending-record.ts';

const SCRIPT = '/sender.js';
/** No page is below this path: the worker serves none. */
const SCOPE = '/sender/';
/** The browser's name for what is to be done; asked for twice, it is done once. */
const TAG = 'tresgo-send';

/** A registration in browsers with Background Sync; the types of the DOM lack it. */
type Registration = ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } };

/** Sending in the background. No method rejects. */
export interface Background {
  /** Whether the browser goes on sending when the page is closed. */
  ready(): boolean;
  /** Takes are recorded: leaves what the worker needs, and registers the worker. */
  prepare(record: SendingRecord): Promise<void>;
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
}

/** By default none without Background Sync, or without the locks that keep page and worker apart. */
const usable = () =>
  !import.meta.env.DEV && 'SyncManager' in globalThis && navigator.locks ? navigator.serviceWorker : undefined;

/** Creates the page's side; nothing is left or registered before `prepare`. */
export function createBackground({ records, container = usable() }: BackgroundOptions): Background {
  let folder: string | null = null;
  let registration: Registration | null = null;

  return {
    ready: () => registration !== null,
    async prepare(record) {
      if (!container || folder === record.folder) return;
      folder = record.folder;
      try {
        await records.put(record);
        const registered: Registration = await container.register(SCRIPT, { scope: SCOPE });
        if (!registered.active) await activated(registered);
        if (registered.sync) registration = registered;
      } catch {
        // Without it the page sends while it is open, as in other browsers.
      }
    },
    ask() {
      registration?.sync?.register(TAG).catch(() => {});
    },
    async forget(ended) {
      if (folder === ended) registration = null;
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
    if (!worker) return reject(new Error('there is no worker'));
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') resolve();
      if (worker.state === 'redundant') reject(new Error('the worker was not accepted'));
    });
  });
}
