import { sleep, type Timers } from '../timers.ts';

/**
 * The number of connections that browsers keep open to one server. When one dies without a FIN or RST, the other ones
 * are mostly dead as well, and each request in turn would be sent over one of them (seen in Chromium: 15 s for each).
 */
const CONNECTIONS = 6;
/**
 * For how long a response is waited for, in ms. After that all connections are given up, and the next request opens
 * another one.
 */
export const FLUSH_LIMIT_MS = 4000;

/** Options of `flushConnections`. */
export interface FlushConnectionsOptions {
  fetch: typeof fetch;
  /** Of the tus server: it is sent OPTIONS, which needs no bearer; any response will do. */
  endpoint: string;
  timers: Timers;
  signal: AbortSignal;
}

/**
 * Uses up the dead connections that the browser keeps. Resolves to true as soon as the server responds on another
 * connection, else to false. Never rejects.
 */
export async function flushConnections({ fetch, endpoint, timers, signal }: FlushConnectionsOptions): Promise<boolean> {
  const over = new AbortController();
  const stop = () => over.abort();
  signal.addEventListener('abort', stop);
  const ask = async () => {
    await fetch(endpoint, { method: 'OPTIONS', cache: 'no-store', signal: over.signal });
    return true;
  };
  const responded = Promise.any(Array.from({ length: CONNECTIONS }, ask)).catch(() => false);
  const tooLate = sleep(timers, FLUSH_LIMIT_MS, over.signal).then(() => false);
  const works = await Promise.race([responded, tooLate]);
  signal.removeEventListener('abort', stop);
  // Closes the dead connections: a request that is aborted takes its connection with it.
  over.abort();
  return works && !signal.aborted;
}
