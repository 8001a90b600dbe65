/** Changes that only a repair makes: it takes back what the catalog promised of bytes that are not there any more. */
import type { DateTime } from 'luxon';
import { EARLIER } from '../names.ts';
import type { Take } from '../types.ts';
import type { Database } from './database.ts';
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

  /** Makes a change of a take's row unless the row differs from `take` by now. Returns whether it did. */
  async function changeUnchanged(take: Take, change: () => void): Promise<boolean> {
    let done = false;
    await db.changeTogether(() => {
      done = selectAs(take.id, take.state, take.offset, take.fileName) !== null;
      if (done) around(take.id, change);
    });
    return done;
  }

  return {
    /**
     * Sets the offset of an unfinished upload back.
     * @param to the bytes that are there, and where they are: null = among the uploads
     * @returns whether the entry was as `take` says
     */
    rewind: (take: Take, { offset, fileName }: Pick<Take, 'offset' | 'fileName'>): Promise<boolean> =>
      changeUnchanged(take, () =>
        db.change(db.updateTable('takes').set({ offset_bytes: offset, file_name: fileName }).where('id', '=', take.id)),
      ),

    /** Removes the entry of a take whose file is damaged or gone, and with it its jobs. Returns as `rewind`. */
    forget: (take: Take): Promise<boolean> =>
      changeUnchanged(take, () => db.change(db.deleteFrom('takes').where('id', '=', take.id))),

    /** Makes an earlier take the answer again, and queues its first job. Returns as `rewind`. */
    promote(take: Take, fileName: string): Promise<boolean> {
      const row = newJobRow('remux', take.id, now().toUTC().toISO() as string);
      const { state, attempts, progress, due_at, updated_at } = row;
      return changeUnchanged(take, () => {
        db.change(db.updateTable('takes').set({ file_name: fileName }).where('id', '=', take.id));
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
      });
    },

    /**
     * The finished sessions with a question whose last take is in `takes/`: an answer was to be given again, and a crash came
     * before the session was opened.
     */
    async listHalfReopened(): Promise<string[]> {
      const rows = await db
        .selectFrom('takes')
        .innerJoin('sessions', 'sessions.id', 'takes.session_id')
        .select('sessions.id')
        .distinct()
        .where('sessions.finished_at', 'is not', null)
        .where('takes.state', 'in', ['placed', 'recorded'])
        .where('takes.part', 'is', null)
        .where('takes.file_name', 'like', `${EARLIER}/%`)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('takes as later')
                .select('later.id')
                .whereRef('later.session_id', '=', 'takes.session_id')
                .whereRef('later.question', '=', 'takes.question')
                .whereRef('later.number', '>', 'takes.number')
                .where('later.state', 'in', ['placed', 'recorded'])
                .where('later.part', 'is', null)
                .where('later.file_name', 'is not', null),
            ),
          ),
        )
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Opens a finished session again, so that its candidate can answer what is missing. */
    async reopen(sessionId: string): Promise<void> {
      await db.updateTable('sessions').set({ finished_at: null }).where('id', '=', sessionId).execute();
    },
  };
}
