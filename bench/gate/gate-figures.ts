import type { Portion } from './ideal.ts';
import type { Steps } from './request-log.ts';

/** The same answer sent by one POST after the stop. */
export interface MultipartFigures {
  /** From the stop to the response 200; null: not within the limit, or given up. */
  waitMs: number | null;
  tries: number;
  /** Bytes sent, with heads and those of failed attempts. */
  sentBytes: number;
}

/** One gate of ours, and the figures to compare it with. */
export interface GateFigures {
  where: 'node' | 'chromium';
  /** Number of the phone, from 0. */
  phone: number;
  /** Wanted length of the answer. */
  seconds: number;
  /** Position of the stop in the trace. */
  traceMs: number;
  /** Size of the answer. */
  bytes: number;
  /** Mean bitrate of the answer. */
  kbit: number;
  /** From the stop to the opening of the gate; null: it did not open within the limit. */
  waitMs: number | null;
  /** The reason why it stayed shut; null where it opened. */
  shut: string | null;
  idealMs: number;
  resentBytes: number;
  /** Bytes that left the link during the answer and its wait, with heads. */
  sentBytes: number;
  /** Recorded time that the server had not acknowledged at the stop. */
  backlogMs: number;
  /** The largest such time during the answer. */
  maxBacklogMs: number;
  /** Recorded time that even the ideal sender had not sent at the stop. */
  idealBacklogBytes: number;
  /** null: it was compared with the ideal sender only. */
  multipart: MultipartFigures | null;
  /** null: the requests can't be seen from outside. */
  steps: Steps | null;
}

/**
 * Recorded time between the last acknowledged byte and the last byte that the recorder handed over, in ms. Within a slice,
 * bytes and time count as proportional; the first slice begins at `startedMs`.
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
