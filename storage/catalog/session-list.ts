/** Sessions as people look at them: with their answers, and with the jobs on those. */
import { sql } from 'kysely';
import { DateTime } from 'luxon';
import { isEarlier } from '../names.ts';
import type { Job, JobState, Session, Take } from '../types.ts';
import type { Database } from './database.ts';
import { groupBy, idsByName, inPages, type ListQuery } from './list-query.ts';
import { isWhole } from './takes.ts';

/** A job as a list of sessions shows it. */
export type JobSummary = Pick<Job, 'state' | 'progress' | 'reason'>;

/** An answer with the jobs on it; null where there is none. */
interface AnswerOverview
  extends Pick<Take, 'question' | 'number' | 'sha256' | 'filetype' | 'durationMs' | 'spokenMs' | 'mediaProblem'> {
  fileName: string;
  bytes: number;
  copy: JobSummary | null;
  transcript: JobSummary | null;
}

/** A session with its answers. */
export interface SessionOverview
  extends Pick<Session, 'id' | 'folder' | 'userName' | 'tokenOwner' | 'startedAt' | 'finishedAt'> {
  /** The interview's slug. */
  interview: string;
  /** How many questions the interview has. */
  questions: number;
  /** In question order. */
  answers: AnswerOverview[];
  /** Sound that went ahead of an answer that has not come: in question order. */
  voices: Array<Pick<Take, 'question' | 'number'> & { fileName: string; bytes: number }>;
}

/** How far a session is. */
export type SessionState = 'in-progress' | 'finished';

/** Which sessions, and in what order: the newest first, or by the name of the invitation. */
export type SessionQuery = ListQuery<SessionState, 'started' | 'name'>;

/** Creates the list of sessions. */
export function createSessionList(db: Database) {
  const isIn: Record<SessionState, ReturnType<typeof sql<boolean>>> = {
    'in-progress': sql<boolean>`sessions.finished_at is null`,
    finished: sql<boolean>`sessions.finished_at is not null`,
  };

  function chosen({ states, interview, search, since }: SessionQuery) {
    let query = db.selectFrom('sessions').innerJoin('tokens', 'tokens.id', 'sessions.token_id');
    if (states) query = query.where((where) => where.or(states.map((state) => isIn[state])));
    // A session's interview is that of its token, though the questions may have changed since.
    if (interview !== undefined) query = query.where('tokens.interview', '=', interview);
    if (since) query = query.where('sessions.started_at', '>=', since.toUTC().toISO() as string);
    if (search !== undefined)
      query = query.where(
        sql<boolean>`(has_text(tokens.name, ${search}) or has_text(sessions.user_name, ${search})
          or has_text(sessions.folder, ${search}))`,
      );
    return query;
  }

  async function idsOf(query: SessionQuery): Promise<string[]> {
    const rows = chosen(query).select('sessions.id').orderBy('sessions.started_at', 'desc').orderBy('sessions.id');
    if (query.order === 'name') {
      const ids = idsByName(await rows.select('tokens.name').execute());
      return query.limit ? ids.slice(0, query.limit) : ids;
    }
    return (await (query.limit ? rows.limit(query.limit) : rows).execute()).map(({ id }) => id);
  }

  async function read(ids: string[]): Promise<Map<string, SessionOverview>> {
    const sessions = await db
      .selectFrom('sessions')
      .innerJoin('tokens', 'tokens.id', 'sessions.token_id')
      .select(['sessions.id', 'sessions.folder', 'sessions.user_name', 'sessions.started_at', 'sessions.finished_at'])
      .select([
        'tokens.name',
        'tokens.interview',
        sql<number>`json_array_length(sessions.interview, '$.questions')`.as('questions'),
      ])
      .where('sessions.id', 'in', ids)
      .execute();
    const takes = await db
      .selectFrom('takes')
      .leftJoin('jobs as copy', (join) => join.onRef('copy.take_id', '=', 'takes.id').on('copy.kind', '=', 'remux'))
      .leftJoin('jobs as text', (join) =>
        join.onRef('text.take_id', '=', 'takes.id').on('text.kind', '=', 'transcribe'),
      )
      .select([
        'takes.session_id',
        'takes.question',
        'takes.number',
        'takes.file_name',
        'takes.offset_bytes',
        'takes.part',
      ])
      .select(['takes.sha256', 'takes.filetype', 'takes.duration_ms', 'takes.spoken_ms', 'takes.media_problem'])
      .select(['copy.state as copy_state', 'copy.progress as copy_progress', 'copy.reason as copy_reason'])
      .select(['text.state as text_state', 'text.progress as text_progress', 'text.reason as text_reason'])
      .where('takes.session_id', 'in', ids)
      .where(isWhole)
      .orderBy('takes.question')
      .orderBy('takes.number')
      .execute();
    const takesOf = groupBy(takes, (take) => take.session_id);
    return new Map(
      sessions.map((row) => {
        const all = takesOf.get(row.id) ?? [];
        // Of a question's takes the last one counts, unless it was moved aside.
        const counting = new Map(all.filter(({ part }) => part === null).map((take) => [take.question, take]));
        const answers = [...counting.values()]
          .filter(({ file_name }) => file_name !== null && !isEarlier(file_name))
          .map((take) => ({
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
        const { id, folder, user_name: userName, name: tokenOwner, interview, questions } = row;
        const startedAt = DateTime.fromISO(row.started_at);
        const finishedAt = row.finished_at === null ? null : DateTime.fromISO(row.finished_at);
        return [id, { id, folder, userName, tokenOwner, startedAt, finishedAt, interview, questions, answers, voices }];
      }),
    );
  }

  return {
    /** The sessions that a query asks for, page by page. */
    async *sessions(query: SessionQuery = {}): AsyncGenerator<SessionOverview> {
      yield* inPages(await idsOf(query), read);
    },

    /** How many sessions there are in each state, of those that a query asks for without its limit. */
    async countSessions(query: SessionQuery = {}): Promise<Partial<Record<SessionState, number>>> {
      const rows = await chosen(query)
        .select(({ fn }) => [isIn.finished.as('isFinished'), fn.countAll<number>().as('count')])
        .groupBy('isFinished')
        .execute();
      return Object.fromEntries(rows.map(({ isFinished, count }) => [isFinished ? 'finished' : 'in-progress', count]));
    },

    /** The session with this id; null when there is none. */
    async session(id: string): Promise<SessionOverview | null> {
      return (await read([id])).get(id) ?? null;
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
  };
}

function toJob(state: string | null, progress: number | null, reason: string | null): JobSummary | null {
  return state === null ? null : { state: state as JobState, progress: (progress ?? 0) / 100, reason };
}
