import type { Kysely } from 'kysely';

/** How long the candidate spoke by the clock of the page, in ms. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('takes').addColumn('spoken_ms', 'integer').execute();
}
