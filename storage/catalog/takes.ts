import { sql } from 'kysely';
import { DateTime } from 'luxon';
import { StorageError } from '../errors.ts';
import { containerOfName, isEarlier } from '../names.ts';
import type { Take, TakeState } from '../types.ts';
import type { Database, TakeRow } from './database.ts';
import { newJobRow } from './jobs.ts';
import { createStoredBytes } from './stored-bytes.ts';

/** The takes in the catalog. */
export type Takes = ReturnType<typeof createTakes>;

/** A take to create. */
export interface NewTake
  extends Pick<Take, 'id' | 'sessionId' | 'question' | 'takeId' | 'via' | 'filetype' | 'length'>,
    Partial<Pick<Take, 'part' | 'aheadOf'>> {
  /** The header `Upload-Metadata` as it came, for HEAD. */
  metadata: string;
}

/** How many takes a session may have; any number by default. */
interface TakeLimits {
  /** In state `receiving`, those that were swept excepted. */
  maxUnfinished?: number | undefined;
  /** In all, refused ones included. */
  maxTakes?: number | undefined;
}

/** How many refused takes of a session are remembered: the newest. */
const MAX_REFUSED = 64;

/** All columns but `metadata`, which is long and which HEAD alone needs. */
export const TAKE_COLUMNS = [
  ...(['id', 'session_id', 'question', 'take_id', 'number', 'via', 'part', 'ahead_of', 'filetype'] as const),
  ...(['offset_bytes', 'length_bytes', 'state', 'file_name', 'sha256', 'created_at', 'updated_at'] as const),
  ...(['duration_ms', 'spoken_ms', 'media_problem'] as const),
] as const;

/** For a select from `takes`: whether the take is whole, and kept. */
export const isWhole = sql<boolean>`takes.state in ('placed', 'recorded') and takes.file_name is not null`;

/** Refused takes have no file and count for nothing. A session may have many of them, so that lists never read them. */
const LISTED: TakeState[] = ['receiving', 'received', 'placed', 'recorded', 'removed'];

/** Creates the access to takes. */
export function createTakes(db: Database, now: () => DateTime) {
  const iso = () => now().toUTC().toISO() as string;
  const { around } = createStoredBytes(db);
  const select = db.selectFrom('takes').select(TAKE_COLUMNS);
  const selectMade = db.prepare(db.selectFrom('sessions').select('takes_made').where('id', '=', ''));
  const addMade = db.prepareChange(
    db
      .updateTable('sessions')
      .set((of) => ({ takes_made: of('takes_made', '+', 0) }))
      .where('id', '=', ''),
  );
  const selectByTakeId = db.prepare(
    db
      .selectFrom('takes')
      .select('id')
      .where('session_id', '=', '')
      .where('question', '=', 0)
      .where('take_id', '=', ''),
  );
  const selectLast = db.prepare(
    db
      .selectFrom('takes')
      .select('number')
      .where('session_id', '=', '')
      .where('question', '=', 0)
      .orderBy('number', 'desc')
      .limit(1),
  );
  const countUnfinished = db.prepare(
    db
      .selectFrom('takes')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('session_id', '=', '')
      .where('state', '=', 'receiving')
      // A swept take, whose file has a name, does not count.
      .where('file_name', 'is', null),
  );
  /** The time of creation of the newest refused take of a session that is one too many. */
  const selectForgotten = db.prepare(
    db
      .selectFrom('takes')
      .select('created_at')
      .where('session_id', '=', '')
      .where('state', '=', 'refused')
      .orderBy('created_at', 'desc')
      .limit(1)
      .offset(MAX_REFUSED),
  );
  const selectSession = db.prepare(db.selectFrom('takes').select('session_id').where('id', '=', ''));

  return {
    /**
     * Creates a take in state `receiving`.
     * @throws StorageError `take-exists` when the session's question has a take with this `takeId` already, or
     * `too-many-uploads`
     */
    async create(from: NewTake, { maxUnfinished, maxTakes }: TakeLimits = {}): Promise<void> {
      await db.changeTogether(() => {
        const { sessionId, question } = from;
        if (selectByTakeId(sessionId, question, from.takeId))
          throw new StorageError('take-exists', 'the take exists already');
        if (maxUnfinished !== undefined && (countUnfinished(sessionId, 'receiving')?.count ?? 0) >= maxUnfinished)
          throw new StorageError('too-many-uploads', `${maxUnfinished} takes are unfinished`);
        if (maxTakes !== undefined && (selectMade(sessionId)?.takes_made ?? 0) >= maxTakes)
          throw new StorageError('too-many-uploads', `the session has had ${maxTakes} takes`);
        const row: TakeRow = {
          id: from.id,
          session_id: sessionId,
          question,
          take_id: from.takeId,
          number: (selectLast(sessionId, question, 1)?.number ?? 0) + 1,
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
          spoken_ms: null,
          media_problem: null,
          part: from.part ?? null,
          ahead_of: from.aheadOf ?? null,
        };
        db.change(db.insertInto('takes').values(row));
        addMade(1, sessionId);
      });
    },

    /** The take with this id; null when there is none. */
    async get(id: string): Promise<Take | null> {
      const row = await select.where('id', '=', id).executeTakeFirst();
      return row ? toTake(row) : null;
    },

    /** The header `Upload-Metadata` of a take, as its creation had it; empty without one. */
    async metadataOf(id: string): Promise<string> {
      return (await db.selectFrom('takes').select('metadata').where('id', '=', id).executeTakeFirst())?.metadata ?? '';
    },

    /** The take that a client names by its own UUID; null when there is none. */
    async getByTakeId(sessionId: string, question: number, takeId: string): Promise<Take | null> {
      const row = await select
        .where('session_id', '=', sessionId)
        .where('question', '=', question)
        .where('take_id', '=', takeId)
        .executeTakeFirst();
      return row ? toTake(row) : null;
    },

    /** The session's takes but the refused ones, by question, then in order of creation. */
    async list(sessionId: string): Promise<Take[]> {
      const rows = await select.where('session_id', '=', sessionId).where('state', 'in', LISTED).execute();
      // Sorted here: SQLite would choose the index that gives this order, and read the refused takes too.
      return rows.map(toTake).sort((a, b) => a.question - b.question || a.number - b.number);
    },

    /** All takes in one of these states, the oldest first. */
    async listByState(states: TakeState[]): Promise<Take[]> {
      return (await select.where('state', 'in', states).orderBy('created_at').execute()).map(toTake);
    },

    /**
     * Whole takes that are not recorded and can be, the oldest first. A take that has not left `receiving` can't be
     * recorded any more once its session is finished or its token revoked.
     */
    async listPending(): Promise<Take[]> {
      const rows = await db
        .selectFrom('takes')
        .innerJoin('sessions', 'sessions.id', 'takes.session_id')
        .innerJoin('tokens', 'tokens.id', 'sessions.token_id')
        .select(TAKE_COLUMNS.map((column) => `takes.${column}` as const))
        .where('takes.state', 'in', ['receiving', 'received', 'placed'])
        .whereRef('takes.offset_bytes', '=', 'takes.length_bytes')
        .where((where) =>
          where.or([
            where('takes.state', '!=', 'receiving'),
            where.and([where('sessions.finished_at', 'is', null), where('tokens.revoked_at', 'is', null)]),
          ]),
        )
        .orderBy('takes.created_at')
        .execute();
      return rows.map(toTake);
    },

    /** Changes the named columns; `updatedAt` changes only with the offset. */
    async update(
      id: string,
      change: Partial<
        Pick<Take, 'offset' | 'length' | 'state' | 'fileName' | 'sha256' | 'durationMs' | 'spokenMs' | 'mediaProblem'>
      >,
    ): Promise<void> {
      const query = db
        .updateTable('takes')
        .set({
          ...(change.offset === undefined ? {} : { offset_bytes: change.offset, updated_at: iso() }),
          ...(change.length === undefined ? {} : { length_bytes: change.length }),
          ...(change.state === undefined ? {} : { state: change.state }),
          ...(change.fileName === undefined ? {} : { file_name: change.fileName }),
          ...(change.sha256 === undefined ? {} : { sha256: change.sha256 }),
          ...(change.durationMs === undefined ? {} : { duration_ms: change.durationMs }),
          ...(change.spokenMs === undefined ? {} : { spoken_ms: change.spokenMs }),
          ...(change.mediaProblem === undefined ? {} : { media_problem: change.mediaProblem }),
        })
        .where('id', '=', id);
      await db.changeTogether(() => around(id, () => db.change(query)));
    },

    /** Marks the take as refused. Of a session's refused takes the newest 64 are remembered. */
    async refuse(id: string): Promise<void> {
      await db.changeTogether(() => {
        around(id, () => db.change(db.updateTable('takes').set({ state: 'refused' }).where('id', '=', id)));
        const sessionId = selectSession(id)?.session_id;
        const forgotten = sessionId && selectForgotten(sessionId, 'refused', 1, MAX_REFUSED);
        if (!forgotten) return;
        db.change(
          db
            .deleteFrom('takes')
            .where('session_id', '=', sessionId)
            .where('state', '=', 'refused')
            .where('created_at', '<=', forgotten.created_at)
            .where('id', '!=', id),
        );
      });
    },

    /** Marks the take as recorded and, in the same transaction, queues the first job of a take that counts. */
    async record({ id, fileName }: Take): Promise<void> {
      await db.changeTogether(() => {
        db.change(db.updateTable('takes').set({ state: 'recorded' }).where('id', '=', id));
        if (!fileName || isEarlier(fileName)) return;
        db.change(
          db
            .insertInto('jobs')
            .values(newJobRow('remux', id, iso()))
            .onConflict((conflict) => conflict.columns(['take_id', 'kind']).doNothing()),
        );
      });
    },

    /**
     * Removes the take's entry, and with it its jobs.
     * @param counts whether the take still counts among those that its session has had
     */
    async delete(id: string, { counts = false } = {}): Promise<void> {
      await db.changeTogether(() => {
        const sessionId = selectSession(id)?.session_id;
        around(id, () => db.change(db.deleteFrom('takes').where('id', '=', id)));
        if (sessionId && !counts) addMade(-1, sessionId);
      });
    },
  };
}

/** The take in a row. */
export function toTake(row: Omit<TakeRow, 'metadata'>): Take {
  return {
    id: row.id,
    sessionId: row.session_id,
    question: row.question,
    takeId: row.take_id,
    number: row.number,
    via: row.via as Take['via'],
    filetype: row.filetype,
    offset: row.offset_bytes,
    length: row.length_bytes,
    state: row.state as TakeState,
    fileName: row.file_name,
    container: row.file_name === null ? null : containerOfName(row.file_name),
    sha256: row.sha256,
    createdAt: DateTime.fromISO(row.created_at),
    updatedAt: DateTime.fromISO(row.updated_at),
    durationMs: row.duration_ms,
    spokenMs: row.spoken_ms,
    mediaProblem: row.media_problem,
    // A catalog of an earlier version has no such columns.
    part: row.part === 'voice' ? 'voice' : null,
    aheadOf: row.ahead_of ?? null,
  };
}
