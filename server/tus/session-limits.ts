/** How much one session may bring: bytes, takes, and uploads at a time. */
import type { Storage } from '../../storage/index.ts';
import type { Interview } from '../../storage/types.ts';

/** How many unfinished uploads a session may have. */
export const MAX_UNFINISHED = 64;
/**
 * How many times what its questions allow a session may bring, in bytes and in takes: takes that broke off, e.g. by
 * reloads, count as well.
 */
const SPARE = 8;
/** As many takes as these any session may have, however few its questions allow. */
const MIN_TAKES = 400;
const MAX_KNOWN_SESSIONS = 4_096;

function takesAllowed({ questions }: Pick<Interview, 'questions'>): number {
  return questions.reduce((takes, { maxTakes }) => takes + maxTakes, 0);
}

/** How many takes a session may have in all, refused ones included; those that their sender removed do not count. */
export function maxTakesOf(interview: Pick<Interview, 'questions'>): number {
  return MIN_TAKES + SPARE * takesAllowed(interview);
}

/**
 * Creates the function that says how many bytes a session may have in all. Its results are kept: a session's questions
 * never change after its start.
 */
export function createSessionLimit(
  sessions: Pick<Storage['sessions'], 'get'>,
  maxAnswerBytes: number,
): (sessionId: string) => Promise<number> {
  const limits = new Map<string, number>();
  return async (id) => {
    const known = limits.get(id);
    if (known !== undefined) return known;
    const session = await sessions.get(id);
    const limit = session ? SPARE * takesAllowed(session.interview) * maxAnswerBytes : 0;
    if (limits.size >= MAX_KNOWN_SESSIONS) limits.clear();
    limits.set(id, limit);
    return limit;
  };
}
