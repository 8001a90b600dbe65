/**
 * A device that outlives its pages: its spool, which can be full for a while, and the test's own list of the chunks it
 * kept.
 */
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import type { Spool } from '../../../client/spool/spool.ts';

/** A take as the device kept it. */
export interface Kept {
  readonly takeId: string;
  /** From 1. */
  readonly question: number;
  /** Every chunk whose write was confirmed to the page. */
  readonly chunks: ArrayBuffer[];
}

/** The spool as one life of a page sees it. */
export interface Life {
  readonly spool: Spool;
  /** The page dies: its calls of the spool in progress never end. */
  end(): void;
}

/** A candidate's device. */
export interface Device {
  /** Oldest first; takes without a chunk too. */
  readonly kept: readonly Kept[];
  /** A page opens. */
  live(): Life;
  /** Refuses the next `times` writes; resolves after the last of them. */
  fill(times: number): Promise<void>;
  /** How many takes the spool still holds for this folder. */
  count(folder: string): Promise<number>;
}

/** Creates an empty device. */
export function createDevice(): Device {
  const inner = createMemorySpool();
  const kept: Kept[] = [];
  let refusals = 0;
  let emptied = () => {};

  function write<T>(work: () => Promise<T>): Promise<T> {
    if (refusals === 0) return work();
    refusals -= 1;
    if (refusals === 0) emptied();
    return Promise.reject(new DOMException('The device is full', 'QuotaExceededError'));
  }

  return {
    kept,
    live() {
      let dead = false;
      const never = new Promise<never>(() => {});
      const alive = async <T>(work: () => Promise<T>): Promise<T> => {
        if (dead) return never;
        try {
          const result = await work();
          return dead ? never : result;
        } catch (error) {
          if (dead) return never;
          throw error;
        }
      };
      const spool: Spool = {
        create: (take) =>
          alive(() =>
            write(async () => {
              const created = await inner.create(take);
              kept.push({ takeId: take.takeId, question: take.question, chunks: [] });
              return created;
            }),
          ),
        append: (takeId, data, recordedMs) =>
          alive(() =>
            write(async () => {
              const bytes = await inner.append(takeId, data, recordedMs);
              kept.find((take) => take.takeId === takeId)?.chunks.push(data);
              return bytes;
            }),
          ),
        end: (takeId) => alive(() => write(() => inner.end(takeId))),
        setUploadUrl: (takeId, url) => alive(() => write(() => inner.setUploadUrl(takeId, url))),
        renew: (takeId, sentAs) => alive(() => write(() => inner.renew(takeId, sentAs))),
        get: (takeId) => alive(() => inner.get(takeId)),
        list: (folder) => alive(() => inner.list(folder)),
        size: (takeId) => alive(() => inner.size(takeId)),
        read: (takeId, start, end) => alive(() => inner.read(takeId, start, end)),
        forget: (takeId) => alive(() => write(() => inner.forget(takeId))),
        clear: (folder) => alive(() => write(() => inner.clear(folder))),
        subscribe: (takeId, listener) => inner.subscribe(takeId, (take) => dead || listener(take)),
        close: () => {},
      };
      return {
        spool,
        end() {
          dead = true;
        },
      };
    },
    fill(times) {
      refusals = times;
      return new Promise((resolve) => {
        emptied = resolve;
      });
    },
    count: async (folder) => (await inner.list(folder)).length,
  };
}
