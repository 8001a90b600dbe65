/**
 * Work on answers in the background: `queued -> running -> done`, or `dead` with the reason.
 *
 * Invariants:
 * 1. A take has at most one job of each kind.
 * 2. A running job has an owner, and `due_at` is when its lease ends: after that another owner may take it over.
 * 3. No queued job is due later than LONGEST_WAIT_MS from now: a later time was written while the clock was wrong.
 * 4. Only the owner of a lease changes a running job. An owner that lost its lease gets `false`, and its work does not
 *    count.
 */
import { sql } from 'kysely';
import { DateTime } from 'luxon';
import { isEarlier } from '../names.ts';
import type { Job, JobKind, JobState } from '../types.ts';
import type { Database, JobRow } from './database.ts';

/** The longest wait before a job is tried again, in ms. */
export const LONGEST_WAIT_MS = 3_600_000;

/** The jobs in the catalog. */
export type Jobs = ReturnType<typeof createJobs>;

/** Clocks that are set while a job waits may differ by this much. */
const CLOCK_SLACK_MS = 60_000;

/** How an owner ends its lease of a job. */
export type JobEnd =
  | {
      state: 'done';
      reason?: string;
      /** The job to queue in the same transaction. */
      next?: JobKind | undefined;
    }
  | {
      state: 'queued';
      reason: string | null;
      /** The next attempt begins no earlier than this many ms from now. */
      delayMs: number;
      /** Whether this attempt does not count. */
      spared?: true;
    }
  | { state: 'dead'; reason: string; next?: JobKind | undefined };

/**
 * The row of a new job.
 * @param at the time, ISO 8601, UTC
 */
export function newJobRow(kind: JobKind, takeId: string, at: string) {
  return {
    kind,
    take_id: takeId,
    state: 'queued',
    attempts: 0,
    progress: 0,
    due_at: at,
    created_at: at,
    updated_at: at,
  };
}

/** Creates the access to jobs. */
export function createJobs(db: Database, now: () => DateTime) {
  const iso = (afterMs = 0) => now().plus(afterMs).toUTC().toISO() as string;
  const selection = (from: Pick<Database, 'selectFrom'> = db) =>
    from
      .selectFrom('jobs')
      .innerJoin('takes', 'takes.id', 'jobs.take_id')
      .innerJoin('sessions', 'sessions.id', 'takes.session_id')
      .selectAll('jobs')
      .select(['takes.session_id', 'takes.question', 'sessions.folder']);
  const owned = (id: number, owner: string, by: Pick<Database, 'updateTable'> = db) =>
    by.updateTable('jobs').where('id', '=', id).where('state', '=', 'running').where('owner', '=', owner);

  return {
    /** The job with this id; null when there is none. */
    async get(id: number): Promise<Job | null> {
      const row = await selection().where('jobs.id', '=', id).executeTakeFirst();
      return row ? toJob(row) : null;
    },

    /** The jobs of one session, those in some states, or all; by id, which is the order in which they were queued. */
    async list(only: { sessionId?: string; states?: JobState[] } = {}): Promise<Job[]> {
      let query = selection().orderBy('jobs.id');
      if (only.sessionId !== undefined) query = query.where('takes.session_id', '=', only.sessionId);
      if (only.states) query = query.where('jobs.state', 'in', only.states);
      return (await query.execute()).map(toJob);
    },

    /** Queues the job again after any end; a running job continues and is not started again. */
    async queue(kind: JobKind, takeId: string): Promise<void> {
      const row = newJobRow(kind, takeId, iso());
      const { state, attempts, progress, due_at, updated_at } = row;
      await db
        .insertInto('jobs')
        .values(row)
        .onConflict((conflict) =>
          conflict
            .columns(['take_id', 'kind'])
            .doUpdateSet({ state, attempts, progress, due_at, updated_at, reason: null, owner: null })
            .where('jobs.state', '!=', 'running'),
        )
        .execute();
    },

    /**
     * Leases the job that has been due for the longest time.
     * @param kinds the kinds of job that may begin now
     * @param owner has the job alone until the lease ends
     * @param leaseMs length of the lease
     * @param sessionId limits the choice to the jobs of this session
     * @returns null when no such job is due
     */
    async lease(kinds: JobKind[], owner: string, leaseMs: number, sessionId?: string): Promise<Job | null> {
      if (kinds.length === 0) return null;
      return db.transaction().execute(async (trx) => {
        let query = selection(trx)
          .where('jobs.state', 'in', ['queued', 'running'])
          .where((where) =>
            where.or([
              where('jobs.due_at', '<=', iso()),
              where.and([
                where('jobs.state', '=', 'queued'),
                where('jobs.due_at', '>', iso(LONGEST_WAIT_MS + CLOCK_SLACK_MS)),
              ]),
            ]),
          )
          .where('jobs.kind', 'in', kinds)
          .orderBy('jobs.due_at')
          .orderBy('jobs.id')
          .limit(1);
        if (sessionId !== undefined) query = query.where('takes.session_id', '=', sessionId);
        const row = await query.executeTakeFirst();
        if (!row) return null;
        const change = { state: 'running', owner, progress: 0, attempts: row.attempts + 1 };
        const times = { due_at: iso(leaseMs), updated_at: iso() };
        await trx
          .updateTable('jobs')
          .set({ ...change, ...times })
          .where('id', '=', row.id)
          .execute();
        return toJob({ ...row, ...change, ...times });
      });
    },

    /**
     * Prolongs the lease to `leaseMs` from now, and stores the progress.
     * @param progress from 0 to 1
     * @returns false, and nothing has changed, when the owner has lost the job
     */
    async renew({ id }: Job, owner: string, leaseMs: number, progress: number): Promise<boolean> {
      const set = { due_at: iso(leaseMs), updated_at: iso(), progress: Math.floor(100 * progress) };
      return (await owned(id, owner).set(set).executeTakeFirst()).numUpdatedRows > 0n;
    },

    /**
     * Ends the lease.
     * @returns false, and nothing has changed, when the owner has lost the job
     */
    async end({ id, takeId }: Job, owner: string, end: JobEnd): Promise<boolean> {
      const at = iso();
      const spared = end.state === 'queued' && end.spared === true;
      return db.transaction().execute(async (trx) => {
        const ended = await owned(id, owner, trx)
          .set({
            state: end.state,
            owner: null,
            reason: end.reason ?? null,
            updated_at: at,
            due_at: end.state === 'queued' ? iso(end.delayMs) : at,
            ...(end.state === 'done' ? { progress: 100 } : {}),
            ...(spared ? { attempts: sql<number>`attempts - 1` } : {}),
          })
          .executeTakeFirst();
        if (ended.numUpdatedRows === 0n) return false;
        if (end.state !== 'queued' && end.next)
          await trx
            .insertInto('jobs')
            .values(newJobRow(end.next, takeId, at))
            .onConflict((conflict) => conflict.columns(['take_id', 'kind']).doNothing())
            .execute();
        return true;
      });
    },

    /**
     * Queues all running jobs, and the first job of answers that have none, because a server of an earlier version recorded
     * them; only for a process that has just claimed the data folder, so that no owner is alive.
     */
    async release(): Promise<void> {
      const set = { state: 'queued', owner: null, due_at: iso(), updated_at: iso() };
      await db.updateTable('jobs').set(set).where('state', '=', 'running').execute();
      const without = await db
        .selectFrom('takes')
        .leftJoin('jobs', (join) => join.onRef('jobs.take_id', '=', 'takes.id').on('jobs.kind', '=', 'remux'))
        .select(['takes.id', 'takes.file_name'])
        .where('takes.state', '=', 'recorded')
        .where('takes.file_name', 'is not', null)
        .where('jobs.id', 'is', null)
        .execute();
      for (const { id, file_name } of without)
        if (file_name !== null && !isEarlier(file_name)) await this.queue('remux', id);
    },
  };
}

function toJob(row: JobRow & { session_id: string; question: number; folder: string }): Job {
  return {
    id: row.id,
    kind: row.kind as JobKind,
    takeId: row.take_id,
    sessionId: row.session_id,
    folder: row.folder,
    question: row.question,
    state: row.state as JobState,
    attempts: row.attempts,
    progress: row.progress / 100,
    reason: row.reason,
    owner: row.owner,
    dueAt: DateTime.fromISO(row.due_at),
    createdAt: DateTime.fromISO(row.created_at),
    updatedAt: DateTime.fromISO(row.updated_at),
  };
}
