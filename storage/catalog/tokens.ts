import { hash, randomBytes } from 'node:crypto';
import { DateTime } from 'luxon';
import { StorageError } from '../errors.ts';
import type { Token } from '../types.ts';
import type { Database, TokenRow } from './database.ts';

/** A token to create. */
export interface NewToken {
  /** The candidate's name, as typed by the admin. */
  name: string;
  /** The interview's slug. */
  interview: string;
  /** Null = never. */
  expiresAt: DateTime | null;
  /** 0 = any number. */
  maxSessions: number;
  /** The secret, when the admin chose one; else 32 random characters. */
  token?: string | undefined;
  /** 1 by default. */
  timeFactor?: number | undefined;
  /** 0 by default. */
  extraTakes?: number | undefined;
  /** By default that of the interview. */
  language?: string | null | undefined;
}

/** A token with its secret, which is stored nowhere. */
export interface MadeToken {
  token: Token;
  secret: string;
}

/** The tokens in the catalog. */
export type Tokens = ReturnType<typeof createTokens>;

/**
 * What the catalog stores of a token's secret: SHA-256, hex. A secret is long and random, so a plain hash is as good as a
 * slow one, and an index finds it.
 */
export function hashToken(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Creates the access to tokens. */
export function createTokens(db: Database, now: () => DateTime) {
  const selectByHash = db.prepare(db.selectFrom('tokens').select('id').where('hash', '=', ''));

  /**
   * As `create`, for many at once: all of them are made, or none.
   * @returns the tokens in the order of `all`; or none, and in `taken` the places in `all` whose secret is a token already
   */
  async function createAll(all: NewToken[]): Promise<{ made: MadeToken[]; taken: number[] }> {
    const at = now();
    const rows = all.map((from) => newRow(from, at));
    const taken: number[] = [];
    await db.changeTogether(() => {
      taken.length = 0;
      for (const [at, { row }] of rows.entries()) if (selectByHash(row.hash)) taken.push(at);
      if (taken.length === 0) for (const { row } of rows) db.change(db.insertInto('tokens').values(row));
    });
    return { made: taken.length > 0 ? [] : rows.map(({ row, secret }) => ({ token: toToken(row), secret })), taken };
  }

  return {
    /**
     * Stores the hash of a new token's secret.
     * @returns the token, and the secret, which can't be read again
     * @throws StorageError `token-taken` when another token has this secret
     */
    async create(from: NewToken): Promise<MadeToken> {
      const { made } = await createAll([from]);
      if (!made[0]) throw new StorageError('token-taken', 'this value is a token already');
      return made[0];
    },

    createAll,

    /** The token with this secret; null when there is none. */
    async getBySecret(secret: string): Promise<Token | null> {
      const row = await db.selectFrom('tokens').selectAll().where('hash', '=', hashToken(secret)).executeTakeFirst();
      return row ? toToken(row) : null;
    },

    /** The token with this id; null when there is none. */
    async get(id: string): Promise<Token | null> {
      const row = await db.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? toToken(row) : null;
    },

    /** Notes that somebody who has the secret has opened the link; only the first time counts. */
    async open({ id, openedAt }: Token): Promise<void> {
      if (openedAt) return;
      const opened_at = now().toUTC().toISO() as string;
      await db.updateTable('tokens').set({ opened_at }).where('id', '=', id).where('opened_at', 'is', null).execute();
    },

    /** All tokens, the oldest first. */
    async list(): Promise<Token[]> {
      return (await db.selectFrom('tokens').selectAll().orderBy('created_at').orderBy('id').execute()).map(toToken);
    },

    /**
     * Revokes the token (`revoked` true), which stops every request that uses it, or restores it.
     * @returns the token as it is now; null when there is none
     */
    async revoke(id: string, revoked: boolean): Promise<Token | null> {
      const revokedAt = revoked ? (now().toUTC().toISO() as string) : null;
      await db.updateTable('tokens').set({ revoked_at: revokedAt }).where('id', '=', id).execute();
      return this.get(id);
    },

    /**
     * Changes what a token allows, or the name on it.
     * @returns the token as it is now; null when there is none
     */
    async update(
      id: string,
      change: Partial<Pick<Token, 'name' | 'expiresAt' | 'maxSessions' | 'timeFactor' | 'extraTakes'>>,
    ): Promise<Token | null> {
      const columns = {
        ...(change.name === undefined ? {} : { name: change.name }),
        ...(change.expiresAt === undefined ? {} : { expires_at: change.expiresAt?.toUTC().toISO() ?? null }),
        ...(change.maxSessions === undefined ? {} : { max_sessions: change.maxSessions }),
        ...(change.timeFactor === undefined ? {} : { time_factor: change.timeFactor }),
        ...(change.extraTakes === undefined ? {} : { extra_takes: change.extraTakes }),
      };
      if (Object.keys(columns).length > 0) await db.updateTable('tokens').set(columns).where('id', '=', id).execute();
      return this.get(id);
    },

    /**
     * Gives the token a new secret: the old one is no token any more, and its sessions continue by the new one.
     * @returns the token and the new secret, which can't be read again; null when there is no such token
     */
    async reissue(id: string): Promise<MadeToken | null> {
      const secret = newSecret();
      await db
        .updateTable('tokens')
        .set({ hash: hashToken(secret) })
        .where('id', '=', id)
        .execute();
      const token = await this.get(id);
      return token && { token, secret };
    },
  };
}

/** A secret that can't be guessed: 32 random characters. */
export function newSecret(): string {
  return randomBytes(24).toString('base64url');
}

function newRow(from: NewToken, at: DateTime): { row: TokenRow; secret: string } {
  const secret = from.token ?? newSecret();
  const row = {
    id: randomBytes(5).toString('hex'),
    hash: hashToken(secret),
    name: from.name,
    interview: from.interview,
    created_at: at.toUTC().toISO() as string,
    expires_at: from.expiresAt?.toUTC().toISO() ?? null,
    max_sessions: from.maxSessions,
    revoked_at: null,
    opened_at: null,
    time_factor: from.timeFactor ?? 1,
    extra_takes: from.extraTakes ?? 0,
    language: from.language ?? null,
  };
  return { row, secret };
}

/** The token in a row. */
export function toToken(row: TokenRow): Token {
  return {
    id: row.id,
    name: row.name,
    interview: row.interview,
    createdAt: DateTime.fromISO(row.created_at),
    expiresAt: row.expires_at === null ? null : DateTime.fromISO(row.expires_at),
    maxSessions: row.max_sessions,
    revokedAt: row.revoked_at === null ? null : DateTime.fromISO(row.revoked_at),
    openedAt: row.opened_at === null ? null : DateTime.fromISO(row.opened_at),
    timeFactor: row.time_factor,
    extraTakes: row.extra_takes,
    language: row.language,
  };
}
