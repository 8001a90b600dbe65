import { BlockList, isIPv4 } from 'node:net';
import { DateTime } from 'luxon';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { hashToken, type LiveTake, namesMatch, type Storage } from '../storage/index.ts';
import type { Session, Token } from '../storage/types.ts';
import { problem } from './problem.ts';

/** Failed log-ins that one address may make in a minute. */
const FAILURES_PER_MINUTE = 30;
/** A started session outlives its token's expiry for that long after its last activity. */
const GRACE_DAYS = 7;
const MAX_TOKEN_LENGTH = 200;

export type Auth = ReturnType<typeof createAuth>;

/**
 * Who may do what. One answer (401 `unauthorized`) for unknown, expired, revoked and wrong name: it never tells whose
 * token it is. A valid token is never refused for its address, since carriers and tunnels share them.
 */
export function createAuth(
  { tokens, sessions }: Pick<Storage, 'tokens' | 'sessions'>,
  now: () => DateTime = () => DateTime.now(),
) {
  const failures = new RateLimiterMemory({ points: FAILURES_PER_MINUTE, duration: 60 });

  async function refuse(address: string): Promise<never> {
    const over = await failures.consume(address).then(
      () => null,
      (limit: unknown) => limit,
    );
    if (over instanceof Error) throw over;
    if (over === null) throw problem('unauthorized');
    throw problem('too-many-attempts', {
      retryAfterSeconds: Math.ceil((over as { msBeforeNext: number }).msBeforeNext / 1000),
    });
  }

  /** The token, when it is right and something can still be done with it. */
  async function find(secret: unknown, only: 'unfinished' | 'any'): Promise<Token | null> {
    if (typeof secret !== 'string' || secret.length === 0 || secret.length > MAX_TOKEN_LENGTH) return null;
    const token = await tokens.getBySecret(secret);
    if (!token || token.revokedAt) return null;
    if (!token.expiresAt || token.expiresAt > now()) return token;
    const last = await sessions.lastActivity(token.id, only);
    return last && last.plus({ days: GRACE_DAYS }) > now() ? token : null;
  }

  return {
    /** For a log-in: the token may begin a session, or has one to go on with. */
    async logIn(secret: unknown, address: string): Promise<Token> {
      return (await find(secret, 'unfinished')) ?? refuse(address);
    },

    /** For a log-in with a name. @throws Problem `unauthorized` when the name is another's */
    async logInAs(secret: unknown, userName: string, address: string): Promise<Token> {
      const token = await find(secret, 'unfinished');
      return token && namesMatch(token.name, userName) ? token : refuse(address);
    },

    /** For everything else: also the repeat of a finish, and the HEAD of an upload that is done. */
    async authenticate(secret: unknown, address: string): Promise<Token> {
      return (await find(secret, 'any')) ?? refuse(address);
    },

    /** As `authenticate`, where the token's row is at hand; false also when more must be known, as after its expiry. */
    isBearer(secret: string | null, token: LiveTake['token']): boolean {
      if (secret === null || token.revoked || hashToken(secret) !== token.hash) return false;
      return token.expiresAt === null || Date.parse(token.expiresAt) > now().toMillis();
    },

    mayBegin: (token: Token): boolean => !token.expiresAt || token.expiresAt > now(),

    /** The token's own session in this folder. @throws Problem `session-not-found` */
    async requireSession(token: Token, folder: unknown): Promise<Session> {
      const session = typeof folder === 'string' ? await sessions.getByFolder(folder) : null;
      if (!session || session.tokenId !== token.id) throw problem('session-not-found');
      return session;
    },
  };
}

/**
 * The secret in `Authorization: Bearer …` (RFC 6750, section 2.1); null without one. Ours may have spaces inside, so it
 * is all the rest of the header.
 */
export function bearerOf(authorization: string | null | undefined): string | null {
  return authorization?.match(/^Bearer +(\S|\S.*\S)$/i)?.[1] ?? null;
}

/**
 * The client's address: the socket's, or, where that is a trusted proxy, the last one in X-Forwarded-For that is not.
 * @param trusted addresses and CIDR ranges
 */
export function createClientAddress(
  trusted: string[],
): (socketAddress: string | undefined, forwardedFor: string | undefined) => string {
  const proxies = new BlockList();
  for (const range of trusted) {
    const [address = '', bits] = range.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const plain = (address: string) => address.replace(/^::ffff:/, '');
  const isProxy = (address: string) => proxies.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  return (socketAddress = 'unknown', forwardedFor) => {
    const hops = [...(forwardedFor?.split(',') ?? []), socketAddress].map((hop) => plain(hop.trim()));
    for (let hop = hops.pop(); hop !== undefined; hop = hops.pop()) if (hops.length === 0 || !isProxy(hop)) return hop;
    return socketAddress;
  };
}
