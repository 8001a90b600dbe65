import type { Gate } from './interview.ts';
import type { Failure } from './tus-answers.ts';
import type { UploadEvent } from './upload-events.ts';

/** So many answers in a row that the server's copy lacks bytes are told to the candidate. */
export const DAMAGED_ANSWERS = 5;

type Refusal = Omit<Extract<UploadEvent, { type: 'refused' }>, 'type' | 'takeId'>;

/** What one upload tells the page: each gate when it changes, each refusal once until something moves. */
export function createUploadNews({ takeId, onEvent }: { takeId: string; onEvent: (event: UploadEvent) => void }) {
  let gate: Gate = { kind: 'uploading' };
  let told: string | null = null;
  let damagedAnswers = 0;

  function refuse({ status, code, detail, final }: Refusal): void {
    const refusal = `${code} ${final}`;
    if (refusal !== told) onEvent({ type: 'refused', takeId, status, code, detail, final });
    told = refusal;
  }

  return {
    gate: () => gate,
    show(next: Gate): void {
      const same =
        next.kind === gate.kind && (next.kind !== 'waiting' || next.seconds === (gate as typeof next).seconds);
      if (same) return;
      gate = next;
      onEvent({ type: 'gate', takeId, gate });
    },
    refuse,
    /** An attempt failed: what the candidate should know of it is told. */
    failed(failure: Failure): void {
      const damaged = failure.kind === 'later' && failure.problem?.code === 'upload-damaged';
      damagedAnswers = damaged ? damagedAnswers + 1 : 0;
      if (failure.kind === 'refused') refuse(failure);
      // It may be mended at the server, so it is tried on; but whoever waits for it should hear why.
      if (damaged && failure.problem && damagedAnswers >= DAMAGED_ANSWERS)
        refuse({ status: 503, ...failure.problem, final: false });
    },
    /** What was told may be told again: something moved, or somebody asked. */
    forget(): void {
      told = null;
    },
  };
}
