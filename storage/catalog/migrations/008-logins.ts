import type { Kysely } from 'kysely';

/** How often the candidate has logged in to a session: the device of the last log-in continues it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('sessions')
    .addColumn('logins', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
}
