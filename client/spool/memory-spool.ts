import {
  createSpoolListeners,
  cut,
  newTake,
  oldestFirst,
  requireOpen,
  requireTake,
  type Spool,
  type SpooledTake,
} from './spool.ts';

/** A take and its chunks, adjacent and in order. */
interface Held {
  take: SpooledTake;
  chunks: { offset: number; data: ArrayBuffer }[];
}

/** Creates a spool in memory, lost with the page: for Node, and for a device that refuses storage. */
export function createMemorySpool(): Spool {
  const held = new Map<string, Held>();
  const listeners = createSpoolListeners();

  const change = (takeId: string, next: Partial<SpooledTake>) => {
    const entry = held.get(takeId);
    if (entry) entry.take = { ...entry.take, ...next };
    return entry?.take;
  };

  return {
    async create(take) {
      if (held.has(take.takeId)) throw new Error(`The spool holds a take ${take.takeId} already`);
      const record = newTake(take);
      held.set(take.takeId, { take: record, chunks: [] });
      return record;
    },
    async append(takeId, data, recordedMs) {
      const take = requireOpen(held.get(takeId)?.take, takeId);
      if (data.byteLength > 0) held.get(takeId)?.chunks.push({ offset: take.bytes, data });
      const grown = { ...take, recordedMs, bytes: take.bytes + data.byteLength };
      change(takeId, grown);
      listeners.emit(grown);
      return grown.bytes;
    },
    async end(takeId) {
      const take = change(takeId, { ended: true });
      if (take) listeners.emit(take);
    },
    async setUploadUrl(takeId, uploadUrl) {
      change(takeId, { uploadUrl });
    },
    async renew(takeId, sentAs) {
      const { mismatches } = requireTake(held.get(takeId)?.take, takeId);
      change(takeId, { sentAs, uploadUrl: null, mismatches: mismatches + 1 });
    },
    get: async (takeId) => held.get(takeId)?.take ?? null,
    list: async (folder) =>
      oldestFirst([...held.values()].map(({ take }) => take).filter((take) => take.folder === folder)),
    size: async (takeId) => held.get(takeId)?.take.bytes ?? 0,
    async read(takeId, start, end) {
      const chunks = (held.get(takeId)?.chunks ?? []).filter(
        ({ offset, data }) => offset < end && offset + data.byteLength > start,
      );
      return cut(
        chunks.map(({ data }) => data),
        chunks[0]?.offset ?? 0,
        start,
        end,
      );
    },
    async forget(takeId) {
      held.delete(takeId);
    },
    async clear(folder) {
      for (const [takeId, { take }] of held) if (take.folder === folder) held.delete(takeId);
    },
    subscribe: listeners.subscribe,
    close: () => {},
  };
}
