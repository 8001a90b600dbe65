/**
 * The tus-js-client file source over a take that still grows.
 *
 * Invariants (field notes 4, 18 and 21):
 * 1. Only `{value: null, done: true}` ends it, after the take ended and every byte was handed out: the last PATCH is empty
 *    and carries the length.
 * 2. A value is never empty: an empty one that is not done makes tus-js-client send empty PATCHes in a hot loop.
 * 3. Values are Blobs: tus-js-client reads `.size`, which a Uint8Array lacks, and would end the upload short.
 * 4. After `close` no slice resolves: tus-js-client would send it, although the upload was aborted.
 */
import type { Spool } from './spool.ts';
import { systemTimers, type Timers } from './timers.ts';

/** A PATCH goes out once so many bytes wait … */
export const MIN_PATCH_BYTES = 65_536;
/** … or once the oldest of them waited so long … */
export const MAX_WAIT_MS = 1000;
/** … and never carries more. */
export const MAX_PATCH_BYTES = 1_048_576;

export interface GrowingSource {
  /** Unknown while the take grows: `uploadLengthDeferred`. */
  size: null;
  /** At most `end - start` bytes from `start` on. Rejects where the spool cannot be read or holds less than `start` for good. */
  slice(start: number, end: number): Promise<{ value: Blob; done: false } | { value: null; done: true }>;
  close(): void;
}

export interface GrowingSourceOptions {
  spool: Spool;
  takeId: string;
  timers?: Timers;
  /** Asked at each slice: how many bytes suit the link just now. */
  maxPatchBytes?: () => number;
}

export function createGrowingSource({
  spool,
  takeId,
  timers = systemTimers,
  maxPatchBytes = () => MAX_PATCH_BYTES,
}: GrowingSourceOptions): GrowingSource {
  let bytes = 0;
  let ended = false;
  let closed = false;
  let loaded: Promise<void> | null = null;
  /** End of the last slice. What lies before it was waiting long since, as is what an earlier page left. */
  let handedTo = Number.POSITIVE_INFINITY;
  let waitingSince: number | null = null;
  let wake: (() => void) | null = null;

  function grow(take: { bytes: number; ended: boolean }): void {
    if (take.bytes > bytes) waitingSince ??= timers.now();
    bytes = Math.max(bytes, take.bytes);
    ended ||= take.ended;
    wake?.();
  }
  const unsubscribe = spool.subscribe(takeId, grow);

  async function load(): Promise<void> {
    const take = await spool.get(takeId);
    if (!take) throw new Error(`The spool holds no take ${takeId}`);
    grow(take);
  }

  /** Until the take changes or `ms` passed (null: however long). */
  function change(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? null : timers.set(() => wake?.(), ms);
      wake = () => {
        if (timer !== null) timers.clear(timer);
        wake = null;
        resolve();
      };
    });
  }

  async function read(start: number, end: number): Promise<{ value: Blob; done: false }> {
    const data = await spool.read(takeId, start, end);
    handedTo = end;
    waitingSince = bytes > end ? timers.now() : null;
    return { value: new Blob([data]), done: false };
  }

  async function next(start: number, end: number): Promise<{ value: Blob; done: false } | { value: null; done: true }> {
    loaded ??= load();
    await loaded;
    if (start < handedTo) waitingSince = bytes > start ? Number.NEGATIVE_INFINITY : null;
    while (!closed) {
      const available = bytes - start;
      if (ended && available < 0) throw new Error(`The server holds ${start} bytes of a take that has ${bytes}`);
      if (ended && available === 0) return { value: null, done: true };
      if (available > 0) waitingSince ??= timers.now();
      const waitedMs = waitingSince === null ? 0 : timers.now() - waitingSince;
      if (available >= MIN_PATCH_BYTES || (available > 0 && (ended || waitedMs >= MAX_WAIT_MS))) {
        return read(start, Math.min(bytes, end, start + Math.max(1, Math.min(maxPatchBytes(), MAX_PATCH_BYTES))));
      }
      await change(available > 0 ? MAX_WAIT_MS - waitedMs : null);
    }
    return never();
  }

  return {
    size: null,
    async slice(start, end) {
      try {
        const result = await next(start, end);
        return closed ? never() : result;
      } catch (error) {
        return closed ? never() : Promise.reject(error);
      }
    },
    close() {
      closed = true;
      unsubscribe();
      wake?.();
    },
  };
}

function never(): Promise<never> {
  return new Promise(() => {});
}
