import { hash, randomBytes } from 'node:crypto';
import { DateTime } from 'luxon';
import { StorageError } from '../errors.ts';
import type { Token } from '../types.ts';
import type { Database, TokenRow } from './database.ts';

/** A token to create. */
interface NewToken {
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
  return {
    /**
     * Stores the hash of a new token's secret.
     * @returns the token, and the secret, which can't be read again
     * @throws StorageError `token-taken` when another token has this secret
     */
    async create(from: NewToken): Promise<{ token: Token; secret: string }> {
      const secret = from.token ?? randomBytes(24).toString('base64url');
      const row: TokenRow = {
        id: randomBytes(5).toString('hex'),
        hash: hashToken(secret),
        name: from.name,
        interview: from.interview,
        created_at: now().toUTC().toISO() as string,
        expires_at: from.expiresAt?.toUTC().toISO() ?? null,
        max_sessions: from.maxSessions,
        revoked_at: null,
        opened_at: null,
        time_factor: from.timeFactor ?? 1,
        extra_takes: from.extraTakes ?? 0,
        language: from.language ?? null,
      };
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('tokens')
        .values(row)
        .onConflict((conflict) => conflict.column('hash').doNothing())
        .executeTakeFirst();
      if (!numInsertedOrUpdatedRows) throw new StorageError('token-taken', 'this value is a token already');
      return { token: toToken(row), secret };
    },

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
  };
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
