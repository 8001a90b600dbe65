/** What people look at: sessions and tokens with all that belongs to them, each by a few queries for all rows. */
import { sql } from 'kysely';
import { DateTime } from 'luxon';
import { EARLIER, isEarlier } from '../names.ts';
import type { Interview, Job, JobState, Session, Take, Token } from '../types.ts';
import type { Database } from './database.ts';
import { toSession } from './sessions.ts';
import { TAKE_COLUMNS, toTake } from './takes.ts';
import { toToken } from './tokens.ts';

/** How many takes are read at once: a server does it while candidates record. */
const PAGE = 1_000;

/** A job as a list of sessions shows it. */
export type JobSummary = Pick<Job, 'state' | 'progress' | 'reason'>;

/** An answer with the jobs on it; null where there is none. */
export interface AnswerOverview
  extends Pick<Take, 'question' | 'number' | 'sha256' | 'filetype' | 'durationMs' | 'spokenMs' | 'mediaProblem'> {
  fileName: string;
  bytes: number;
  copy: JobSummary | null;
  transcript: JobSummary | null;
}

/** A session with its answers. */
export interface SessionOverview
  extends Pick<Session, 'id' | 'folder' | 'userName' | 'tokenOwner' | 'startedAt' | 'finishedAt' | 'interview'> {
  /** In question order. */
  answers: AnswerOverview[];
  /** Sound that went ahead of an answer that has not come: in question order. */
  voices: Array<Pick<Take, 'question' | 'number'> & { fileName: string; bytes: number }>;
}

/** A token with what has become of it. */
export interface TokenOverview {
  token: Token;
  /** The newest first. */
  sessions: Array<{
    folder: string;
    finishedAt: DateTime | null;
    /** How many questions are answered. */
    answered: number;
    questions: number;
    /** When it started, received bytes or was finished. */
    lastActivity: DateTime;
  }>;
}

/** How far a candidate has come with a link. */
export type TokenState = 'invited' | 'opened' | 'in-progress' | 'finished' | 'expired' | 'revoked';

/** An expired token stays valid for a session that has started until this many days after its last activity. */
export const GRACE_DAYS = 7;

/** How far a candidate has come with a link, by the newest session of its token. */
export function stateOfToken({ token, sessions }: TokenOverview, now: DateTime = DateTime.now()): TokenState {
  if (token.revokedAt) return 'revoked';
  const isExpired = token.expiresAt !== null && token.expiresAt <= now;
  const open = sessions.find(({ finishedAt }) => finishedAt === null);
  if (open && !(isExpired && open.lastActivity.plus({ days: GRACE_DAYS }) <= now)) return 'in-progress';
  if (!open && sessions.length > 0) return 'finished';
  if (isExpired) return 'expired';
  return token.openedAt ? 'opened' : 'invited';
}

/** Creates the access to lists. */
export function createLists(db: Database) {
  const isWhole = sql<boolean>`takes.state in ('placed', 'recorded') and takes.file_name is not null`;
  const isAnswer = sql<boolean>`${isWhole} and takes.part is null and takes.file_name not like ${`${EARLIER}/%`}`;
  const columns = TAKE_COLUMNS.map((name) => `takes.${name}` as const);

  return {
    /** All sessions, the newest first, or the one in a folder. */
    async sessions(folder?: string): Promise<SessionOverview[]> {
      let sessions = db
        .selectFrom('sessions')
        .innerJoin('tokens', 'tokens.id', 'sessions.token_id')
        .selectAll('sessions')
        .select('tokens.name as owner')
        .orderBy('sessions.started_at', 'desc')
        .orderBy('sessions.id');
      let takes = db
        .selectFrom('takes')
        .innerJoin('sessions', 'sessions.id', 'takes.session_id')
        .leftJoin('jobs as copy', (join) => join.onRef('copy.take_id', '=', 'takes.id').on('copy.kind', '=', 'remux'))
        .leftJoin('jobs as text', (join) =>
          join.onRef('text.take_id', '=', 'takes.id').on('text.kind', '=', 'transcribe'),
        )
        .select(['takes.session_id', 'takes.question', 'takes.number', 'takes.file_name', 'takes.offset_bytes'])
        .select([
          'takes.part',
          'takes.sha256',
          'takes.filetype',
          'takes.duration_ms',
          'takes.spoken_ms',
          'takes.media_problem',
        ])
        .select(['copy.state as copy_state', 'copy.progress as copy_progress', 'copy.reason as copy_reason'])
        .select(['text.state as text_state', 'text.progress as text_progress', 'text.reason as text_reason'])
        .where(isWhole)
        .orderBy('takes.question')
        .orderBy('takes.number');
      if (folder !== undefined) {
        sessions = sessions.where('sessions.folder', '=', folder);
        takes = takes.where('sessions.folder', '=', folder);
      }
      const takesOf = groupBy(await takes.execute(), (take) => take.session_id);
      return (await sessions.execute()).map((row) => {
        // Of a question's takes the last one counts, unless it was moved aside.
        const all = takesOf.get(row.id) ?? [];
        const counting = new Map(all.filter(({ part }) => part === null).map((take) => [take.question, take]));
        const { id, userName, startedAt, finishedAt, interview } = toSession(row);
        const answers = [...counting.values()].filter(isCounted).map((take) => ({
          question: take.question,
          number: take.number,
          fileName: take.file_name ?? '',
          bytes: take.offset_bytes,
          sha256: take.sha256,
          filetype: take.filetype,
          durationMs: take.duration_ms,
          spokenMs: take.spoken_ms,
          mediaProblem: take.media_problem,
          copy: toJob(take.copy_state, take.copy_progress, take.copy_reason),
          transcript: toJob(take.text_state, take.text_progress, take.text_reason),
        }));
        const voices = all
          .filter(({ part }) => part === 'voice')
          .map(({ question, number, file_name, offset_bytes: bytes }) => ({
            ...{ question, number, fileName: file_name ?? '', bytes },
          }));
        const session = { id, folder: row.folder, userName, tokenOwner: row.owner, startedAt, finishedAt, interview };
        return { ...session, answers, voices };
      });
    },

    /** Two of the session folders with this text in their names, at most. */
    async foldersWith(part: string): Promise<string[]> {
      const rows = await db
        .selectFrom('sessions')
        .select('folder')
        .where(sql<boolean>`instr(folder, ${part}) > 0`)
        .limit(2)
        .execute();
      return rows.map(({ folder }) => folder);
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

    /** All tokens, the newest first, those that were made together by their names; or one. */
    async tokens(id?: string): Promise<TokenOverview[]> {
      let tokens = db.selectFrom('tokens').selectAll().orderBy('created_at', 'desc').orderBy('name').orderBy('id');
      let sessions = db
        .selectFrom('sessions')
        .select(['id', 'token_id', 'folder', 'started_at', 'finished_at', 'interview'])
        .orderBy('started_at', 'desc')
        .orderBy('id');
      let counts = db
        .selectFrom('takes')
        .innerJoin('sessions', 'sessions.id', 'takes.session_id')
        .select(['takes.session_id'])
        .select(({ fn }) => [
          sql<number>`count(distinct case when ${isAnswer} then takes.question end)`.as('answered'),
          fn.max('takes.updated_at').as('moved'),
        ])
        .groupBy('takes.session_id');
      if (id !== undefined) {
        tokens = tokens.where('id', '=', id);
        sessions = sessions.where('token_id', '=', id);
        counts = counts.where('sessions.token_id', '=', id);
      }
      const countOf = new Map((await counts.execute()).map((row) => [row.session_id, row]));
      const sessionsOf = groupBy(await sessions.execute(), (row) => row.token_id);
      return (await tokens.execute()).map((row) => ({
        token: toToken(row),
        sessions: (sessionsOf.get(row.id) ?? []).map((session) => {
          const count = countOf.get(session.id);
          const latest = [session.started_at, session.finished_at, count?.moved].filter((at) => typeof at === 'string');
          return {
            folder: session.folder,
            finishedAt: session.finished_at === null ? null : DateTime.fromISO(session.finished_at),
            answered: Number(count?.answered ?? 0),
            questions: (JSON.parse(session.interview) as Interview).questions.length,
            lastActivity: DateTime.fromISO(latest.sort().at(-1) ?? session.started_at),
          };
        }),
      }));
    },

    /** Every take that is whole and stored, with the folder of its session; read page by page. */
    async *stored(): AsyncGenerator<{ take: Take; folder: string }> {
      for (let after = ''; ; ) {
        const rows = await db
          .selectFrom('takes')
          .innerJoin('sessions', 'sessions.id', 'takes.session_id')
          .select([...columns, 'sessions.folder'])
          .where(isWhole)
          .where('takes.id', '>', after)
          .orderBy('takes.id')
          .limit(PAGE)
          .execute();
        for (const { folder, ...row } of rows) yield { take: toTake(row), folder };
        const last = rows.at(-1);
        if (!last || rows.length < PAGE) return;
        after = last.id;
      }
    },
  };
}

function isCounted({ file_name }: { file_name: string | null }): boolean {
  return file_name !== null && !isEarlier(file_name);
}

function toJob(state: string | null, progress: number | null, reason: string | null): JobSummary | null {
  return state === null ? null : { state: state as JobState, progress: (progress ?? 0) / 100, reason };
}

function groupBy<Row>(rows: Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}
