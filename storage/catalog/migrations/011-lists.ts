import { type Kysely, sql } from 'kysely';

/** The orders of lists, with all that the choice of their rows reads: rows of sessions are long, since each has its interview. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index sessions_in_order on sessions (started_at desc, id, finished_at, token_id, folder, user_name)
  `.execute(db);
  await sql`create index tokens_in_order on tokens (created_at desc, name, id)`.execute(db);
  await db.schema.dropIndex('sessions_by_token').execute();
  await sql`create index sessions_by_token on sessions (token_id, started_at desc, id, finished_at)`.execute(db);
}
