/** Changes that only a repair makes: it takes back what the catalog promised of bytes that are not there any more. */
import type { DateTime } from 'luxon';
import type { Take } from '../types.ts';
import type { Database, SessionRow } from './database.ts';
import { newJobRow } from './jobs.ts';
import { createStoredBytes } from './stored-bytes.ts';

/** The changes of a repair. */
export type Repairs = ReturnType<typeof createRepairs>;

/** Creates the changes of a repair. Each changes nothing where the server has changed the same entry meanwhile. */
export function createRepairs(db: Database, now: () => DateTime) {
  const { around } = createStoredBytes(db);
  const selectAs = db.prepare(
    db
      .selectFrom('takes')
      .select('id')
      .where('id', '=', '')
      .where('state', '=', '')
      .where('offset_bytes', '=', 0)
      .where('file_name', 'is', ''),
  );
  const selectReopening = db.prepare(db.selectFrom('sessions').select('reopening').where('id', '=', ''));

  /** Makes a change unless the rows differ from `unchanged` by now: its first take is the one that changes. Returns whether it did. */
  async function changeUnchanged([take, ...others]: [Take, ...Take[]], change: () => void): Promise<boolean> {
    let done = false;
    await db.changeTogether(() => {
      done = [take, ...others].every(
        ({ id, state, offset, fileName }) => selectAs(id, state, offset, fileName) !== null,
      );
      if (done) around(take.id, change);
    });
    return done;
  }

  /** Makes an earlier take the answer again, and queues its first job. */
  function promote({ id }: Take, fileName: string): void {
    const row = newJobRow('remux', id, now().toUTC().toISO() as string);
    const { state, attempts, progress, due_at, updated_at } = row;
    db.change(db.updateTable('takes').set({ file_name: fileName }).where('id', '=', id));
    db.change(
      db
        .insertInto('jobs')
        .values(row)
        .onConflict((conflict) =>
          conflict
            .columns(['take_id', 'kind'])
            .doUpdateSet({ state, attempts, progress, due_at, updated_at, reason: null, owner: null }),
        ),
    );
  }

  const open = (sessionId: string) =>
    db.updateTable('sessions').set({ finished_at: null, reopening: null }).where('id', '=', sessionId);

  return {
    /**
     * Sets the offset of an unfinished upload back.
     * @param to the bytes that are there, and where they are: null = among the uploads
     * @returns whether the entry was as `take` says
     */
    rewind: (take: Take, { offset, fileName }: Pick<Take, 'offset' | 'fileName'>): Promise<boolean> =>
      changeUnchanged([take], () =>
        db.change(db.updateTable('takes').set({ offset_bytes: offset, file_name: fileName }).where('id', '=', take.id)),
      ),

    /**
     * Removes the entry of a take whose file is damaged or gone, and with it its jobs. What follows from that is the same
     * transaction: after a crash either the damage is found again, or nothing is left to do.
     * @param then the earlier take that becomes the answer again, with its new name; or (`asked`) the candidate is asked
     * again, by the session that is open from now on
     * @returns as `rewind`
     */
    forget: (take: Take, then: { answer?: Take; fileName?: string; asked?: boolean } = {}): Promise<boolean> =>
      changeUnchanged(then.answer ? [take, then.answer] : [take], () => {
        db.change(db.deleteFrom('takes').where('id', '=', take.id));
        if (then.answer && then.fileName) promote(then.answer, then.fileName);
        if (then.asked) db.change(open(take.sessionId));
      }),

    /**
     * Marks a finished session as being opened again, before the first of its files is moved. Returns the questions to
     * withdraw: also those of a reopening that a crash has cut off.
     */
    async beginReopening(sessionId: string, questions: readonly number[]): Promise<number[]> {
      let all: number[] = [];
      await db.changeTogether(() => {
        all = [...new Set([...(questionsOf(selectReopening(sessionId)) ?? []), ...questions])];
        const reopening = JSON.stringify(all);
        db.change(db.updateTable('sessions').set({ reopening }).where('id', '=', sessionId));
      });
      return all;
    },

    /** The sessions whose reopening has begun and is not done. */
    async listHalfReopened(): Promise<string[]> {
      const rows = await db.selectFrom('sessions').select('id').where('reopening', 'is not', null).execute();
      return rows.map(({ id }) => id);
    },

    /** Opens a finished session again, so that its candidate can answer what is missing: its reopening is done. */
    async reopen(sessionId: string): Promise<void> {
      await open(sessionId).execute();
    },
  };
}

function questionsOf(row: Pick<SessionRow, 'reopening'> | null): number[] | null {
  return row && (JSON.parse(row.reopening ?? 'null') as number[] | null);
}
