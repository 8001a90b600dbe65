import { randomBytes } from 'node:crypto';
import { DateTime } from 'luxon';
import type { Interview, Session, Token } from '../types.ts';
import type { Database, SessionRow } from './database.ts';

export type Sessions = ReturnType<typeof createSessions>;

/** Sessions in the catalog. */
export function createSessions(db: Database, now: () => DateTime) {
  return {
    /**
     * The token's unfinished session, or a new one in a folder that `createFolder` makes; null when the token's
     * sessions are used up or `mayCreate` is false. One transaction, so that two starts at once give one session.
     */
    async start(
      token: Token,
      from: { userName: string; interview: Interview; mayCreate: boolean; language?: string | null },
      createFolder: (startedAt: DateTime) => Promise<string>,
    ): Promise<{ session: Session; resumed: boolean } | null> {
      // A page asks again and again for a session that goes on: no lock, and nothing written.
      const known = openOf(await db.selectFrom('sessions').selectAll().where('token_id', '=', token.id).execute());
      if (known) return { session: toSession(known), resumed: true };
      return db.transaction().execute(async (trx) => {
        const rows = await trx.selectFrom('sessions').selectAll().where('token_id', '=', token.id).execute();
        const open = openOf(rows);
        if (open) return { session: toSession(open), resumed: true };
        if (!from.mayCreate || (token.maxSessions > 0 && rows.length >= token.maxSessions)) return null;
        const startedAt = now();
        const row: SessionRow = {
          id: randomBytes(8).toString('hex'),
          token_id: token.id,
          folder: await createFolder(startedAt),
          user_name: from.userName,
          token_owner: token.name,
          interview: JSON.stringify(from.interview),
          started_at: startedAt.toUTC().toISO() as string,
          finished_at: null,
          language: from.language ?? null,
        };
        await trx.insertInto('sessions').values(row).execute();
        return { session: toSession(row), resumed: false };
      });
    },

    async get(id: string): Promise<Session | null> {
      const row = await db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? toSession(row) : null;
    },

    async getByFolder(folder: string): Promise<Session | null> {
      const row = await db.selectFrom('sessions').selectAll().where('folder', '=', folder).executeTakeFirst();
      return row ? toSession(row) : null;
    },

    /** Newest first; of one token, or all. */
    async list(tokenId?: string): Promise<Session[]> {
      const query = db.selectFrom('sessions').selectAll().orderBy('started_at', 'desc').orderBy('id');
      return (await (tokenId === undefined ? query : query.where('token_id', '=', tokenId)).execute()).map(toSession);
    },

    /** When anything last arrived for one of the token's sessions; null when it has none. */
    async lastActivity(tokenId: string, only: 'unfinished' | 'any'): Promise<DateTime | null> {
      let query = db
        .selectFrom('sessions')
        .leftJoin('takes', 'takes.session_id', 'sessions.id')
        .select(({ fn }) => [
          fn.max('sessions.started_at').as('started'),
          fn.max('sessions.finished_at').as('finished'),
          fn.max('takes.updated_at').as('moved'),
        ])
        .where('sessions.token_id', '=', tokenId);
      if (only === 'unfinished') query = query.where('sessions.finished_at', 'is', null);
      const row = await query.executeTakeFirst();
      const latest = [row?.started, row?.finished, row?.moved]
        .filter((at) => typeof at === 'string')
        .sort()
        .at(-1);
      return latest === undefined ? null : DateTime.fromISO(latest);
    },

    /** Closes the session; the first call's time stays. */
    async finish(id: string): Promise<void> {
      await db
        .updateTable('sessions')
        .set({ finished_at: now().toUTC().toISO() as string })
        .where('id', '=', id)
        .where('finished_at', 'is', null)
        .execute();
    },
  };
}

/** The one that is not finished: a token has one at most. */
function openOf(rows: SessionRow[]): SessionRow | undefined {
  return rows.find((row) => row.finished_at === null);
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    tokenId: row.token_id,
    folder: row.folder,
    userName: row.user_name,
    tokenOwner: row.token_owner,
    interview: JSON.parse(row.interview) as Interview,
    startedAt: DateTime.fromISO(row.started_at),
    finishedAt: row.finished_at === null ? null : DateTime.fromISO(row.finished_at),
    language: row.language,
  };
}
