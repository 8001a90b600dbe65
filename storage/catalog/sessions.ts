import { randomBytes } from 'node:crypto';
import { DateTime } from 'luxon';
import type { Interview, Session, Token } from '../types.ts';
import type { Database, SessionRow } from './database.ts';

/** What the start of a session needs to know. */
export interface StartSession {
  /** The candidate's name, as typed by the candidate. */
  userName: string;
  interview: Interview;
  /** Whether a new session may begin; an expired token only resumes one. */
  mayCreate: boolean;
  /** The page's language, BCP 47. */
  language?: string | null;
}

/** The sessions in the catalog. */
export type Sessions = ReturnType<typeof createSessions>;

/** Creates the access to sessions. */
export function createSessions(db: Database, now: () => DateTime) {
  return {
    /**
     * The token's unfinished session, or a new one. It is one transaction, so that two starts at once give one session.
     * @param createFolder makes the new session's folder and returns its name
     * @returns null when the token's sessions are used up or `mayCreate` is false
     */
    async start(
      token: Token,
      from: StartSession,
      createFolder: (startedAt: DateTime) => Promise<string>,
    ): Promise<{ session: Session; resumed: boolean } | null> {
      // A page asks many times for an unfinished session: that takes no lock and writes nothing.
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
          stored_bytes: 0,
          takes_made: 0,
          consent: null,
          logins: 0,
          reopening: null,
        };
        await trx.insertInto('sessions').values(row).execute();
        return { session: toSession(row), resumed: false };
      });
    },

    /** The session with this id; null when there is none. */
    async get(id: string): Promise<Session | null> {
      const row = await db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? toSession(row) : null;
    },

    /** The session with this folder's name; null when there is none. */
    async getByFolder(folder: string): Promise<Session | null> {
      const row = await db.selectFrom('sessions').selectAll().where('folder', '=', folder).executeTakeFirst();
      return row ? toSession(row) : null;
    },

    /** The sessions of one token; the newest first. */
    async list(tokenId: string): Promise<Session[]> {
      const query = db.selectFrom('sessions').selectAll().orderBy('started_at', 'desc').orderBy('id');
      return (await query.where('token_id', '=', tokenId).execute()).map(toSession);
    },

    /** The sessions that are unfinished, or were finished at this time or later. */
    async listSince(finishedAt: DateTime): Promise<Session[]> {
      const since = finishedAt.toUTC().toISO() as string;
      const rows = await db
        .selectFrom('sessions')
        .selectAll()
        .where(({ eb, or }) => or([eb('finished_at', 'is', null), eb('finished_at', '>=', since)]))
        .execute();
      return rows.map(toSession);
    },

    /** The names of all sessions' folders. */
    async folders(): Promise<Set<string>> {
      return new Set((await db.selectFrom('sessions').select('folder').execute()).map(({ folder }) => folder));
    },

    /** When one of the token's sessions last started, received bytes or finished; null when the token has no session. */
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

    /** Counts a log-in to the session. Returns its number, from 1. */
    async logIn(id: string): Promise<number> {
      const { logins } = await db
        .updateTable('sessions')
        .set((of) => ({ logins: of('logins', '+', 1) }))
        .where('id', '=', id)
        .returning('logins')
        .executeTakeFirstOrThrow();
      return logins;
    },

    /** Keeps what the candidate has agreed to, with the time; the first time counts. */
    async agree(id: string, { text, version }: { text: string; version: string }): Promise<void> {
      const consent = JSON.stringify({ text, version, agreedAt: now().toUTC().toISO() });
      await db.updateTable('sessions').set({ consent }).where('id', '=', id).where('consent', 'is', null).execute();
    },

    /** Marks the session as finished; a second call keeps the time of the first. */
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

/** The unfinished session: a token has one at most. */
function openOf(rows: SessionRow[]): SessionRow | undefined {
  return rows.find((row) => row.finished_at === null);
}

/** The session in a row. */
export function toSession(row: SessionRow): Session {
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
    consent: row.consent === null ? null : toConsent(row.consent),
    logins: row.logins,
  };
}

function toConsent(json: string): Session['consent'] {
  const { text, version, agreedAt } = JSON.parse(json) as { text: string; version: string; agreedAt: string };
  return { text, version, agreedAt: DateTime.fromISO(agreedAt) };
}
