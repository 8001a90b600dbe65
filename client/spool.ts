/**
 * The device's durable, append-only log of chunks, by session folder, in IndexedDB.
 *
 * Invariants:
 * 1. The chunks of a take lie at [takeId, offset] without gap or overlap, and `bytes` in its record is their end: both are
 *    written in one transaction, so a crash leaves either neither or both.
 * 2. Writes happen in the order of the calls: each opens its readwrite transaction in its turn and IndexedDB runs
 *    transactions over the same stores one after the other, across tabs too.
 * 3. A write resolves after its transaction completed, never after the request alone (field note 19).
 * 4. Chunks are ArrayBuffers: WebKit rejects Blobs in IndexedDB (field note 19).
 */
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb';

/** A take as the device remembers it. */
export interface SpooledTake {
  takeId: string;
  /** The session's folder. */
  folder: string;
  /** From 1. */
  question: number;
  /** What the recorder said it makes, e.g. `video/webm;codecs=vp8,opus`. */
  mimeType: string;
  /** ISO 8601. */
  startedAt: string;
  recordedMs: number;
  /** Bytes persisted: the end of the last chunk. */
  bytes: number;
  /** No chunk comes any more; only then may the upload declare its length. */
  ended: boolean;
  /** Where the server takes it, once created. */
  uploadUrl: string | null;
  /** The takeId on the wire: its own, until the server's copy proved wrong and the same bytes were sent anew. */
  sentAs: string;
  /** How often that happened. */
  mismatches: number;
}

export type NewTake = Pick<SpooledTake, 'takeId' | 'folder' | 'question' | 'mimeType' | 'startedAt'>;

/** Told after a take grew or ended, with what is persisted by then. */
export type SpoolListener = (take: Pick<SpooledTake, 'bytes' | 'ended' | 'recordedMs'>) => void;

/** Every method that names a take it does not hold rejects, but `get`, `size`, `end`, `setUploadUrl` and `forget` do not. */
export interface Spool {
  /** Rejects where the takeId is taken. */
  create(take: NewTake): Promise<SpooledTake>;
  /** Resolves to the bytes persisted in all, once they are. `recordedMs` is the length recorded so far. Rejects on a full device. */
  append(takeId: string, data: ArrayBuffer, recordedMs: number): Promise<number>;
  end(takeId: string): Promise<void>;
  setUploadUrl(takeId: string, url: string | null): Promise<void>;
  /** The bytes start over as another take on the wire: `sentAs` anew, no `uploadUrl`, one more mismatch. */
  renew(takeId: string, sentAs: string): Promise<void>;
  get(takeId: string): Promise<SpooledTake | null>;
  /** The session's takes, oldest first. */
  list(folder: string): Promise<SpooledTake[]>;
  /** Bytes persisted; 0 for an unknown take. */
  size(takeId: string): Promise<number>;
  /** Exactly the bytes from `start` up to, not including, `end`; rejects where they are not all there. */
  read(takeId: string, start: number, end: number): Promise<ArrayBuffer>;
  forget(takeId: string): Promise<void>;
  clear(folder: string): Promise<void>;
  /** Returns the way to stop it. Reports the writes made through this object only. */
  subscribe(takeId: string, listener: SpoolListener): () => void;
  close(): void;
}

/** A spool in the device's database. */
export interface DurableSpool extends Spool {
  /** False where the device refused a probe: what it holds is there, but it may keep nothing new. */
  readonly writable: boolean;
}

interface Tables extends DBSchema {
  takes: { key: string; value: SpooledTake; indexes: { folder: string } };
  chunks: { key: [takeId: string, offset: number]; value: ArrayBuffer };
}
type Writing = IDBPTransaction<Tables, ('takes' | 'chunks')[], 'readwrite'>;
type Reading = IDBPTransaction<Tables, ('takes' | 'chunks')[], 'readonly'>;

export interface SpoolOptions {
  /** Name of the database. */
  name?: string;
  /**
   * `strict` asks for the disk before a transaction completes, so that a dead battery costs no chunk. Measured in Chromium,
   * 60 kB chunks on an SSD: 3 to 5 ms at the median beside 2 to 3 ms for `relaxed`; a recorder writes two a second.
   */
  durability?: IDBTransactionDurability;
}

/** Opens the spool and proves that it can be read; else rejects with a sentence for people and the cause. */
export async function openSpool({ name = 'tresgo', durability = 'strict' }: SpoolOptions = {}): Promise<DurableSpool> {
  let connection: Promise<IDBPDatabase<Tables>> | null = null;
  const listeners = createSpoolListeners();

  // A phone may end the connection of a page in the background: the next call opens it anew.
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
      } catch {} // it is over already
      await done;
      throw error;
    }
  }

  /** idb's own short forms leave the end of a transaction to nobody: one that aborts would be an unhandled rejection. */
  async function look<T>(ask: (tx: Reading) => Promise<T>): Promise<T> {
    const tx = (await connect()).transaction(['takes', 'chunks']);
    tx.done.catch(() => {}); // the request says so itself
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

  /** A full device takes nothing new, but still holds what was recorded on it. */
  async function probe(): Promise<boolean> {
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
    await look((tx) => tx.objectStore('takes').count());
  } catch (cause) {
    throw new Error('This browser does not let the page keep recordings on the device', { cause });
  }

  return {
    writable: await probe(),
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
          // An empty chunk would lie at the key of the next one.
          data.byteLength > 0 && tx.objectStore('chunks').add(data, [takeId, take.bytes]),
          tx.objectStore('takes').put(grown),
        ]);
        return grown;
      });
      listeners.tell(next);
      return next.bytes;
    },
    async end(takeId) {
      const take = await update(takeId, { ended: true });
      if (take) listeners.tell(take);
    },
    async setUploadUrl(takeId, uploadUrl) {
      await update(takeId, { uploadUrl });
    },
    renew: (takeId, sentAs) =>
      write(async (tx) => {
        const take = requireTake(await tx.objectStore('takes').get(takeId), takeId);
        await tx.objectStore('takes').put({ ...take, sentAs, uploadUrl: null, mismatches: take.mismatches + 1 });
      }),
    get: async (takeId) => (await look((tx) => tx.objectStore('takes').get(takeId))) ?? null,
    list: async (folder) => oldestFirst(await look((tx) => tx.objectStore('takes').index('folder').getAll(folder))),
    size: async (takeId) => (await look((tx) => tx.objectStore('takes').get(takeId)))?.bytes ?? 0,
    read: (takeId, start, end) =>
      look(async (tx) => {
        const chunks = tx.objectStore('chunks');
        // The chunk that holds `start` begins at or before it.
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

async function remove(tx: Writing, takeId: string): Promise<void> {
  await tx.objectStore('takes').delete(takeId);
  await tx.objectStore('chunks').delete(IDBKeyRange.bound([takeId, 0], [takeId, Number.POSITIVE_INFINITY]));
}

/** The record of a take that has no chunk yet. */
export function newTake({ takeId, folder, question, mimeType, startedAt }: NewTake): SpooledTake {
  const start = { recordedMs: 0, bytes: 0, ended: false, uploadUrl: null, sentAs: takeId, mismatches: 0 };
  return { takeId, folder, question, mimeType, startedAt, ...start };
}

/** Throws for a take the spool does not hold. */
export function requireTake(take: SpooledTake | undefined, takeId: string): SpooledTake {
  if (!take) throw new Error(`The spool holds no take ${takeId}`);
  return take;
}

/** Throws for a take that is unknown or ended: its length may be declared already. */
export function requireOpen(take: SpooledTake | undefined, takeId: string): SpooledTake {
  if (requireTake(take, takeId).ended) throw new Error(`The take ${takeId} has ended; nothing can be added`);
  return requireTake(take, takeId);
}

export function oldestFirst(takes: SpooledTake[]): SpooledTake[] {
  return takes.sort((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0));
}

/** The store answered, and bytes that it should hold are not there. */
export class MissingBytesError extends Error {}

/** The bytes [start, end) out of adjacent chunks, the first of which begins at `offset`. Throws a MissingBytesError where some are missing. */
export function cut(chunks: ArrayBuffer[], offset: number, start: number, end: number): ArrayBuffer {
  const bytes = new Uint8Array(Math.max(0, end - start));
  let at = offset;
  for (const chunk of chunks) {
    const part = new Uint8Array(chunk).subarray(Math.max(0, start - at), Math.max(0, end - at));
    bytes.set(part, Math.max(0, at - start));
    at += chunk.byteLength;
  }
  if (bytes.length > 0 && at < end)
    throw new MissingBytesError(`The spool holds bytes up to ${at}; asked for ${start} to ${end}`);
  return bytes.buffer;
}

/** Who wants to hear of which take. */
export function createSpoolListeners() {
  const byTake = new Map<string, Set<SpoolListener>>();
  return {
    tell(take: SpooledTake): void {
      for (const listener of [...(byTake.get(take.takeId) ?? [])]) listener(take);
    },
    subscribe(takeId: string, listener: SpoolListener): () => void {
      const set = byTake.get(takeId) ?? new Set();
      byTake.set(takeId, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && byTake.get(takeId) === set) byTake.delete(takeId);
      };
    },
  };
}
