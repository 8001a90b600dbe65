/** The ideal sender: no sender over the same link can be faster. */
import { type LinkRate, opportunityBytes, schedule } from '../../test/support/network/link-rate.ts';

/** Bytes of an answer that the recorder handed over together. */
export interface Portion {
  /** When the recorder handed them over, in ms from where the link's trace began. */
  atMs: number;
  bytes: number;
}

/** The result of the ideal sender. */
interface IdealAnswer {
  /** From the stop until the server's response is back, in ms. */
  waitMs: number;
  /** Bytes that existed at the stop and had not left the link. */
  backlogBytes: number;
}

/** An answer and its link. */
interface IdealOptions {
  rate: LinkRate;
  /** Position in the trace at which the link began, in ms. */
  startMs: number;
  /** One-way delay, in ms. */
  delayMs: number;
  /** The whole answer, in the order of recording. */
  portions: readonly Portion[];
  /** When the candidate stopped, in ms from where the link's trace began. */
  stopMs: number;
}

/**
 * Each byte leaves at the first opportunity of the link at or after its own moment that earlier bytes do not fill. An
 * opportunity carries 1500 bytes, as that of the real sender's link, and only bytes of the answer are sent (no heads, no
 * other request). The gate opens one round trip later: the last byte takes `delayMs` to the server, and the response takes
 * `delayMs` back. The wait is never below 0.
 */
export function idealAnswer({ rate, startMs, delayMs, portions, stopMs }: IdealOptions): IdealAnswer {
  const opportunityMs = schedule(rate, startMs);
  let next = firstFrom(opportunityMs, portions[0]?.atMs ?? 0);
  /** Free bytes of the opportunity `next`. */
  let freeBytes = opportunityBytes;
  let lastLeftMs = portions[0]?.atMs ?? stopMs;
  let backlogBytes = 0;
  const take = (): void => {
    next += 1;
    freeBytes = opportunityBytes;
  };
  for (const { atMs, bytes } of portions) {
    while (opportunityMs(next) < atMs) take();
    for (let left = bytes; left > 0; ) {
      if (freeBytes === 0) take();
      const leaving = Math.min(left, freeBytes);
      left -= leaving;
      freeBytes -= leaving;
      lastLeftMs = opportunityMs(next);
      if (atMs <= stopMs && lastLeftMs > stopMs) backlogBytes += leaving;
    }
  }
  return { waitMs: Math.max(0, lastLeftMs + 2 * delayMs - stopMs), backlogBytes };
}

/** The first opportunity at or after `atMs`, by doubling and halving, because a session may be minutes after the link's start. */
function firstFrom(opportunityMs: (n: number) => number, atMs: number): number {
  let high = 1;
  while (opportunityMs(high) < atMs) high *= 2;
  let low = 0;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (opportunityMs(middle) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
