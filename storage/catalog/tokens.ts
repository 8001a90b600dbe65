import { hash, randomBytes } from 'node:crypto';
import { DateTime } from 'luxon';
import type { Token } from '../types.ts';
import type { Database, TokenRow } from './database.ts';

export interface NewToken {
  name: string;
  interview: string;
  expiresAt: DateTime | null;
  maxSessions: number;
  /** The secret, where the admin chose one; else 32 random characters. */
  token?: string | undefined;
}

export type Tokens = ReturnType<typeof createTokens>;

/** SHA-256, hex: a token is long and random, so a plain hash is as good as a slow one and lets an index find it. */
export function hashToken(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Tokens in the catalog. */
export function createTokens(db: Database, now: () => DateTime) {
  return {
    /**
     * Stores the hash of a new token and gives the secret back, once.
     * @throws Error with code `token-taken` when another token has this value
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
      };
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('tokens')
        .values(row)
        .onConflict((conflict) => conflict.column('hash').doNothing())
        .executeTakeFirst();
      if (!numInsertedOrUpdatedRows)
        throw Object.assign(new Error('this value is a token already'), { code: 'token-taken' });
      return { token: toToken(row), secret };
    },

    async getBySecret(secret: string): Promise<Token | null> {
      const row = await db.selectFrom('tokens').selectAll().where('hash', '=', hashToken(secret)).executeTakeFirst();
      return row ? toToken(row) : null;
    },

    async get(id: string): Promise<Token | null> {
      const row = await db.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? toToken(row) : null;
    },

    async list(): Promise<Token[]> {
      return (await db.selectFrom('tokens').selectAll().orderBy('created_at').orderBy('id').execute()).map(toToken);
    },

    /** Stops everything that uses the token (`revoked` true), or lets it go on. Null: no such token. */
    async revoke(id: string, revoked: boolean): Promise<Token | null> {
      const revokedAt = revoked ? (now().toUTC().toISO() as string) : null;
      await db.updateTable('tokens').set({ revoked_at: revokedAt }).where('id', '=', id).execute();
      return this.get(id);
    },
  };
}

function toToken(row: TokenRow): Token {
  return {
    id: row.id,
    name: row.name,
    interview: row.interview,
    createdAt: DateTime.fromISO(row.created_at),
    expiresAt: row.expires_at === null ? null : DateTime.fromISO(row.expires_at),
    maxSessions: row.max_sessions,
    revokedAt: row.revoked_at === null ? null : DateTime.fromISO(row.revoked_at),
  };
}
