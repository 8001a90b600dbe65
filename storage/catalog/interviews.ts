import { isDeepStrictEqual } from 'node:util';
import type { DateTime } from 'luxon';
import { StorageError } from '../errors.ts';
import type { Interview } from '../types.ts';
import type { Database } from './database.ts';
import { defaultInterviews } from './default-interviews.ts';

/** Creates the access to interviews. */
export function createInterviews(db: Database, now: () => DateTime) {
  return {
    /** The interview with this slug; null when there is none. */
    async get(slug: string): Promise<Interview | null> {
      const row = await db.selectFrom('interviews').selectAll().where('slug', '=', slug).executeTakeFirst();
      return row ? (JSON.parse(row.definition) as Interview) : null;
    },

    /** All interviews, in the order of their slugs. */
    async list(): Promise<Interview[]> {
      const rows = await db.selectFrom('interviews').select('definition').orderBy('slug').execute();
      return rows.map(({ definition }) => JSON.parse(definition) as Interview);
    },

    /**
     * Adds an interview. Done again, it changes nothing. Sessions that have begun keep the copy they have.
     * @param options.replace whether another definition with the same slug is replaced
     * @throws StorageError `interview-taken` when the slug has another definition and `replace` is false
     */
    async create(interview: Interview, { replace = false } = {}): Promise<'created' | 'unchanged' | 'replaced'> {
      const definition = JSON.stringify(interview);
      return db.transaction().execute(async (trx) => {
        const row = await trx
          .selectFrom('interviews')
          .select('definition')
          .where('slug', '=', interview.slug)
          .executeTakeFirst();
        if (!row) {
          const created_at = now().toUTC().toISO() as string;
          await trx.insertInto('interviews').values({ slug: interview.slug, definition, created_at }).execute();
          return 'created';
        }
        if (isDeepStrictEqual(JSON.parse(row.definition), JSON.parse(definition))) return 'unchanged';
        if (!replace) throw new StorageError('interview-taken', `the interview ${interview.slug} exists already`);
        await trx.updateTable('interviews').set({ definition }).where('slug', '=', interview.slug).execute();
        return 'replaced';
      });
    },

    /** Adds the default interviews, each unless its slug is taken. */
    async ensureDefault(): Promise<void> {
      const created_at = now().toUTC().toISO() as string;
      await db
        .insertInto('interviews')
        .values(defaultInterviews.map((one) => ({ slug: one.slug, definition: JSON.stringify(one), created_at })))
        .onConflict((conflict) => conflict.column('slug').doNothing())
        .execute();
    },

    /** Removes an interview; sessions that have begun keep the copy they have. Returns whether there was one. */
    async delete(slug: string): Promise<boolean> {
      const { numDeletedRows } = await db.deleteFrom('interviews').where('slug', '=', slug).executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}
