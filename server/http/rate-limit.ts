import { RateLimiterMemory } from 'rate-limiter-flexible';
import { type ProblemCode, problem } from './problem.ts';

/**
 * Creates the limit of a key's uses: `perMinute` of them in each minute that begins with a first use.
 * @returns a function that counts one use of a key; for a use beyond the limit it throws Problem `code` with Retry-After
 */
export function createRateLimit(code: ProblemCode, perMinute: number): (key: string) => Promise<void> {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return async (key) => {
    await limiter.consume(key).catch((limit: unknown) => {
      // The library rejects with an Error for a failure, and with the state of the key for a use beyond the limit.
      if (limit instanceof Error) throw limit;
      const { msBeforeNext } = limit as { msBeforeNext: number };
      throw problem(code, { retryAfterSeconds: Math.ceil(msBeforeNext / 1000) });
    });
  };
}
