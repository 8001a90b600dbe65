import { DateTime } from 'luxon';
import { GRACE_DAYS, hashToken, type LiveTake, namesMatch, type Storage } from '../../storage/index.ts';
import type { Session, Token } from '../../storage/types.ts';
import type { GuessLimit } from './guess-limit.ts';
import { problem } from './problem.ts';

const MAX_TOKEN_LENGTH = 200;

/** Decides who may do what. */
export type Auth = ReturnType<typeof createAuth>;

/**
 * Creates the checks of tokens and sessions. A token that is unknown, expired, revoked or another person's gives one
 * problem, `unauthorized`, so that no response says whose token it is. Guesses are slowed by `guesses`.
 */
export function createAuth(
  { tokens, sessions }: Pick<Storage, 'tokens' | 'sessions'>,
  guesses: GuessLimit,
  now: () => DateTime = () => DateTime.now(),
) {
  /**
   * Slows the guessing of a secret, and of the name that goes with it.
   * @throws Problem `unauthorized`, or `too-many-attempts`
   */
  async function slowly(
    given: unknown,
    address: string,
    check: (secret: string) => Promise<Token | null>,
    isBearer = false,
  ): Promise<Token> {
    const secret = typeof given === 'string' ? asToken(given) : '';
    await guesses.admit(address, secret, { isBearer });
    const token = await check(secret);
    if (!token) throw await guesses.fail(address);
    guesses.prove(address, secret);
    return token;
  }

  /**
   * The token of a secret; null for one that is unknown or revoked, or that has expired with no recent session to
   * continue.
   * @param only which sessions count as one to continue
   */
  async function find(secret: string, only: 'unfinished' | 'any'): Promise<Token | null> {
    if (secret.length === 0 || secret.length > MAX_TOKEN_LENGTH) return null;
    const token = await tokens.getBySecret(secret);
    if (!token || token.revokedAt) return null;
    if (!token.expiresAt || token.expiresAt > now()) return token;
    const last = await sessions.lastActivity(token.id, only);
    return last && last.plus({ days: GRACE_DAYS }) > now() ? token : null;
  }

  return {
    /** For a log-in: the token may start a session, or has one to continue. */
    logIn: (given: unknown, address: string) => slowly(given, address, (secret) => find(secret, 'unfinished')),

    /** For a log-in with a name, which must match the name of the token. */
    logInAs: (given: unknown, userName: string, address: string) =>
      slowly(given, address, async (secret) => {
        const token = await find(secret, 'unfinished');
        return token && namesMatch(token.name, userName) ? token : null;
      }),

    /** For every other request: also for the repeat of a finish and the HEAD of a finished upload. */
    authenticate: (given: unknown, address: string) => slowly(given, address, (secret) => find(secret, 'any'), true),

    /**
     * A quick `authenticate` for a caller that has the token's row: whether `secret` is this token and valid. False
     * means unknown, not refused: after the token's expiry `authenticate` must ask the sessions.
     */
    isBearer(secret: string | null, token: LiveTake['token']): boolean {
      if (secret === null || token.revoked || hashToken(secret) !== token.hash) return false;
      return token.expiresAt === null || Date.parse(token.expiresAt) > now().toMillis();
    },

    /** Whether the token may start a new session. */
    mayBegin: (token: Token): boolean => !token.expiresAt || token.expiresAt > now(),

    /** The session of this folder, if it is the token's own. @throws Problem `session-not-found` */
    async requireSession(token: Token, folder: unknown): Promise<Session> {
      const session = typeof folder === 'string' ? await sessions.getByFolder(folder) : null;
      if (!session || session.tokenId !== token.id) throw problem('session-not-found');
      return session;
    },
  };
}

/**
 * A token as it was made, of what was pasted: printable ASCII alone. Chats and mail programs put characters beside a
 * token that nobody can see.
 */
function asToken(text: string): string {
  return text
    .replace(/\s/g, ' ')
    .replace(/[^ -~]/g, '')
    .trim();
}

/**
 * The secret in `Authorization: Bearer …` (RFC 6750, section 2.1); null without one. A token of TresGo may contain
 * spaces, so the secret is the whole rest of the header.
 */
export function bearerOf(authorization: string | null | undefined): string | null {
  return authorization?.match(/^Bearer +(\S|\S.*\S)$/i)?.[1] ?? null;
}
