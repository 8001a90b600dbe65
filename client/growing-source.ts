/**
 * The tus-js-client file source over a take that still grows.
 *
 * Invariants (field notes 4, 18 and 21):
 * 1. It is done only after the take ended and every byte was handed out. The last PATCH is empty and carries the length; it
 *    carries data as well only where `endWithData` says that the server takes an equal length twice.
 * 2. A value is never empty: an empty one that is not done makes tus-js-client send empty PATCHes in a hot loop.
 * 3. Values are Blobs: tus-js-client reads `.size`, which a Uint8Array lacks, and would end the upload short.
 * 4. After `close` no slice resolves: tus-js-client would send it, although the upload was aborted.
 */
import type { Spool } from './spool.ts';
import { systemTimers, type Timers } from './timers.ts';
import { MAX_PATCH_BYTES } from './uplink-meter.ts';

/** A PATCH goes out once so many bytes wait … */
export const ENOUGH_BYTES = 65_536;
/**
 * … or, with whatever there is, so long after the one before began: a bit less than the recorder's slice of 500 ms, so that
 * each slice goes out when it exists, and no more than about two PATCHes a second (field note 14). Waiting 1 s for company
 * cost 0.1 s at the gate, at the median over cellular traces.
 */
export const BETWEEN_PATCHES_MS = 450;
/** After the stop the last bytes wait for the end to be known, in ms: it comes right behind them and then needs no PATCH of its own. */
export const END_WAIT_MS = 300;

type Slice = { value: Blob; done: boolean } | { value: null; done: true };

export interface GrowingSource {
  /** Unknown while the take grows: `uploadLengthDeferred`. */
  size: null;
  /** At most `end - start` bytes from `start` on. Rejects where the spool cannot be read or holds less than `start` for good. */
  slice(start: number, end: number): Promise<Slice>;
  close(): void;
}

export interface GrowingSourceOptions {
  spool: Spool;
  takeId: string;
  timers?: Timers;
  /** Asked at each slice: how many bytes suit the link just now. */
  maxPatchBytes?: () => number;
  /** Asked at each slice: whether the last bytes may say that they are the last, which saves a round trip. */
  endWithData?: () => boolean;
  /** When the recorder was told to stop, by the timers' clock; null while it runs. */
  stoppedAt?: () => number | null;
  /** The bytes up to here are on their way. */
  onHandOut?: (end: number) => void;
}

export function createGrowingSource({
  spool,
  takeId,
  timers = systemTimers,
  maxPatchBytes = () => MAX_PATCH_BYTES,
  endWithData = () => false,
  stoppedAt = () => null,
  onHandOut = () => {},
}: GrowingSourceOptions): GrowingSource {
  let bytes = 0;
  let ended = false;
  let closed = false;
  let loaded: Promise<void> | null = null;
  /** When the last slice was handed out: about when its PATCH began. */
  let handedOutAt = Number.NEGATIVE_INFINITY;
  let wake: (() => void) | null = null;

  function grow(take: { bytes: number; ended: boolean }): void {
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

  async function read(start: number, end: number): Promise<Slice> {
    const done = ended && end === bytes && endWithData();
    const data = await spool.read(takeId, start, end);
    handedOutAt = timers.now();
    onHandOut(end);
    return { value: new Blob([data]), done };
  }

  /** For how long so many bytes that wait may wait on, in ms. */
  function waitMs(available: number, limit: number): number {
    if (ended) return 0;
    const stopped = stoppedAt();
    const untilEnd = endWithData() && stopped !== null && available <= limit ? stopped + END_WAIT_MS - timers.now() : 0;
    const untilNext = available < ENOUGH_BYTES ? handedOutAt + BETWEEN_PATCHES_MS - timers.now() : 0;
    return Math.max(0, untilEnd, untilNext);
  }

  async function next(start: number, end: number): Promise<Slice> {
    loaded ??= load();
    await loaded;
    while (!closed) {
      const available = bytes - start;
      if (ended && available < 0) throw new Error(`The server holds ${start} bytes of a take that has ${bytes}`);
      if (ended && available === 0) return { value: null, done: true };
      const limit = Math.max(1, Math.min(end - start, maxPatchBytes(), MAX_PATCH_BYTES));
      const ms = available > 0 ? waitMs(available, limit) : null;
      if (ms === 0) return read(start, Math.min(bytes, start + limit));
      await change(ms);
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
