import { type Kysely, sql } from 'kysely';

/** What is made of answers in the background; how long they are, or what is wrong with them; the page's language. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('takes').addColumn('duration_ms', 'integer').execute();
  await db.schema.alterTable('takes').addColumn('media_problem', 'text').execute();
  await db.schema.alterTable('sessions').addColumn('language', 'text').execute();
  await db.schema
    .createTable('jobs')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('take_id', 'text', (c) => c.notNull().references('takes.id').onDelete('cascade'))
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('progress', 'integer', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('owner', 'text')
    .addColumn('due_at', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'text', (c) => c.notNull())
    .addUniqueConstraint('jobs_by_take', ['take_id', 'kind'])
    .execute();
  await db.schema.createIndex('jobs_by_due').on('jobs').columns(['state', 'due_at']).execute();
  // Answers that were recorded before there were jobs.
  await sql`
    insert into jobs (kind, take_id, state, attempts, progress, due_at, created_at, updated_at)
    select 'remux', id, 'queued', 0, 0, updated_at, updated_at, updated_at from takes
    where state = 'recorded' and file_name is not null and file_name not like 'takes/%'
  `.execute(db);
}
