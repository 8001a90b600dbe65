/** The ideal sender: what no sender over the same link can beat. */
import { type LinkRate, opportunityBytes, schedule } from '../link-rate.ts';

/** Bytes of an answer that came to exist together. */
export interface Portion {
  /** When the recorder handed them over, in ms from where the link's trace began. */
  atMs: number;
  bytes: number;
}

export interface IdealAnswer {
  /** From the stop until the server's word is back, in ms. */
  waitMs: number;
  /** Bytes that existed at the stop and had not left yet. */
  backlogBytes: number;
}

export interface IdealOptions {
  rate: LinkRate;
  /** Where in the trace the link began, in ms. */
  startMs: number;
  /** One way, in ms. */
  delayMs: number;
  /** All of the answer, in the order in which it came to exist. */
  portions: readonly Portion[];
  /** When the candidate stopped, in ms from where the link's trace began. */
  stopMs: number;
}

/**
 * Each byte leaves at the first opportunity of the link that falls at or after the moment it exists and that earlier bytes
 * do not fill: 1500 bytes an opportunity, the same ones that the real sender's link had, and nothing but the answer's own
 * bytes (no heads, no other request). The gate then opens one round trip later: the last byte takes `delayMs` to the server,
 * and its word takes `delayMs` back. The wait is never below 0.
 */
export function idealAnswer({ rate, startMs, delayMs, portions, stopMs }: IdealOptions): IdealAnswer {
  const opportunityMs = schedule(rate, startMs);
  let next = firstFrom(opportunityMs, portions[0]?.atMs ?? 0);
  /** Of the opportunity `next`, what is still free. */
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

/** The first opportunity at or after `atMs`, by doubling and halving: a session lies minutes behind the link's beginning. */
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
