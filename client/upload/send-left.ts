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

/**
 * What is left after an attempt: `nothing` that another one could send; what a `later` one may send; or the server sends this
 * token's takes away (`refused`), which stay in the spool: only the page can go on, with another log-in or at the end.
 */
export type Left = 'nothing' | 'later' | 'refused';

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
 * server refuses for good is left to the page.
 */
export async function sendLeft({
  spool,
  folder,
  signal,
  timers = systemTimers,
  ...options
}: SendLeftOptions): Promise<Left> {
  const detour = createDetour();
  const shared = {
    ...{ ...options, spool, timers, detour, throughput: createThroughput() },
    httpStack: createHttpStack({ inner: options.httpStack, usesPost: detour.usesPost }),
  };
  for (const take of await spool.list(folder)) {
    const left = take.bytes > 0 ? await sendTake(take, shared, signal) : 'nothing';
    if (left !== 'nothing') return left;
  }
  return 'nothing';
}

/** Resolves to another word than `nothing` where the next take would meet the same. */
function sendTake(
  take: SpooledTake,
  options: Omit<UploaderOptions, 'take' | 'onEvent'> & { timers: Timers },
  signal: AbortSignal,
): Promise<Left> {
  return new Promise((resolve) => {
    const { timers } = options;
    let look: unknown;
    const end = (left: Left) => {
      uploader.pause();
      timers.clear(look);
      signal.removeEventListener('abort', stop);
      resolve(left);
    };
    const stop = () => end('later');
    const uploader = createUploader({
      ...options,
      take,
      onEvent(event) {
        if (event.type === 'refused') {
          if (event.status === 401 || event.code === 'session-finished') end('refused');
          else if (event.final) end('nothing');
        } else if (event.gate.kind === 'open') end('nothing');
        else if (event.gate.kind === 'failed') end('later');
      },
    });
    const watch = () => {
      if (uploader.status().ackedBytes >= take.bytes) end('nothing');
      else look = timers.set(watch, LOOK_EVERY_MS);
    };
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop);
    uploader.start();
    if (!take.ended) watch();
  });
}
