/** Sends what a closed page left in the spool, without a candidate who waits: by the background worker. */
import type { HttpStack } from 'tus-js-client';
import type { Spool, SpooledTake } from '../spool/spool.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { createDetour } from './detour.ts';
import { createHttpStack } from './http-stack.ts';
import { createThroughput } from './throughput.ts';
import { createUploader, type UploaderOptions } from './uploader.ts';

/** How often a take that was cut is looked at: nothing says that all of its bytes have arrived, in ms. */
const LOOK_EVERY_MS = 250;

/** What is sent, and how. */
export interface SendLeftOptions extends Pick<UploaderOptions, 'endpoint' | 'token' | 'fetch'> {
  spool: Spool;
  /** The session's folder. */
  folder: string;
  httpStack: HttpStack;
  timers?: Timers;
  /** Ends the sending; what is not sent stays in the spool. */
  signal: AbortSignal;
}

/**
 * Sends a session's takes, oldest first. A whole take is sent whole, and forgotten at the server's confirmation as ever; of a
 * take that its page's end has cut, the bytes are sent, and whether it counts is left to the candidate. A take that the
 * server refuses for good is left to the page. Resolves to whether nothing is left that another attempt could send.
 */
export async function sendLeft({
  spool,
  folder,
  signal,
  timers = systemTimers,
  ...options
}: SendLeftOptions): Promise<boolean> {
  const detour = createDetour();
  const shared = {
    ...{ ...options, spool, timers, detour, throughput: createThroughput() },
    httpStack: createHttpStack({ inner: options.httpStack, usesPost: detour.usesPost }),
  };
  for (const take of await spool.list(folder)) {
    if (take.bytes > 0 && !(await sendTake(take, shared, signal))) return false;
  }
  return true;
}

/** Resolves to false where the network or the server fails, as they would for the next take. */
function sendTake(
  take: SpooledTake,
  options: Omit<UploaderOptions, 'take' | 'onEvent'> & { timers: Timers },
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const { timers } = options;
    let look: unknown;
    const end = (done: boolean) => {
      uploader.pause();
      timers.clear(look);
      signal.removeEventListener('abort', stop);
      resolve(done);
    };
    const stop = () => end(false);
    const uploader = createUploader({
      ...options,
      take,
      onEvent(event) {
        if (event.type === 'refused') {
          if (event.final) end(true);
        } else if (event.gate.kind === 'open') end(true);
        else if (event.gate.kind === 'failed') end(false);
      },
    });
    const watch = () => {
      if (uploader.status().ackedBytes >= take.bytes) end(true);
      else look = timers.set(watch, LOOK_EVERY_MS);
    };
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop);
    uploader.start();
    if (!take.ended) watch();
  });
}
