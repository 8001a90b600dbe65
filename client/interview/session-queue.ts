import type { SpooledTake } from '../spool/spool.ts';
import type { UploadQueue, UploadQueueStatus } from '../upload/upload-queue.ts';
import type { SavedInterview } from './saved-record.ts';

/** Where the session's takes are sent. */
type QueueTarget = Pick<SavedInterview, 'folder' | 'uploadEndpoint'>;

/**
 * The upload queue of the page's session. Before `open` the queue is empty: nothing is unsent, and a call that changes a
 * take throws.
 */
export interface SessionQueue extends Omit<UploadQueue, 'recover' | 'close'> {
  /** Creates the queue at the first call. Resolves to the takes that an earlier page left, oldest first. */
  open(target: QueueTarget): Promise<SpooledTake[]>;
}

const nothingSent: UploadQueueStatus = {
  ...{ takeId: null, recordedBytes: 0, persistedBytes: 0, ackedBytes: 0, takes: [], gate: [] },
  ...{ uplinkKbps: null, quietMs: 0 },
};

/**
 * The page may ask for its uploads at any time, but the server says where a session's takes belong only once the session
 * is open. This is the one place that knows the difference: the modules of the interview share the queue from the start.
 */
export function createSessionQueue(create: (target: QueueTarget) => UploadQueue): SessionQueue {
  let queue: UploadQueue | null = null;
  const requireQueue = (): UploadQueue => {
    if (!queue) throw new Error('The session is not open');
    return queue;
  };
  return {
    open(target) {
      queue ??= create(target);
      return queue.recover();
    },
    create: (take) => requireQueue().create(take),
    append: (takeId, data, recordedMs) => requireQueue().append(takeId, data, recordedMs),
    end: (takeId) => requireQueue().end(takeId),
    drop: (takeId) => requireQueue().drop(takeId),
    enterGate: (takeId) => queue?.enterGate(takeId),
    unsent: () => queue?.unsent() ?? [],
    retryNow: () => queue?.retryNow(),
    status: () => queue?.status() ?? nothingSent,
  };
}
