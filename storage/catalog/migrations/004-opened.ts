import type { Kysely } from 'kysely';

/** When a token's link was first opened by somebody who has its secret. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('tokens').addColumn('opened_at', 'text').execute();
}
