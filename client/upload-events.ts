import type { Gate } from './interview.ts';

/** What the sending engine tells the page. `gate` is an `Event` of interview.ts as it is. */
export type UploadEvent =
  | { type: 'gate'; takeId: string; gate: Gate }
  /** Told once for each reason, until something moves. `final: false`: tries go on by themselves (401, a first mismatch, an upload that
   * lacks bytes at the server). */
  | { type: 'refused'; takeId: string; status: number; code: string; detail: string; final: boolean };

/** Bytes, for the page, support and tests; holds no token. */
export interface UploadStatus {
  takeId: string;
  question: number;
  gate: Gate;
  /** What the server said it holds. */
  ackedBytes: number;
  /** Body bytes handed to the network by this page. */
  sentBytes: number;
  /** Sent, but not needed: lost in a cut and sent again. Exact once the gate is open. */
  resentBytes: number;
  attempts: number;
  /** Whether a final refusal has stopped the tries. */
  refused: boolean;
  lastFailure: string | null;
  /** Whether the last failure was no answer of a server, but the network's. */
  unanswered: boolean;
  /** For how many ms the request in flight has moved nothing; 0 where none is. */
  quietMs: number;
  /** Of the answer, in hex, once the server confirmed it. */
  sha256: string | null;
}
