/** Why a job did not come to its end: words for people, and whether another try may. */
export class JobError extends Error {
  /** Trying again is of no use: the job is put aside until somebody asks for it (`tresgo job retry`). */
  readonly final: boolean;
  /** What was asked for by who refused; 0 = nothing. */
  readonly retryAfterMs: number;

  constructor(reason: string, options: { final: boolean; retryAfterMs?: number; cause?: unknown }) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.final = options.final;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}
