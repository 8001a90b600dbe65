import type { Kysely } from 'kysely';

/** The questions that a reopening of a finished session has begun to withdraw, JSON; null but for a reopening that is not done. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('sessions').addColumn('reopening', 'text').execute();
}
