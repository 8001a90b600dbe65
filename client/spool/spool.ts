/**
 * The contract of a spool, the device's append-only log of chunks by session folder, and the rules that every spool
 * shares.
 */

/** A take as the spool remembers it. */
export interface SpooledTake {
  takeId: string;
  /** The session's folder. */
  folder: string;
  /** From 1. */
  question: number;
  /** The recorder's media type, e.g. `video/webm;codecs=vp8,opus`. */
  mimeType: string;
  /** ISO 8601. */
  startedAt: string;
  /** Length recorded so far, in ms. */
  recordedMs: number;
  /** Bytes persisted: the end of the last chunk. */
  bytes: number;
  /** No chunk follows. Before that the upload must not declare its length. */
  ended: boolean;
  /** Absolute URL of the upload at the server; null until it is created. */
  uploadUrl: string | null;
  /** The takeId on the wire: the take's own, until the server's copy turns out bad and the bytes are sent anew. */
  sentAs: string;
  /** How many copies at the server were bad: they had another digest, or lost bytes. */
  mismatches: number;
}

/** What a caller knows of a take before its first chunk. */
export type NewTake = Pick<SpooledTake, 'takeId' | 'folder' | 'question' | 'mimeType' | 'startedAt'>;

/** Called after a take grew or ended, with what is persisted by then. */
export type SpoolListener = (take: Pick<SpooledTake, 'bytes' | 'ended' | 'recordedMs'>) => void;

/**
 * For an unknown take `get`, `size`, `end`, `setUploadUrl` and `forget` resolve; each other method that names a take
 * rejects.
 */
export interface Spool {
  /** Rejects where the spool holds a take of this takeId, or the device refuses to store one. */
  create(take: NewTake): Promise<SpooledTake>;
  /**
   * Resolves to the bytes persisted of the whole take, once this chunk is among them. `recordedMs` is the length
   * recorded so far. Rejects on a full device, and for a take that ended.
   */
  append(takeId: string, data: ArrayBuffer, recordedMs: number): Promise<number>;
  /** Records that no chunk follows. */
  end(takeId: string): Promise<void>;
  setUploadUrl(takeId: string, url: string | null): Promise<void>;
  /** Prepares the bytes to be sent anew as `sentAs`: no `uploadUrl`, one more mismatch. */
  renew(takeId: string, sentAs: string): Promise<void>;
  /** Null for an unknown take. */
  get(takeId: string): Promise<SpooledTake | null>;
  /** The session's takes, oldest first. */
  list(folder: string): Promise<SpooledTake[]>;
  /** Bytes persisted; 0 for an unknown take. */
  size(takeId: string): Promise<number>;
  /**
   * Exactly the bytes from `start` up to, not including, `end`; rejects with MissingBytesError where some are not
   * stored.
   */
  read(takeId: string, start: number, end: number): Promise<ArrayBuffer>;
  /** Deletes a take and its bytes. */
  forget(takeId: string): Promise<void>;
  /** Deletes all takes of a session. */
  clear(folder: string): Promise<void>;
  /** Calls `listener` after each write that is made through this object. Returns the function that unsubscribes. */
  subscribe(takeId: string, listener: SpoolListener): () => void;
  close(): void;
}

/** A spool in the device's database. */
export interface DurableSpool extends Spool {
  /** False where the device refused a trial write: what is stored can be read, but nothing new may be. */
  readonly writable: boolean;
  /** Every session that has takes here, with the time of its last recorded byte, in ms since 1970. */
  sessions(): Promise<Array<{ folder: string; lastByteAt: number }>>;
}

/** For how long a device keeps what an interview has left on it that is not continued there, in ms: 14 days. */
const KEEP_LEFT_MS = 14 * 86_400_000;

/** Whether an interview of which nothing was recorded on this device since `lastAt` (in ms since 1970) counts as given up. */
export const isGivenUp = (lastAt: number, now: number): boolean => now - lastAt > KEEP_LEFT_MS;

/** The store is readable, and lacks bytes that it should hold. */
export class MissingBytesError extends Error {
  override readonly name = 'MissingBytesError';
}

/** The record of a take that has no chunk yet. */
export function newTake({ takeId, folder, question, mimeType, startedAt }: NewTake): SpooledTake {
  const start = { recordedMs: 0, bytes: 0, ended: false, uploadUrl: null, sentAs: takeId, mismatches: 0 };
  return { takeId, folder, question, mimeType, startedAt, ...start };
}

/** Returns the take. @throws Error where the spool does not hold it. */
export function requireTake(take: SpooledTake | undefined, takeId: string): SpooledTake {
  if (!take) throw new Error(`The spool holds no take ${takeId}`);
  return take;
}

/** Returns the take. @throws Error where it is unknown, or ended: its length may be declared already. */
export function requireOpen(take: SpooledTake | undefined, takeId: string): SpooledTake {
  if (requireTake(take, takeId).ended) throw new Error(`The take ${takeId} has ended; nothing can be added`);
  return requireTake(take, takeId);
}

/** Sorts `takes` in place by their start, and returns them. */
export function oldestFirst(takes: SpooledTake[]): SpooledTake[] {
  return takes.sort((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0));
}

/**
 * The bytes from `start` up to, not including, `end` out of adjacent chunks, the first of which begins at `offset`.
 *
 * @throws MissingBytesError where the chunks end before `end`.
 */
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

/** The listeners of a spool, by take. */
export function createSpoolListeners() {
  const byTake = new Map<string, Set<SpoolListener>>();
  return {
    /** Calls each listener of this take. */
    emit(take: SpooledTake): void {
      for (const listener of [...(byTake.get(take.takeId) ?? [])]) listener(take);
    },
    /** `Spool.subscribe`. */
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
