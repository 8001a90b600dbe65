/** What the upload engine reports: events while it works, and a status on request. Neither holds a token. */
import type { Failure } from './tus-responses.ts';

/**
 * Where the upload of a take stands, while the candidate waits at its gate. `waiting`: the next attempt starts in
 * `seconds`. `failed`: the waits of 2, 4 and 8 s are used up; attempts continue, more slowly. `open`: the server
 * confirmed the answer.
 */
export type Gate = { kind: 'uploading' } | { kind: 'waiting'; seconds: number } | { kind: 'failed' } | { kind: 'open' };

/** An event of one take's upload. */
export type UploaderEvent =
  /** The gate of a take changed. */
  | { type: 'gate'; takeId: string; gate: Gate }
  /**
   * The server refused a take, or the device lost it. Emitted once a reason, until bytes move or the candidate presses
   * "Retry". With `final: false` attempts continue (401, a first mismatch of digests, an upload that lacks bytes at the
   * server).
   */
  | { type: 'refused'; takeId: string; status: number; code: string; detail: string; final: boolean };

/** An event of the upload engine. */
export type UploadEvent =
  | UploaderEvent
  /**
   * The device's store refused to record the end of a take, which cannot be sent whole before; the queue tries again.
   */
  | { type: 'store-failed'; takeId: string; error: unknown };

/** The state of one take's upload, for the page, support and tests. */
export interface UploadStatus {
  takeId: string;
  /** From 1. */
  question: number;
  gate: Gate;
  /** Bytes that the server said it holds. */
  ackedBytes: number;
  /** Body bytes that this page handed to the network. */
  sentBytes: number;
  /** Bytes sent in vain: lost in a cut and sent again. Exact once the gate is open. */
  resentBytes: number;
  /** Attempts begun by this page. */
  attempts: number;
  /** Whether a final refusal stopped the attempts. */
  refused: boolean;
  /** Why the latest attempt failed; null before the first failure. */
  lastFailure: string | null;
  /** Whether the latest failure was the network's: no response came. */
  unanswered: boolean;
  /**
   * The status that something between the device and the server gave to the latest attempt, where it means that waiting
   * alone does not help (405, or 200 from a network's log-in page); null after any other failure, and before the first.
   */
  obstacle: number | null;
  /** For how many ms the request in flight has moved no byte; 0 between requests. */
  quietMs: number;
  /** Of the answer, in hex, once the server confirmed it. */
  sha256: string | null;
}

/** The code of a problem: the server's copy lacks bytes that it acknowledged. */
export const DAMAGED = 'upload-damaged';
/** After this many responses in a row that the server's copy lacks bytes, a `refused` event is emitted. */
export const DAMAGED_RESPONSES = 5;

type UploadProblem = Omit<Extract<UploaderEvent, { type: 'refused' }>, 'type' | 'takeId'>;

/** Emits the events of one upload: each gate when it changes, each refusal once. */
export interface UploadEmitter {
  /** The gate that was emitted last; `uploading` before. */
  gate(): Gate;
  emitGate(gate: Gate): void;
  emitProblem(problem: UploadProblem): void;
  /** An attempt failed: emits what the candidate should know of the failure, if anything. */
  emitFailure(failure: Failure): void;
  /** The refusal that was emitted last may be emitted again: bytes moved, or the candidate pressed "Retry". */
  allowRepeat(): void;
}

/** Creates the emitter of one take's upload. */
export function createUploadEmitter({
  takeId,
  onEvent,
}: {
  takeId: string;
  onEvent: (event: UploaderEvent) => void;
}): UploadEmitter {
  let gate: Gate = { kind: 'uploading' };
  let emitted: string | null = null;
  let damaged = 0;

  function emitProblem({ status, code, detail, final }: UploadProblem): void {
    const refusal = `${code} ${final}`;
    if (refusal !== emitted) onEvent({ type: 'refused', takeId, status, code, detail, final });
    emitted = refusal;
  }

  return {
    gate: () => gate,
    emitGate(next) {
      const same =
        next.kind === gate.kind && (next.kind !== 'waiting' || next.seconds === (gate as typeof next).seconds);
      if (same) return;
      gate = next;
      onEvent({ type: 'gate', takeId, gate });
    },
    emitProblem,
    emitFailure(failure) {
      const problem = failure.kind === 'later' && failure.problem?.code === DAMAGED ? failure.problem : null;
      damaged = problem ? damaged + 1 : 0;
      if (failure.kind === 'refused') emitProblem(failure);
      // Attempts continue, since the server's admin may repair the upload; but the waiting candidate should know why.
      if (problem && damaged >= DAMAGED_RESPONSES) emitProblem({ status: 503, ...problem, final: false });
    },
    allowRepeat() {
      emitted = null;
    },
  };
}
