/** Tokens as people look at them: with what has become of each. */
import { type RawBuilder, sql } from 'kysely';
import { DateTime } from 'luxon';
import { EARLIER } from '../names.ts';
import type { Token } from '../types.ts';
import type { Database } from './database.ts';
import { groupBy, idsByName, inPages, type ListQuery } from './list-query.ts';
import { isWhole } from './takes.ts';
import { toToken } from './tokens.ts';

/** How far a candidate has come with a link, by the sessions of its token. */
export type TokenState = 'invited' | 'opened' | 'in-progress' | 'finished' | 'expired' | 'revoked';

/** A token with what has become of it. */
export interface TokenOverview {
  token: Token;
  state: TokenState;
  /** The newest first. */
  sessions: Array<{
    folder: string;
    /** How many questions are answered. */
    answered: number;
    questions: number;
    /** When it was finished; of an unfinished one, when it started or last received bytes. */
    lastActivity: DateTime;
  }>;
}

/**
 * Which tokens, and in what order: the newest first, those that were made together by their names; by name; those first of
 * whom something was heard last; or those that expire next.
 */
export type TokenQuery = ListQuery<TokenState, 'created' | 'name' | 'activity' | 'expires'>;

/** An expired token stays valid for a session that has started until this many days after its last activity. */
export const GRACE_DAYS = 7;

/** When a session was finished; of an unfinished one, when it started or last received bytes: ISO 8601. */
const activityOf = (session: 'sessions' | 'open' | 'newest') => {
  const column = (name: string) => sql.ref(`${session}.${name}`);
  return sql<string>`coalesce(${column('finished_at')}, max(${column('started_at')}, coalesce(
    (select max(updated_at) from takes where takes.session_id = ${column('id')}), '')))`;
};

/** Times beyond the year 9999 begin with a sign: this is later than any digit. */
const inOrder = (time: string) => sql<string>`replace(${sql.ref(time)}, '+', '~')`;

/** Creates the list of tokens. */
export function createTokenList(db: Database, now: () => DateTime) {
  const iso = (at: DateTime) => at.toUTC().toISO() as string;

  /** Of a row of `tokens`. */
  function state(): RawBuilder<TokenState> {
    const at = now();
    const isExpired = sql<boolean>`coalesce(${inOrder('tokens.expires_at')} <= ${iso(at)}, false)`;
    const goesOn = sql<boolean>`(not ${isExpired} or ${activityOf('open')} > ${iso(at.minus({ days: GRACE_DAYS }))})`;
    const open = sql`from sessions as open where open.token_id = tokens.id and open.finished_at is null`;
    return sql<TokenState>`case
      when tokens.revoked_at is not null then 'revoked'
      when exists (select 1 ${open} and ${goesOn}) then 'in-progress'
      when exists (select 1 from sessions where sessions.token_id = tokens.id) and not exists (select 1 ${open}) then 'finished'
      when ${isExpired} then 'expired'
      when tokens.opened_at is not null then 'opened'
      else 'invited' end`;
  }

  function chosen({ states, interview, search, since }: TokenQuery) {
    let query = db.selectFrom('tokens');
    if (states) query = query.where(state(), 'in', states);
    if (interview !== undefined) query = query.where('tokens.interview', '=', interview);
    if (since) query = query.where('tokens.created_at', '>=', iso(since));
    if (search !== undefined)
      query = query.where(
        sql<boolean>`(has_text(tokens.name, ${search}) or has_text(tokens.id, ${search}) or exists (
          select 1 from sessions where sessions.token_id = tokens.id and has_text(sessions.folder, ${search})))`,
      );
    return query;
  }

  async function idsOf(query: TokenQuery): Promise<string[]> {
    let rows = chosen(query).select('tokens.id');
    if (query.order === 'activity')
      rows = rows.orderBy(
        sql`coalesce((select ${activityOf('newest')} from sessions as newest where newest.token_id = tokens.id
          order by newest.started_at desc, newest.id limit 1), tokens.opened_at, '')`,
        'desc',
      );
    if (query.order === 'expires')
      // Those that never expire come last.
      rows = rows.orderBy(sql`tokens.expires_at is null`).orderBy(inOrder('tokens.expires_at'));
    rows = rows.orderBy('tokens.created_at', 'desc').orderBy('tokens.name').orderBy('tokens.id');
    if (query.order === 'name') {
      const ids = idsByName(await rows.select('tokens.name').execute());
      return query.limit ? ids.slice(0, query.limit) : ids;
    }
    return (await (query.limit ? rows.limit(query.limit) : rows).execute()).map(({ id }) => id);
  }

  async function read(ids: string[]): Promise<Map<string, TokenOverview>> {
    const isAnswer = sql<boolean>`${isWhole} and takes.part is null and takes.file_name not like ${`${EARLIER}/%`}`;
    const tokens = await db
      .selectFrom('tokens')
      .selectAll()
      .select(state().as('state'))
      .where('tokens.id', 'in', ids)
      .execute();
    const sessions = await db
      .selectFrom('sessions')
      .select(['sessions.token_id', 'sessions.folder', activityOf('sessions').as('activity')])
      .select([
        sql<number>`json_array_length(sessions.interview, '$.questions')`.as('questions'),
        sql<number>`(select count(distinct takes.question) from takes
          where takes.session_id = sessions.id and ${isAnswer})`.as('answered'),
      ])
      .where('sessions.token_id', 'in', ids)
      .orderBy('sessions.started_at', 'desc')
      .orderBy('sessions.id')
      .execute();
    const sessionsOf = groupBy(sessions, (row) => row.token_id);
    return new Map(
      tokens.map((row) => [
        row.id,
        {
          token: toToken(row),
          state: row.state,
          sessions: (sessionsOf.get(row.id) ?? []).map(({ folder, answered, questions, activity }) => ({
            ...{ folder, answered, questions, lastActivity: DateTime.fromISO(activity) },
          })),
        },
      ]),
    );
  }

  return {
    /** The tokens that a query asks for, page by page. */
    async *tokens(query: TokenQuery = {}): AsyncGenerator<TokenOverview> {
      yield* inPages(await idsOf(query), read);
    },

    /** How many tokens there are in each state, of those that a query asks for without its limit. */
    async countTokens(query: TokenQuery = {}): Promise<Partial<Record<TokenState, number>>> {
      const rows = await chosen(query)
        .select(({ fn }) => [state().as('state'), fn.countAll<number>().as('count')])
        .groupBy('state')
        .execute();
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    },

    /** The token with this id; null when there is none. */
    async token(id: string): Promise<TokenOverview | null> {
      return (await read([id])).get(id) ?? null;
    },

    /** Two of the tokens whose id begins with this text, at most. */
    async tokensWith(start: string): Promise<string[]> {
      const rows = await db
        .selectFrom('tokens')
        .select('id')
        .where(sql<boolean>`instr(id, ${start}) = 1`)
        .limit(2)
        .execute();
      return rows.map(({ id }) => id);
    },
  };
}
