/**
 * Work on answers that nobody waits for: `queued -> running -> done`, or `dead` with the reason.
 *
 * Invariants:
 * 1. A take has at most one job of each kind.
 * 2. A running job has an owner, and `due_at` is when its lease ends: whoever comes after that may take it over.
 * 3. Only the owner of a lease changes a running job; one that lost it is told so, and its work does not count.
 */
import { sql } from 'kysely';
import { DateTime } from 'luxon';
import type { Job, JobKind, JobState } from '../types.ts';
import type { Database, JobRow } from './database.ts';

export type Jobs = ReturnType<typeof createJobs>;

/** How an owner lets a job go. */
export type JobEnd =
  | { state: 'done'; reason?: string /** Queued in the same step. */; next?: JobKind | undefined }
  | {
      state: 'queued';
      reason: string | null /** Not before. */;
      delayMs: number /** This try does not count. */;
      spared?: true;
    }
  | { state: 'dead'; reason: string };

/** A job to be inserted. @param at ISO 8601, UTC */
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
    async get(id: number): Promise<Job | null> {
      const row = await selection().where('jobs.id', '=', id).executeTakeFirst();
      return row ? toJob(row) : null;
    },

    /** By id, which is the order in which they were queued; of one session, in some states, or all. */
    async list(only: { sessionId?: string; states?: JobState[] } = {}): Promise<Job[]> {
      let query = selection().orderBy('jobs.id');
      if (only.sessionId !== undefined) query = query.where('takes.session_id', '=', only.sessionId);
      if (only.states) query = query.where('jobs.state', 'in', only.states);
      return (await query.execute()).map(toJob);
    },

    /** Queues the job afresh, whatever became of it before; one that runs goes on and is not started again. */
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
     * The job that is due longest, for this owner alone until the lease ends; null when none is due.
     * @param kinds that may be begun now
     * @param sessionId of that session alone
     */
    async lease(kinds: JobKind[], owner: string, leaseMs: number, sessionId?: string): Promise<Job | null> {
      if (kinds.length === 0) return null;
      return db.transaction().execute(async (trx) => {
        let query = selection(trx)
          .where('jobs.state', 'in', ['queued', 'running'])
          .where('jobs.due_at', '<=', iso())
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

    /** Keeps the lease for longer, and tells how far the work is. Returns false when somebody else has the job. */
    async renew({ id }: Job, owner: string, leaseMs: number, progress: number): Promise<boolean> {
      const set = { due_at: iso(leaseMs), updated_at: iso(), progress: Math.floor(100 * progress) };
      return (await owned(id, owner).set(set).executeTakeFirst()).numUpdatedRows > 0n;
    },

    /** Ends the lease. Returns false, and changes nothing, when somebody else has the job. */
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
        if (end.state === 'done' && end.next)
          await trx
            .insertInto('jobs')
            .values(newJobRow(end.next, takeId, at))
            .onConflict((conflict) => conflict.columns(['take_id', 'kind']).doNothing())
            .execute();
        return true;
      });
    },

    /** Makes what runs due at once; for whoever has just claimed the data folder, so that no owner lives. */
    async release(): Promise<void> {
      const set = { state: 'queued', owner: null, due_at: iso(), updated_at: iso() };
      await db.updateTable('jobs').set(set).where('state', '=', 'running').execute();
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
