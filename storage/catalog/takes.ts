import { DateTime } from 'luxon';
import type { Take, TakeState } from '../types.ts';
import type { Database, TakeRow } from './database.ts';
import { newJobRow } from './jobs.ts';

export type Takes = ReturnType<typeof createTakes>;

export type NewTake = Pick<
  Take,
  'id' | 'sessionId' | 'question' | 'takeId' | 'via' | 'filetype' | 'metadata' | 'length'
>;

/** Takes in the catalog. */
export function createTakes(db: Database, now: () => DateTime) {
  const iso = () => now().toUTC().toISO() as string;
  return {
    /**
     * A new take in state `receiving`.
     * @param maxReceiving takes in that state that the session may have
     * @throws Error with code `take-exists` when the session's question has a take with this `takeId` already, or
     * `too-many-uploads`
     */
    async create(from: NewTake, maxReceiving = Number.POSITIVE_INFINITY): Promise<Take> {
      return db.transaction().execute(async (trx) => {
        const all = await trx
          .selectFrom('takes')
          .select(['question', 'take_id', 'number', 'state', 'file_name'])
          .where('session_id', '=', from.sessionId)
          .execute();
        const rows = all.filter((row) => row.question === from.question);
        if (rows.some((row) => row.take_id === from.takeId))
          throw Object.assign(new Error('the take exists already'), { code: 'take-exists' });
        // What was given up and swept is in nobody's way.
        if (all.filter((row) => row.state === 'receiving' && row.file_name === null).length >= maxReceiving)
          throw Object.assign(new Error(`${maxReceiving} takes are unfinished`), { code: 'too-many-uploads' });
        const row: TakeRow = {
          id: from.id,
          session_id: from.sessionId,
          question: from.question,
          take_id: from.takeId,
          number: Math.max(0, ...rows.map((other) => other.number)) + 1,
          via: from.via,
          filetype: from.filetype,
          metadata: from.metadata,
          offset_bytes: 0,
          length_bytes: from.length,
          state: 'receiving',
          file_name: null,
          sha256: null,
          created_at: iso(),
          updated_at: iso(),
          duration_ms: null,
          media_problem: null,
        };
        await trx.insertInto('takes').values(row).execute();
        return toTake(row);
      });
    },

    async get(id: string): Promise<Take | null> {
      const row = await db.selectFrom('takes').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? toTake(row) : null;
    },

    async getByTakeId(sessionId: string, question: number, takeId: string): Promise<Take | null> {
      const row = await db
        .selectFrom('takes')
        .selectAll()
        .where('session_id', '=', sessionId)
        .where('question', '=', question)
        .where('take_id', '=', takeId)
        .executeTakeFirst();
      return row ? toTake(row) : null;
    },

    /** By question, then in order of creation. */
    async list(sessionId: string): Promise<Take[]> {
      const rows = await db
        .selectFrom('takes')
        .selectAll()
        .where('session_id', '=', sessionId)
        .orderBy('question')
        .orderBy('number')
        .execute();
      return rows.map(toTake);
    },

    async listByState(states: TakeState[]): Promise<Take[]> {
      return (
        await db.selectFrom('takes').selectAll().where('state', 'in', states).orderBy('created_at').execute()
      ).map(toTake);
    },

    /**
     * Whole takes that are not recorded, and can be: to a session that is finished, or whose token is revoked, nothing
     * is added. Oldest first.
     */
    async listPending(): Promise<Take[]> {
      const rows = await db
        .selectFrom('takes')
        .innerJoin('sessions', 'sessions.id', 'takes.session_id')
        .innerJoin('tokens', 'tokens.id', 'sessions.token_id')
        .selectAll('takes')
        .whereRef('takes.offset_bytes', '=', 'takes.length_bytes')
        .where((where) =>
          where.or([
            where('takes.state', 'in', ['received', 'placed']),
            where.and([
              where('takes.state', '=', 'receiving'),
              where('sessions.finished_at', 'is', null),
              where('tokens.revoked_at', 'is', null),
            ]),
          ]),
        )
        .orderBy('takes.created_at')
        .execute();
      return rows.map(toTake);
    },

    /** Changes what is named; `updatedAt` moves along when bytes did. */
    async update(
      id: string,
      change: Partial<
        Pick<Take, 'offset' | 'length' | 'state' | 'fileName' | 'sha256' | 'durationMs' | 'mediaProblem'>
      >,
    ): Promise<void> {
      await db
        .updateTable('takes')
        .set({
          ...(change.offset === undefined ? {} : { offset_bytes: change.offset, updated_at: iso() }),
          ...(change.length === undefined ? {} : { length_bytes: change.length }),
          ...(change.state === undefined ? {} : { state: change.state }),
          ...(change.fileName === undefined ? {} : { file_name: change.fileName }),
          ...(change.sha256 === undefined ? {} : { sha256: change.sha256 }),
          ...(change.durationMs === undefined ? {} : { duration_ms: change.durationMs }),
          ...(change.mediaProblem === undefined ? {} : { media_problem: change.mediaProblem }),
        })
        .where('id', '=', id)
        .execute();
    },

    /** The take is complete, and one that counts gets its first job, in the same step. */
    async record({ id, fileName }: Take): Promise<void> {
      await db.transaction().execute(async (trx) => {
        await trx.updateTable('takes').set({ state: 'recorded' }).where('id', '=', id).execute();
        if (!fileName || fileName.startsWith('takes/')) return;
        await trx
          .insertInto('jobs')
          .values(newJobRow('remux', id, iso()))
          .onConflict((conflict) => conflict.columns(['take_id', 'kind']).doNothing())
          .execute();
      });
    },

    async delete(id: string): Promise<void> {
      await db.deleteFrom('takes').where('id', '=', id).execute();
    },
  };
}

function toTake(row: TakeRow): Take {
  return {
    id: row.id,
    sessionId: row.session_id,
    question: row.question,
    takeId: row.take_id,
    number: row.number,
    via: row.via as Take['via'],
    filetype: row.filetype,
    metadata: row.metadata,
    offset: row.offset_bytes,
    length: row.length_bytes,
    state: row.state as TakeState,
    fileName: row.file_name,
    sha256: row.sha256,
    createdAt: DateTime.fromISO(row.created_at),
    updatedAt: DateTime.fromISO(row.updated_at),
    durationMs: row.duration_ms,
    mediaProblem: row.media_problem,
  };
}
