/**
 * The file source of tus-js-client over a take that still grows.
 *
 * Invariants (platform notes 4, 13 and 16):
 * 1. The source is done only after the take ended and every byte was handed out. The last PATCH is empty and declares
 *    the length; it carries data as well only where `endWithData` says that the server accepts an equal length twice.
 * 2. A value is never empty: an empty value that is not done makes tus-js-client send empty PATCHes in a hot loop.
 * 3. Values are Blobs: tus-js-client reads `.size`, which a Uint8Array lacks, and would end the upload short.
 * 4. After `close` no slice resolves: tus-js-client would send it, although the upload was aborted.
 */
import type { Spool } from '../spool/spool.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { MAX_PATCH_BYTES } from './throughput.ts';

/** A PATCH is sent once this many bytes are pending … */
export const ENOUGH_BYTES = 65_536;
/**
 * … or, with fewer bytes, this time after the PATCH before began. A bit less than the recorder's slice of 500 ms, so
 * that each slice is sent when it exists, in about two PATCHes a second at the most (platform note 11). Waiting 1 s for
 * more bytes cost 0.1 s at the gate, at the median over cellular traces.
 */
export const BETWEEN_PATCHES_MS = 450;
/**
 * After the stop the last bytes wait for the end, which follows at once, for up to this time: the end then needs no
 * PATCH of its own.
 */
export const END_WAIT_MS = 300;

type Slice = { value: Blob; done: boolean } | { value: null; done: true };

/** The parts of a `FileSource` that tus-js-client 4 uses with a deferred length. */
export interface GrowingSource {
  /** Unknown while the take grows: `uploadLengthDeferred`. */
  size: null;
  /**
   * At most `end - start` bytes from `start` on. Rejects where the spool cannot be read, or the ended take has less
   * than `start` bytes.
   */
  slice(start: number, end: number): Promise<Slice>;
  /** From now on no slice resolves. */
  close(): void;
}

/** Options of `createGrowingSource`. */
export interface GrowingSourceOptions {
  spool: Spool;
  takeId: string;
  timers?: Timers;
  /** Asked at each slice: how many bytes suit the link. */
  maxPatchBytes?: () => number;
  /** Asked at each slice: whether the PATCH of the last bytes may declare the length, which saves a round trip. */
  endWithData?: () => boolean;
  /** When the recorder was stopped, by the timers' clock; null while it runs. */
  stoppedAt?: () => number | null;
  /** Called before the bytes up to `end` are sent. */
  onHandOut?: (end: number) => void;
}

/** Creates the source of one attempt. */
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
  /** When the latest slice was handed out, which is about when its PATCH began. */
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

  /** Resolves when the take changed, or after `ms` (null: no limit). */
  function changed(ms: number | null): Promise<void> {
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

  /** For how long to hold back `available` pending bytes before sending them, in ms. */
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
      await changed(ms);
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
