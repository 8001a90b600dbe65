import type { Portion } from './ideal.ts';
import type { Steps } from './request-log.ts';

/** The same answer by one POST after the stop. */
export interface MultipartFigures {
  /** From the stop to the answer 200; null: not within the limit, or given up. */
  waitMs: number | null;
  tries: number;
  /** Out of the page, with heads and what a failed try sent. */
  sentBytes: number;
}

/** One gate of ours, and what stands beside it. */
export interface GateFigures {
  where: 'node' | 'chromium';
  /** From 0. */
  phone: number;
  /** Asked length of the answer. */
  seconds: number;
  /** Where in the trace the stop fell. */
  traceMs: number;
  /** Of the answer. */
  bytes: number;
  /** What the answer came to. */
  kbit: number;
  /** From the stop to the gate; null: it did not open within the limit. */
  waitMs: number | null;
  /** Why it did not; null where it did. */
  shut: string | null;
  idealMs: number;
  resentBytes: number;
  /** Out of the link during the answer and its wait, with heads. */
  sentBytes: number;
  /** Video that the server had not confirmed at the stop. */
  backlogMs: number;
  /** The most that it was during the answer. */
  maxBacklogMs: number;
  /** What even the ideal sender had not sent at the stop. */
  idealBacklogBytes: number;
  /** Null where only the ideal stands beside it. */
  multipart: MultipartFigures | null;
  /** Null where it can't be seen from outside. */
  steps: Steps | null;
}

/**
 * How much video lies between what the server confirmed and what the recorder had handed over, in ms. Within a slice bytes
 * and time are taken as proportional; the first slice begins at `startedMs`.
 */
export function backlogMs(handedOver: readonly Portion[], ackedBytes: number, startedMs: number): number {
  let behind = 0;
  let fromMs = startedMs;
  let offset = 0;
  for (const { atMs, bytes } of handedOver) {
    const missing = Math.min(bytes, Math.max(0, offset + bytes - ackedBytes));
    if (bytes > 0) behind += (missing / bytes) * (atMs - fromMs);
    offset += bytes;
    fromMs = atMs;
  }
  return behind;
}
