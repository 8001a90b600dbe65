/**
 * A spool that continues in memory where the device's store fails: once the store refuses a chunk of a take, or its
 * end, the rest of that take is kept in memory.
 *
 * Invariants:
 * 1. The durable part and the part in memory are contiguous: the first refused chunk is the first in memory, and no
 *    later chunk of that take is written to the durable spool.
 * 2. A take that overflowed is never marked as ended in the durable spool: the part that a crash leaves there is not
 *    whole.
 * 3. Writes of a take happen one after the other, in the order of the calls.
 * 4. A take is not forgotten while it is being copied.
 */
import { createMemorySpool } from './memory-spool.ts';
import {
  createSpoolListeners,
  newTake,
  oldestFirst,
  requireOpen,
  requireTake,
  type Spool,
  type SpooledTake,
} from './spool.ts';

/** Bytes read at a time for a copy: a phone that needs one has little memory left. */
const COPY_BYTES = 1_048_576;

/** A spool whose takes may be stored partly in memory. */
export interface OverflowSpool extends Spool {
  /** Whether a part of the take is in memory alone, and would be lost with the page. */
  overflowed(takeId: string): boolean;
  /** The take as recorded so far, to be played or offered as a file. Rejects for an unknown take. */
  copyOf(takeId: string): Promise<Blob>;
}

/** Options of `createOverflowSpool`. */
export interface OverflowSpoolOptions {
  durable: Spool;
  /**
   * Called once a take, when a chunk or the take itself is refused, with the durable spool's error, e.g. a
   * QuotaExceededError.
   */
  onOverflow: (takeId: string, error: unknown) => void;
}

/** A take that overflowed: at least its end is in memory only. */
interface Overflowed {
  take: SpooledTake;
  /** Bytes stored in the durable spool; those after them are in memory. */
  from: number;
}

/** Creates a spool over `durable` that continues in memory. */
export function createOverflowSpool({ durable, onOverflow }: OverflowSpoolOptions): OverflowSpool {
  const rest = createMemorySpool();
  const listeners = createSpoolListeners();
  const overflowed = new Map<string, Overflowed>();
  /**
   * The takes of this page as the durable spool had them last: once it refuses chunks, it may refuse to be read as
   * well.
   */
  const last = new Map<string, SpooledTake>();
  const turns = new Map<string, Promise<unknown>>();
  /** The copies that are being made, by take. */
  const copies = new Map<string, Promise<unknown>>();

  /** Runs `write` after the earlier writes of this take. */
  function inTurn<T>(takeId: string, write: () => Promise<T>): Promise<T> {
    const done = (turns.get(takeId) ?? Promise.resolve()).then(write);
    const settled: Promise<unknown> = done
      .catch(() => {})
      .then(() => {
        if (turns.get(takeId) === settled) turns.delete(takeId);
      });
    turns.set(takeId, settled);
    return done;
  }

  /** From now on this take is written to memory. */
  async function overflow(take: SpooledTake): Promise<Overflowed> {
    await rest.create(take);
    const entry = { take, from: take.bytes };
    overflowed.set(take.takeId, entry);
    return entry;
  }

  /** Continues in memory after the durable spool's `error`; throws `error` where the take is unknown or ended there. */
  async function afterRefusal(takeId: string, error: unknown): Promise<Overflowed> {
    const take = await durable.get(takeId).catch(() => last.get(takeId) ?? null);
    if (!take || take.ended) throw error;
    return overflow(take);
  }

  /** Changes a take's record; of one that overflowed, the durable spool's record is changed too if that is possible. */
  async function change(takeId: string, next: Partial<SpooledTake>, durably: () => Promise<void>): Promise<void> {
    const entry = overflowed.get(takeId);
    if (!entry) return durably();
    entry.take = { ...entry.take, ...next };
    await durably().catch(() => {});
  }

  async function get(takeId: string): Promise<SpooledTake | null> {
    return overflowed.get(takeId)?.take ?? (await durable.get(takeId));
  }

  async function read(takeId: string, start: number, end: number): Promise<ArrayBuffer> {
    const entry = overflowed.get(takeId);
    if (!entry || end <= entry.from) return durable.read(takeId, start, end);
    const { from } = entry;
    if (start >= from) return rest.read(takeId, start - from, end - from);
    const parts = [await durable.read(takeId, start, from), await rest.read(takeId, 0, end - from)];
    return new Blob(parts).arrayBuffer();
  }

  async function copy(takeId: string): Promise<Blob> {
    const { bytes, mimeType } = requireTake((await get(takeId)) ?? undefined, takeId);
    const parts: ArrayBuffer[] = [];
    for (let at = 0; at < bytes; at += COPY_BYTES) parts.push(await read(takeId, at, Math.min(bytes, at + COPY_BYTES)));
    return new Blob(parts, { type: mimeType });
  }

  return {
    overflowed(takeId) {
      const entry = overflowed.get(takeId);
      return entry !== undefined && entry.take.bytes > entry.from;
    },
    copyOf(takeId) {
      const made = copy(takeId);
      const all = Promise.allSettled([copies.get(takeId), made]).then(() => {
        if (copies.get(takeId) === all) copies.delete(takeId);
      });
      copies.set(takeId, all);
      return made;
    },
    create: (take) =>
      inTurn(take.takeId, async () => {
        const { takeId } = take;
        if (overflowed.has(takeId)) throw new Error(`The spool holds a take ${takeId} already`);
        try {
          const record = await durable.create(take);
          last.set(takeId, record);
          return record;
        } catch (error) {
          if (last.has(takeId) || (await durable.get(takeId).catch(() => null))) throw error;
          const entry = await overflow(newTake(take));
          onOverflow(takeId, error);
          return entry.take;
        }
      }),
    append: (takeId, data, recordedMs) =>
      inTurn(takeId, async () => {
        let entry = overflowed.get(takeId);
        if (!entry) {
          try {
            const bytes = await durable.append(takeId, data, recordedMs);
            const before = last.get(takeId);
            if (before) last.set(takeId, { ...before, bytes, recordedMs });
            return bytes;
          } catch (error) {
            entry = await afterRefusal(takeId, error);
            onOverflow(takeId, error);
          }
        }
        const { from } = entry;
        requireOpen(entry.take, takeId);
        const bytes = from + (await rest.append(takeId, data, recordedMs));
        entry.take = { ...entry.take, bytes, recordedMs };
        listeners.emit(entry.take);
        return bytes;
      }),
    end: (takeId) =>
      inTurn(takeId, async () => {
        let entry = overflowed.get(takeId);
        if (!entry) {
          try {
            return await durable.end(takeId);
          } catch (error) {
            // No `onOverflow`, since every byte is stored: after a reload the candidate is asked whether the take
            // counts.
            entry = await afterRefusal(takeId, error);
          }
        }
        entry.take = { ...entry.take, ended: true };
        listeners.emit(entry.take);
      }),
    setUploadUrl: (takeId, uploadUrl) =>
      inTurn(takeId, () => {
        const before = last.get(takeId);
        if (before) last.set(takeId, { ...before, uploadUrl });
        return change(takeId, { uploadUrl }, () => durable.setUploadUrl(takeId, uploadUrl));
      }),
    renew: (takeId, sentAs) =>
      inTurn(takeId, async () => {
        const mismatches = ((await get(takeId))?.mismatches ?? 0) + 1;
        await change(takeId, { sentAs, uploadUrl: null, mismatches }, () => durable.renew(takeId, sentAs));
      }),
    get,
    async list(folder) {
      const others = (await durable.list(folder)).filter(({ takeId }) => !overflowed.has(takeId));
      const mine = [...overflowed.values()].map(({ take }) => take).filter((take) => take.folder === folder);
      return oldestFirst([...others, ...mine]);
    },
    size: async (takeId) => overflowed.get(takeId)?.take.bytes ?? (await durable.size(takeId)),
    read,
    forget: (takeId) =>
      inTurn(takeId, async () => {
        await copies.get(takeId);
        await durable.forget(takeId);
        await rest.forget(takeId);
        overflowed.delete(takeId);
        last.delete(takeId);
      }),
    async clear(folder) {
      await durable.clear(folder);
      for (const [takeId, { take }] of [...overflowed]) if (take.folder === folder) overflowed.delete(takeId);
      for (const [takeId, take] of [...last]) if (take.folder === folder) last.delete(takeId);
      await rest.clear(folder);
    },
    subscribe(takeId, listener) {
      const stops = [durable.subscribe(takeId, listener), listeners.subscribe(takeId, listener)];
      return () => {
        for (const stop of stops) stop();
      };
    },
    close: () => durable.close(),
  };
}
