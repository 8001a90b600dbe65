/**
 * The spool in IndexedDB.
 *
 * Invariants:
 * 1. The chunks of a take are stored at [takeId, offset] without gap or overlap, and `bytes` in its record is their
 *    end: chunk and record are written in one transaction, so after a crash the database holds either both or neither.
 * 2. Writes happen in the order of the calls: each opens its readwrite transaction in its turn, and IndexedDB runs
 *    transactions over the same stores one after the other, across tabs too.
 * 3. A write resolves after its transaction completed, never after the request alone (platform note 14).
 * 4. Chunks are ArrayBuffers: WebKit rejects Blobs in IndexedDB (platform note 14).
 */
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb';
import {
  createSpoolListeners,
  cut,
  type DurableSpool,
  newTake,
  oldestFirst,
  requireOpen,
  requireTake,
  type SpooledTake,
} from './spool.ts';

interface Tables extends DBSchema {
  takes: { key: string; value: SpooledTake; indexes: { folder: string } };
  chunks: { key: [takeId: string, offset: number]; value: ArrayBuffer };
}
type Writing = IDBPTransaction<Tables, ('takes' | 'chunks')[], 'readwrite'>;
type Reading = IDBPTransaction<Tables, ('takes' | 'chunks')[], 'readonly'>;

/** Options of `openIndexedDbSpool`. */
export interface IndexedDbSpoolOptions {
  /** Name of the database. */
  name?: string;
  /**
   * `strict` flushes to the disk before a transaction completes, so that no chunk is lost when the battery dies.
   * Measured in Chromium with 60 kB chunks on an SSD: a median of 3 to 5 ms, beside 2 to 3 ms for `relaxed`; a recorder
   * writes two chunks a second.
   */
  durability?: IDBTransactionDurability;
}

/**
 * Opens the spool, and proves that it can be read.
 *
 * @throws Error with a sentence for people and the database's error as its cause, where the spool cannot be read.
 */
export async function openIndexedDbSpool({
  name = 'tresgo',
  durability = 'strict',
}: IndexedDbSpoolOptions = {}): Promise<DurableSpool> {
  let connection: Promise<IDBPDatabase<Tables>> | null = null;
  const listeners = createSpoolListeners();

  // A phone may close the connection of a page in the background: the next call opens another one.
  function connect(): Promise<IDBPDatabase<Tables>> {
    connection ??= openDB<Tables>(name, 1, {
      upgrade(db) {
        db.createObjectStore('takes', { keyPath: 'takeId' }).createIndex('folder', 'folder');
        db.createObjectStore('chunks');
      },
      blocking: (_current, _blocked, event) => {
        connection = null;
        (event.target as IDBDatabase).close();
      },
      terminated: () => {
        connection = null;
      },
    }).catch((error: unknown) => {
      connection = null;
      throw error;
    });
    return connection;
  }

  async function write<T>(change: (tx: Writing) => Promise<T>): Promise<T> {
    const tx = (await connect()).transaction(['takes', 'chunks'], 'readwrite', { durability });
    const done = tx.done.then(
      () => null,
      (error: unknown) => ({ error }),
    );
    try {
      const result = await change(tx);
      const failure = await done;
      if (failure) throw failure.error;
      return result;
    } catch (error) {
      // The transaction's own error (a full disk) says more than the AbortError of a request inside it.
      if (tx.error) throw tx.error;
      try {
        tx.abort();
      } catch {} // the transaction ended already
      await done;
      throw error;
    }
  }

  /**
   * Not by idb's shortcuts: no caller awaits the end of their transaction, and its abort would be an unhandled
   * rejection.
   */
  async function query<T>(ask: (tx: Reading) => Promise<T>): Promise<T> {
    const tx = (await connect()).transaction(['takes', 'chunks']);
    tx.done.catch(() => {}); // the request rejects as well
    return ask(tx);
  }

  function update(takeId: string, change: Partial<SpooledTake>): Promise<SpooledTake | null> {
    return write(async (tx) => {
      const take = await tx.objectStore('takes').get(takeId);
      if (!take) return null;
      const next = { ...take, ...change };
      await tx.objectStore('takes').put(next);
      return next;
    });
  }

  /** A full device stores nothing new, but what was recorded on it can be read. */
  async function isWritable(): Promise<boolean> {
    const key: [string, number] = ['', 0];
    try {
      await write((tx) => tx.objectStore('chunks').put(new ArrayBuffer(1024), key));
      await write((tx) => tx.objectStore('chunks').delete(key));
      return true;
    } catch {
      return false;
    }
  }

  try {
    await query((tx) => tx.objectStore('takes').count());
  } catch (cause) {
    throw new Error('This browser does not let the page keep recordings on the device', { cause });
  }

  return {
    writable: await isWritable(),
    async sessions() {
      const lastByteAt = new Map<string, number>();
      for (const { folder, startedAt, recordedMs } of await query((tx) => tx.objectStore('takes').getAll()))
        lastByteAt.set(folder, Math.max(lastByteAt.get(folder) ?? 0, Date.parse(startedAt) + recordedMs));
      return Array.from(lastByteAt, ([folder, at]) => ({ folder, lastByteAt: at }));
    },
    create: (take) =>
      write(async (tx) => {
        const record = newTake(take);
        await tx.objectStore('takes').add(record);
        return record;
      }),
    async append(takeId, data, recordedMs) {
      const next = await write(async (tx) => {
        const take = requireOpen(await tx.objectStore('takes').get(takeId), takeId);
        const grown = { ...take, recordedMs, bytes: take.bytes + data.byteLength };
        await Promise.all([
          // An empty chunk would take the key of the next one.
          data.byteLength > 0 && tx.objectStore('chunks').add(data, [takeId, take.bytes]),
          tx.objectStore('takes').put(grown),
        ]);
        return grown;
      });
      listeners.emit(next);
      return next.bytes;
    },
    async end(takeId) {
      const take = await update(takeId, { ended: true });
      if (take) listeners.emit(take);
    },
    async setUploadUrl(takeId, uploadUrl) {
      await update(takeId, { uploadUrl });
    },
    renew: (takeId, sentAs) =>
      write(async (tx) => {
        const take = requireTake(await tx.objectStore('takes').get(takeId), takeId);
        await tx.objectStore('takes').put({ ...take, sentAs, uploadUrl: null, mismatches: take.mismatches + 1 });
      }),
    get: async (takeId) => (await query((tx) => tx.objectStore('takes').get(takeId))) ?? null,
    list: async (folder) => oldestFirst(await query((tx) => tx.objectStore('takes').index('folder').getAll(folder))),
    size: async (takeId) => (await query((tx) => tx.objectStore('takes').get(takeId)))?.bytes ?? 0,
    read: (takeId, start, end) =>
      query(async (tx) => {
        const chunks = tx.objectStore('chunks');
        // The chunk that holds `start` begins at `start` or before.
        const first = await chunks.openKeyCursor(IDBKeyRange.bound([takeId, 0], [takeId, start]), 'prev');
        if (!first || end <= start) return cut([], 0, start, end);
        const range = IDBKeyRange.bound(first.key, [takeId, end], false, true);
        return cut(await chunks.getAll(range), first.key[1], start, end);
      }),
    forget: (takeId) => write((tx) => remove(tx, takeId)),
    clear: (folder) =>
      write(async (tx) => {
        for (const takeId of await tx.objectStore('takes').index('folder').getAllKeys(folder)) await remove(tx, takeId);
      }),
    subscribe: listeners.subscribe,
    close: () => void connection?.then((db) => db.close()),
  };
}

/** Deletes a take and its chunks. */
async function remove(tx: Writing, takeId: string): Promise<void> {
  await tx.objectStore('takes').delete(takeId);
  await tx.objectStore('chunks').delete(IDBKeyRange.bound([takeId, 0], [takeId, Number.POSITIVE_INFINITY]));
}
