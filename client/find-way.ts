import { sleep, type Timers } from './timers.ts';

/**
 * As many as browsers keep open to one server. After a connection has died without a word the others that they keep are
 * mostly dead as well, and each request in turn would be given one of those (seen in Chromium: 15 s for each).
 */
const CONNECTIONS = 6;
/** A way that answers takes a round trip; where none does, all are given up, and the next request opens one anew. */
export const WAY_LIMIT_MS = 4000;

export interface FindWayOptions {
  fetch: typeof fetch;
  /** Of the tus server: anything that it answers to OPTIONS will do, and nothing has to be proven for that. */
  endpoint: string;
  timers: Timers;
  signal: AbortSignal;
}

/** Uses up whatever dead connections the browser keeps. Resolves to true as soon as the server answers on another; never rejects. */
export async function findWay({ fetch, endpoint, timers, signal }: FindWayOptions): Promise<boolean> {
  const over = new AbortController();
  const stop = () => over.abort();
  signal.addEventListener('abort', stop);
  const ask = async () => {
    await fetch(endpoint, { method: 'OPTIONS', cache: 'no-store', signal: over.signal });
    return true;
  };
  const answered = Promise.any(Array.from({ length: CONNECTIONS }, ask)).catch(() => false);
  const tooLate = sleep(timers, WAY_LIMIT_MS, over.signal).then(() => false);
  const found = await Promise.race([answered, tooLate]);
  signal.removeEventListener('abort', stop);
  // Ends the dead ones for good: a request that is aborted takes its connection with it.
  over.abort();
  return found && !signal.aborted;
}
