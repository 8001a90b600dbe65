import type { Kysely } from 'kysely';

/** What one person is given beyond others, the language of their link, what they agreed to, and takes that count no more. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('tokens')
    .addColumn('time_factor', 'real', (c) => c.notNull().defaultTo(1))
    .execute();
  await db.schema
    .alterTable('tokens')
    .addColumn('extra_takes', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable('tokens').addColumn('language', 'text').execute();
  await db.schema.alterTable('sessions').addColumn('consent', 'text').execute();
}
