/** How a sitting opens: with the server's word, or, where that takes too long, with what the device remembers of it. */
import type { RememberedSitting } from './identity.ts';
import type { createSessionCalls } from './session-calls.ts';

/** A candidate does not look at an empty page for longer, where the device knows how to go on. */
export const PATIENCE_MS = 4000;

type Calls = ReturnType<typeof createSessionCalls>;
type Answer = Awaited<ReturnType<Calls['start']>>;

export type Opening =
  | { from: 'server'; answer: Answer }
  /** `later` resolves when the server has answered after all. */
  | { from: 'memory'; sitting: RememberedSitting; later: Promise<Answer> };

export interface OpeningOptions {
  calls: Pick<Calls, 'start'>;
  who: { token: string; userName: string };
  remembered: RememberedSitting | undefined;
  /** Resolves once a try has failed for want of a connection. */
  failed: Promise<void>;
  patience?: () => Promise<unknown>;
}

export async function openSession({
  calls,
  who,
  remembered,
  failed,
  patience = () => new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)),
}: OpeningOptions): Promise<Opening> {
  const later = calls.start(who.token, who.userName);
  const server = later.then((answer) => ({ from: 'server', answer }) as const);
  if (!remembered) return server;
  const memory = Promise.race([failed, patience()]).then(
    () => ({ from: 'memory', sitting: remembered, later }) as const,
  );
  return Promise.race([server, memory]);
}

/** What of the server's answer is worth remembering. */
export function toRemembered(answer: RememberedSitting): RememberedSitting {
  const { folder, interview, questions, answered, uploadEndpoint } = answer;
  return { folder, interview, questions, answered, uploadEndpoint };
}
