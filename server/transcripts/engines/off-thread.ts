/**
 * Work on what speech engines give, in a thread of its own: a response may be hours of words or be made to exhaust its
 * reader, and on the server's own thread every candidate's chunk would wait for it.
 */
import { Worker } from 'node:worker_threads';

/** Work that a thread can do. Input and result are copied between threads. */
export interface ThreadWork<Input, Result> {
  /** Names the work for the thread. */
  name: string;
  /** @throws Error */
  run: (input: Input) => Result | Promise<Result>;
}

/** What the thread may use. */
interface ThreadOptions {
  /** The length of the sound that the work is about. */
  durationMs: number;
  /** Ends the thread. */
  signal: AbortSignal;
}

/**
 * Does work on an input.
 * @throws what the work throws, as a plain Error; Error where the thread needs too much memory or time; the signal's reason
 */
export type OffThread = <Input, Result>(
  work: ThreadWork<Input, Result>,
  input: Input,
  options: ThreadOptions,
) => Promise<Result>;

/** What a thread sends back. */
export type ThreadReply = { result: unknown } | { error: string };

/** Two hours of words with times need less than 200 MB. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 };
/** On a machine that is busy with recordings. */
const LIMIT_START_MS = 30_000;
/** Measured: the words of two hours need 1 s of processor time. */
const LIMIT_TIMES_SOUND = 1 / 40;

/** Does work at once, on the thread of its caller: for tests of what the work gives. */
export const onThisThread: OffThread = async ({ run }, input) => run(input);

/**
 * Creates a function that does each work in a new thread.
 * @param script the path of the thread's program
 * @param limitMs how long a work may take
 */
export function createOffThread(
  script: string,
  limitMs = (durationMs: number) => LIMIT_START_MS + durationMs * LIMIT_TIMES_SOUND,
): OffThread {
  return async <Input, Result>(
    { name }: ThreadWork<Input, Result>,
    input: Input,
    { durationMs, signal }: ThreadOptions,
  ): Promise<Result> => {
    signal.throwIfAborted();
    const worker = new Worker(script, {
      ...{ workerData: { name, input }, resourceLimits: RESOURCE_LIMITS },
      // Nothing of the server's environment.
      ...{ env: {}, execArgv: [] },
    });
    const limit = limitMs(durationMs);
    let end = () => {};
    let timer: NodeJS.Timeout | undefined;
    try {
      const reply = await new Promise<ThreadReply>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', () => reject(new Error('the thread ended without a result')));
        timer = setTimeout(() => reject(new Error(`it takes longer than ${Math.round(limit / 1_000)} s`)), limit);
        end = () => reject(signal.reason as Error);
        signal.addEventListener('abort', end);
      });
      if ('error' in reply) throw new Error(reply.error);
      return reply.result as Result;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      await worker.terminate();
    }
  };
}
