/** What a person does after a setting is corrected: the end of a `JobError`'s reason. */
export const THEN_RETRY = 'then `tresgo job retry`';

/** Why a job failed, in words for people, and whether another attempt may succeed. */
export class JobError extends Error {
  /** Another attempt cannot succeed: the job waits until a person asks for it (`tresgo job retry`). */
  readonly final: boolean;
  /** The wait that the other side asked for, in ms; 0 = none. */
  readonly retryAfterMs: number;
  /** A program lacks what the job needs: nothing is said about the recording. */
  readonly isProgramsFault: boolean;

  constructor(
    reason: string,
    options: { final: boolean; retryAfterMs?: number; isProgramsFault?: boolean; cause?: unknown },
  ) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.final = options.final;
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.isProgramsFault = options.isProgramsFault ?? false;
  }
}
