/** The calls that open and close a session, repeated until the server has decided on them. */
import { type FinishSessionResponse, isRetryable, type StartSessionResponse } from '../../server/wire.ts';
import { ApiError } from '../api.ts';
import type { RetrySchedule } from '../upload/retry-schedule.ts';
import { type FinishedBefore, finishedBefore } from './about.ts';
import type { SavedInterview } from './saved-record.ts';

/** How long the candidate looks at an empty page before the interview opens with what the device remembers, in ms. */
const PATIENCE_MS = 4000;

interface SessionCallsOptions {
  /** One attempt to start or continue the session; `consent`: the version that the candidate has agreed to. */
  start: (consent?: string) => Promise<StartSessionResponse>;
  /** One attempt to finish it. */
  finish: (questionsCount: number) => Promise<FinishSessionResponse>;
  schedule: RetrySchedule;
  /** An attempt failed. `later`: the call is repeated by itself, since the same request may succeed later. */
  onProblem: (error: ApiError, later: boolean) => void;
}

/**
 * What the server decided on a start. `usedUp`: each session of the token is finished, and when, where the server says. `refused`: a problem that no
 * retry solves.
 */
export type StartResult = StartSessionResponse | { usedUp: FinishedBefore | null } | 'refused';
/**
 * What the server decided on a finish. `missing`: the server lacks answers. `refused`: a problem that no retry solves.
 */
type FinishResult = FinishSessionResponse | 'missing' | 'refused';

/** Each call resolves once the server has accepted it or refused it for good; neither rejects. */
export interface SessionCalls {
  /** `consent`: the version that the candidate has agreed to. */
  start(consent?: string): Promise<StartResult>;
  finish(questionsCount: number): Promise<FinishResult>;
}

/**
 * Repeats each call until the server has decided. A problem that no retry can solve ends the call. An invalid token (401)
 * does not, since an admin may restore it; nor does a response that is not our server's (a hotel's log-in page).
 */
export function createSessionCalls({ schedule, onProblem, ...attempt }: SessionCallsOptions): SessionCalls {
  const never = new AbortController().signal;

  async function untilDecided<T>(call: () => Promise<T>): Promise<T | ApiError> {
    for (;;) {
      try {
        const response = await call();
        schedule.reset();
        return response;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // A response that is not our server's says nothing about the request.
        const later = isRetryable(error.status) || error.code === 'bad-gateway';
        if (error.code === 'answers-missing' || error.code === 'sessions-used-up') return error;
        onProblem(error, later);
        if (!later && error.status !== 401) return error;
        await schedule.wait({ quick: false, retryAfterMs: (error.retryAfterSeconds ?? 0) * 1000 }, never);
      }
    }
  }

  return {
    async start(consent) {
      const response = await untilDecided(() => attempt.start(consent));
      if (!(response instanceof ApiError)) return response;
      return response.code === 'sessions-used-up' ? { usedUp: finishedBefore(response) } : 'refused';
    },
    async finish(questionsCount) {
      const response = await untilDecided(() => attempt.finish(questionsCount));
      if (!(response instanceof ApiError)) return response;
      return response.code === 'answers-missing' ? 'missing' : 'refused';
    },
  };
}

/** Where the interview comes from: the server, or the device's memory. */
type OpenedSession =
  | { from: 'server'; response: StartResult }
  /** `later` resolves once the server has decided after all. */
  | { from: 'memory'; interview: SavedInterview; later: Promise<StartResult> };

interface OpenSessionOptions {
  calls: Pick<SessionCalls, 'start'>;
  /** What the device remembers of the session, where it does. */
  remembered: SavedInterview | undefined;
  /** Resolves once an attempt has failed for want of a connection. */
  failed: Promise<void>;
  /** Resolves once the candidate has waited long enough for the server. */
  patience?: () => Promise<unknown>;
}

/** Starts the session, or opens it with what the device remembers where the server takes too long. */
export async function openSession({
  calls,
  remembered,
  failed,
  patience = () => new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)),
}: OpenSessionOptions): Promise<OpenedSession> {
  const later = calls.start();
  const server = later.then((response) => ({ from: 'server', response }) as const);
  if (!remembered) return server;
  const memory = Promise.race([failed, patience()]).then(
    () => ({ from: 'memory', interview: remembered, later }) as const,
  );
  return Promise.race([server, memory]);
}
