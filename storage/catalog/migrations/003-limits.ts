import { type Kysely, sql } from 'kysely';

/** What one session has brought, as columns, so that no request adds up its takes; refused takes are bounded. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('sessions')
    .addColumn('stored_bytes', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema
    .alterTable('sessions')
    .addColumn('takes_made', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema.createIndex('takes_by_session').on('takes').columns(['session_id', 'state']).execute();
  await sql`
    delete from takes where id in (
      select id from (
        select id, row_number() over (partition by session_id order by created_at desc, id) as nth
        from takes where state = 'refused'
      ) as refused where nth > 64
    )
  `.execute(db);
  await sql`update takes set metadata = '' where length(metadata) > 2048 and state != 'receiving'`.execute(db);
  await sql`
    update sessions set
      takes_made = (select count(*) from takes where takes.session_id = sessions.id),
      stored_bytes = coalesce((
        select sum(offset_bytes) from takes where takes.session_id = sessions.id
        and (state = 'receiving' or (file_name is not null and state not in ('refused', 'removed')))
      ), 0)
  `.execute(db);
}
