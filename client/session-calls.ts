import type { FinishSessionAnswer, StartSessionAnswer } from '../server/wire.ts';
import { ApiError, type createApi } from './api.ts';
import type { RetrySchedule } from './retry-schedule.ts';

export interface SessionCallsOptions {
  api: Pick<ReturnType<typeof createApi>, 'startSession' | 'finishSession'>;
  schedule: RetrySchedule;
  /** Says what went wrong; `later`: it is tried again by itself. */
  onRefusal: (error: ApiError, later: boolean) => void;
}

/**
 * Start and finish of a session, repeated until the server answers. A refusal that stays so ends them; a withdrawn token
 * may be restored, and what is no answer of ours (a hotel's log-in page) says nothing.
 */
export function createSessionCalls({ api, schedule, onRefusal }: SessionCallsOptions) {
  const never = new AbortController().signal;

  async function untilAnswered<T>(call: () => Promise<T>): Promise<T | ApiError> {
    for (;;) {
      try {
        const answer = await call();
        schedule.reset();
        return answer;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const later = isLater(error);
        if (error.code === 'answers-missing' || error.code === 'sessions-used-up') return error;
        onRefusal(error, later);
        if (!later && error.status !== 401) return error;
        await schedule.wait({ quick: false, retryAfterMs: (error.retryAfterSeconds ?? 0) * 1000 }, never);
      }
    }
  }

  return {
    async start(token: string, userName: string): Promise<StartSessionAnswer | 'used-up' | 'refused'> {
      const answer = await untilAnswered(() => api.startSession(token, userName));
      if (!(answer instanceof ApiError)) return answer;
      return answer.code === 'sessions-used-up' ? 'used-up' : 'refused';
    },
    async finish(session: {
      token: string;
      folder: string;
      questionsCount: number;
    }): Promise<FinishSessionAnswer | 'missing' | 'refused'> {
      const answer = await untilAnswered(() => api.finishSession(session));
      if (!(answer instanceof ApiError)) return answer;
      return answer.code === 'answers-missing' ? 'missing' : 'refused';
    },
  };
}

/** The contract's "the same request, later", and all that never came from the server. */
function isLater({ status, code }: ApiError): boolean {
  return status === 0 || status >= 500 || [408, 423, 425, 429].includes(status) || code === 'bad-gateway';
}
