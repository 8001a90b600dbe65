import { systemTimers, type Timers, within } from '../timers.ts';
import type { UploadQueue, UploadQueueStatus } from '../upload/upload-queue.ts';
import type { SavedInterview } from './saved-record.ts';
import type { Store } from './store.ts';

/** How long the engine may take before the page says that there is no connection, in ms … */
const PATIENCE_MS = 10_000;
/** … and how long after that, or after a failure, it is asked for again. */
const AGAIN_MS = 3000;

/** Where the session's takes are sent. */
type QueueTarget = Pick<SavedInterview, 'folder' | 'uploadEndpoint'>;

/**
 * The upload queue of the page's session. Before `open` the queue is empty: nothing is unsent, and a call that changes a
 * take fails.
 */
export interface SessionQueue extends Omit<UploadQueue, 'close'> {
  /** Begins to load the queue, at the first call; `recover` and `create` wait for it. */
  open(target: QueueTarget): void;
  /** Resolves once takes can be created; rejects where the engine could not be loaded, and may be called again. */
  ready(): Promise<void>;
}

const nothingSent: UploadQueueStatus = {
  ...{ takeId: null, recordedBytes: 0, persistedBytes: 0, ackedBytes: 0, takes: [], gate: [] },
  ...{ uplinkKbps: null, quietMs: 0 },
};

/**
 * The page may ask for its uploads at any time, but the server says where a session's takes belong only once the session
 * is open, and the engine is loaded only then: the page shows the device check without it. This is the one place that knows
 * the difference: the modules of the interview share the queue from the start. `create` is asked again where it rejected.
 */
export function createSessionQueue(create: (target: QueueTarget) => Promise<UploadQueue>): SessionQueue {
  let queue: UploadQueue | null = null;
  let target: QueueTarget | null = null;
  let loading: Promise<UploadQueue> | null = null;
  const requireQueue = (): UploadQueue => {
    if (!queue) throw new Error('The session is not open');
    return queue;
  };
  function load(): Promise<UploadQueue> {
    if (!target) return Promise.reject(new Error('The session is not open'));
    loading ??= create(target).then(
      (created) => {
        queue = created;
        return created;
      },
      (error: unknown) => {
        loading = null;
        throw error;
      },
    );
    return loading;
  }
  return {
    open(wanted) {
      target ??= wanted;
      // Whoever needs the queue asks for it again, and sees the error.
      load().catch(() => {});
    },
    ready: async () => {
      await load();
    },
    recover: async () => (await load()).recover(),
    create: async (take) => (await load()).create(take),
    append: (takeId, data, recordedMs) => requireQueue().append(takeId, data, recordedMs),
    end: (takeId) => requireQueue().end(takeId),
    beginSound: (sound) => requireQueue().beginSound(sound),
    drop: (takeId) => requireQueue().drop(takeId),
    enterGate: (takeId) => queue?.enterGate(takeId),
    unsent: () => queue?.unsent() ?? [],
    retryNow: () => queue?.retryNow(),
    status: () => queue?.status() ?? nothingSent,
  };
}

/**
 * Waits until takes can be kept: on a first visit over a bad network the engine may still be on its way, and no recorder may
 * run before. Says that there is no connection meanwhile, and asks again, while `goesOn`.
 * @returns whether the queue is ready
 */
export async function untilReady({
  queue,
  dispatch,
  goesOn = () => true,
  timers = systemTimers,
}: {
  queue: Pick<SessionQueue, 'ready'>;
  dispatch: Store['dispatch'];
  goesOn?: () => boolean;
  timers?: Timers;
}): Promise<boolean> {
  for (let waited = false; ; waited = true) {
    const loaded = queue.ready().then(
      () => true,
      () => false,
    );
    const ready = await within(loaded, PATIENCE_MS, () => false, timers);
    if (ready && waited) dispatch({ type: 'alert', alert: null });
    if (ready || !goesOn()) return ready;
    dispatch({ type: 'alert', alert: { code: 'no-connection' } });
    await new Promise<void>((resolve) => timers.set(resolve, AGAIN_MS));
  }
}
