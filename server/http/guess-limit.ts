/** What slows the guessing of tokens and names, without refusing a valid token for the address that it comes from. */
import { isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { hashToken } from '../../storage/index.ts';
import type { Log } from './log.ts';
import { type Problem, problem } from './problem.ts';

/** How many log-ins of one network may fail in a minute, before its log-ins are slowed. */
const FAILURES = 30;
const MINUTE_S = 60;
/** A slowed log-in waits this long at least, in ms, and follows the one before it by this time. */
const WAIT_MS = 1000;
const STEP_MS = 500;
/** A log-in that would wait longer, in ms, is sent away: so many log-ins of one network are no people. */
const MAX_WAIT_MS = 12_000;
/** Shorter secrets can be guessed: a slowed network may not use one for a log-in. */
const SHORT_SECRET = 16;
/** How many pairs of network and secret are remembered as valid. */
const MAX_PROVED = 10_000;

/** What the limit needs. */
export interface GuessLimitOptions {
  log: Pick<Log, 'warn'>;
  /** A monotonic clock, in ms. */
  nowMs?: () => number;
  /** Resolves after `ms` milliseconds; by default for real. */
  wait?: ((ms: number) => Promise<unknown>) | undefined;
}

/** Counts failures and slows guesses; see `createGuessLimit`. */
export type GuessLimit = ReturnType<typeof createGuessLimit>;

/**
 * Creates the limit. A network (an IPv4 address, or the /64 of an IPv6 address) with more than 30 failures in a minute is
 * slowed until that minute is over: each log-in waits for 1 s at least before its secret is looked at, and only two a
 * second are. Carriers and tunnels put many candidates behind one address, so a valid log-in is slowed, too, but gets in.
 */
export function createGuessLimit({ log, nowMs = () => performance.now(), wait = sleep }: GuessLimitOptions) {
  const failures = new RateLimiterMemory({ points: FAILURES, duration: MINUTE_S });
  /** When the next slowed log-in of a network is due. */
  const due = new Map<string, number>();
  const proved = new Set<string>();

  return {
    /**
     * Runs before a secret is looked at.
     * @param isBearer for any request but a log-in: its secret waits only where it is short and was not valid from this
     *   network before, since no upload may suffer for its address
     * @throws Problem `too-many-attempts` where the network is slowed and a log-in's secret is short, or too many are waiting
     */
    async admit(address: string, secret: string, { isBearer }: { isBearer: boolean }): Promise<void> {
      const network = networkOf(address);
      const isShort = secret.length < SHORT_SECRET;
      if (isBearer && (!isShort || proved.has(pair(network, secret)))) return;
      const state = await failures.get(network);
      if (state === null || state.remainingPoints > 0) return;
      const atMs = nowMs();
      for (const [other, dueMs] of due) if (dueMs <= atMs) due.delete(other);
      const waitMs = Math.max(WAIT_MS, (due.get(network) ?? atMs) + STEP_MS - atMs);
      if ((isShort && !isBearer) || waitMs > MAX_WAIT_MS) throw tooMany(state.msBeforeNext);
      due.set(network, atMs + waitMs);
      await wait(waitMs);
    },

    /** Remembers that a secret is valid; long ones need no memory. */
    prove(address: string, secret: string): void {
      if (secret.length >= SHORT_SECRET) return;
      const key = pair(networkOf(address), secret);
      // The last used are kept: a Set is in the order of insertion.
      proved.delete(key);
      proved.add(key);
      if (proved.size > MAX_PROVED) proved.delete(proved.values().next().value as string);
    },

    /** Counts a failure, and gives the problem to throw: `unauthorized`, or `too-many-attempts` beyond the limit. */
    async fail(address: string): Promise<Problem> {
      const network = networkOf(address);
      const state = await failures.penalty(network);
      if (state.consumedPoints <= FAILURES) return problem('unauthorized');
      // Once for each minute that begins with a first failure.
      if (state.consumedPoints === FAILURES + 1)
        log.warn(
          { network, failures: FAILURES },
          'too many failed log-ins in a minute: those of this network are slowed',
        );
      return tooMany(state.msBeforeNext);
    },
  };
}

function tooMany(waitMs: number): Problem {
  return problem('too-many-attempts', { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) });
}

/** A secret is not kept as it is, in case the memory of the process is dumped. */
function pair(network: string, secret: string): string {
  return `${network} ${hashToken(secret)}`;
}

/** An IPv4 address as it is; of an IPv6 address its /64, all of which one customer of a provider has. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const groups = (text = '') => (text === '' ? [] : text.split(':'));
  const known = [...groups(head), ...groups(tail)];
  // "::" stands for as many zeros as are missing; a dotted IPv4 at the end stands for two groups.
  const zeros = tail === undefined ? 0 : 8 - known.length - Number(known.at(-1)?.includes('.') ?? false);
  const all = [...groups(head), ...Array<string>(Math.max(0, zeros)).fill('0'), ...groups(tail)];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
