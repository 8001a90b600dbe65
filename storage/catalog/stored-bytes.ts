/**
 * The bytes that are stored of a session's takes. Those of takes that get no more bytes are a column of `sessions`: a sum
 * over all takes at each PATCH would let one candidate slow down all others. The few that are still being received are
 * added when it is read: a change of the column with each PATCH would double what the catalog writes.
 */
import { sql } from 'kysely';
import type { Database, TakeRow } from './database.ts';

/** Keeps the column `stored_bytes` true. */
export type StoredBytes = ReturnType<typeof createStoredBytes>;

/** Creates the keeper of `stored_bytes`. Its functions are called inside `changeTogether`. */
export function createStoredBytes(db: Database) {
  const select = db.prepare(
    db.selectFrom('takes').select(['session_id', 'state', 'file_name', 'offset_bytes']).where('id', '=', ''),
  );
  const add = db.prepareChange(
    db
      .updateTable('sessions')
      .set((of) => ({ stored_bytes: of('stored_bytes', '+', 0) }))
      .where('id', '=', ''),
  );
  return {
    /** Changes one take's row, and with it the bytes of its session. */
    around(id: string, change: () => void): void {
      const before = select(id);
      change();
      if (!before) return;
      const after = select(id);
      const added = (after ? bytesOf(after) : 0) - bytesOf(before);
      if (added !== 0) add(added, before.session_id);
    },

    /** Adds up every session's takes again: a process of an earlier version may have written beside this one. */
    async recount(): Promise<void> {
      const sum = sql`coalesce((
        select sum(offset_bytes) from takes where takes.session_id = sessions.id
        and file_name is not null and state not in ('receiving', 'refused', 'removed')
      ), 0)`;
      // A server with very many sessions would write for seconds what is there already.
      await sql`update sessions set stored_bytes = ${sum} where stored_bytes <> ${sum}`.execute(db);
    },
  };
}

/** The bytes of a session's takes that are still being received. For a select from `sessions`. */
export const receivingBytes = sql<number>`coalesce((
  select sum(offset_bytes) from takes as receiving
  where receiving.session_id = sessions.id and receiving.state = 'receiving'
), 0)`;

/** States of takes whose bytes are not in the column: none, or not yet. */
const NOT_COUNTED: ReadonlySet<string> = new Set(['receiving', 'refused', 'removed']);

/** The bytes that are stored of a take that gets no more: none of a whole one that was not kept. */
function bytesOf({ state, file_name, offset_bytes }: Pick<TakeRow, 'state' | 'file_name' | 'offset_bytes'>): number {
  return file_name === null || NOT_COUNTED.has(state) ? 0 : offset_bytes;
}
