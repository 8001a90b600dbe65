/** What follows an attempt of an upload: its end, another attempt at once or later, or a refusal that only the candidate can lift. */
import type { RetrySchedule } from './retry-schedule.ts';
import type { Failure } from './tus-answers.ts';
import type { createUploadNews } from './upload-news.ts';

/** How often the same bytes are sent anew by themselves because the server's copy has another digest. */
export const MAX_MISMATCHES = 2;

export type Outcome = { kind: 'confirmed'; equal: boolean } | Failure;

export interface UploadTriesOptions {
  schedule: RetrySchedule;
  news: ReturnType<typeof createUploadNews>;
  /**
   * From POST to the server's confirmation, or to the first thing that fails. `quick`: bytes moved, or somebody asked.
   * `found`: the request fell silent, and the server answers on another connection.
   */
  attempt: (signal: AbortSignal) => Promise<{ outcome: Outcome; quick: boolean; moved: boolean; found: boolean }>;
  /** The server lost the upload: the next attempt creates it again. */
  forgetUpload: () => Promise<void>;
  /** How often the server's copy proved wrong before. */
  mismatches: () => number;
  /** The same bytes go to another upload. */
  startOver: () => Promise<void>;
}

export function createUploadTries({
  schedule,
  news,
  attempt,
  forgetUpload,
  mismatches,
  startOver,
}: UploadTriesOptions) {
  let refused = false;
  let lastFailure: string | null = null;
  let unanswered = false;

  /** The server holds other bytes: they go again under a new name, by themselves at most twice, then when asked to. */
  async function resend(signal: AbortSignal): Promise<boolean> {
    const final = mismatches() >= MAX_MISMATCHES;
    const detail = 'The server holds other bytes than this device recorded';
    lastFailure = detail;
    refused = final;
    news.refuse({ status: 0, code: 'digest-mismatch', detail, final });
    if (final && !(await schedule.waitForWake(signal))) return false;
    await startOver();
    return final;
  }

  return {
    /** Resolves to true once the server confirmed the take; to false when `signal` aborts. */
    async run(signal: AbortSignal): Promise<boolean> {
      let asked = true;
      /**
       * A 404, a 409 or a silence beside a way that answers may be followed at once, but not twice in a row without progress:
       * there are ways that carry small requests and no body.
       */
      let corrected = false;
      while (!signal.aborted) {
        if (asked || !schedule.failed) news.show({ kind: 'uploading' });
        if (asked) news.forget(); // whoever asked wants to hear why again
        refused = false;
        const { outcome, quick, moved, found } = await attempt(signal);
        if (signal.aborted) return false;
        if (outcome.kind === 'confirmed' && outcome.equal) return true;
        if (outcome.kind === 'confirmed') {
          asked = await resend(signal);
          continue;
        }
        lastFailure = outcome.kind === 'refused' ? outcome.detail : outcome.reason;
        unanswered = outcome.kind === 'later' && outcome.unanswered === true;
        refused = outcome.kind === 'refused' && outcome.final;
        news.failed(outcome);
        if (refused) {
          asked = await schedule.waitForWake(signal);
          continue;
        }
        if (outcome.kind === 'gone') await forgetUpload();
        const conflict = outcome.kind === 'later' && outcome.conflict === true;
        const correct: boolean = outcome.kind === 'gone' || conflict || found;
        const retryAfterMs = outcome.kind === 'later' ? outcome.retryAfterMs : 0;
        const atOnce: boolean = quick || (correct && !corrected);
        corrected = correct && !moved;
        asked = await schedule.wait({ quick: atOnce, retryAfterMs }, signal);
      }
      return false;
    },
    status: () => ({ refused, lastFailure, unanswered }),
  };
}
