import type { Kysely } from 'kysely';

/** Sound that goes ahead of its answer: which uploads are that, and the client's UUID of the take that they go ahead of. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('takes').addColumn('part', 'text').execute();
  await db.schema.alterTable('takes').addColumn('ahead_of', 'text').execute();
}
