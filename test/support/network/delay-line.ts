/** One direction of one connection: what is pushed is handed over later, in order. */

/** Bytes, `fin` (the sender writes no more), `close` (the connection is cut in order) or `rst` (a reset). */
export type Cargo = Buffer | 'fin' | 'close' | 'rst';

/** A first-in-first-out line of cargo that is on its way. */
export interface DelayLine {
  push(cargo: Cargo): void;
  /** Bytes that are on their way. */
  waitingBytes(): number;
  /** Loses everything that is on its way. */
  clear(): void;
}

/** Hands each cargo over `delayMs` after it was pushed, but nothing before `onlineAtMs()`, by `performance.now()`. */
export function createDelayLine(
  delayMs: number,
  onlineAtMs: () => number,
  handOver: (cargo: Cargo) => void,
): DelayLine {
  const waiting: { readonly cargo: Cargo; readonly dueMs: number }[] = [];
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;

  const run = (): void => {
    timer = undefined;
    for (let first = waiting[0]; first; first = waiting[0]) {
      const waitMs = Math.max(first.dueMs, onlineAtMs()) - performance.now();
      if (waitMs > 0) {
        timer = setTimeout(run, Math.max(1, Math.ceil(waitMs))).unref();
        return;
      }
      waiting.shift();
      if (typeof first.cargo !== 'string') bytes -= first.cargo.length;
      handOver(first.cargo);
    }
  };

  return {
    push(cargo) {
      waiting.push({ cargo, dueMs: performance.now() + delayMs });
      if (typeof cargo !== 'string') bytes += cargo.length;
      if (timer === undefined) run();
    },
    waitingBytes: () => bytes,
    clear() {
      clearTimeout(timer);
      timer = undefined;
      waiting.length = 0;
      bytes = 0;
    },
  };
}
