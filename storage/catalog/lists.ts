/** What people look at, and the takes whose files a server looks for. */
import type { DateTime } from 'luxon';
import type { Take } from '../types.ts';
import type { Database } from './database.ts';
import { createSessionList } from './session-list.ts';
import { isWhole, TAKE_COLUMNS, toTake } from './takes.ts';
import { createTokenList } from './token-list.ts';

/** How many takes are read at once: a server does it while candidates record. */
const PAGE = 1_000;

/** Creates the access to lists. */
export function createLists(db: Database, now: () => DateTime) {
  const columns = TAKE_COLUMNS.map((name) => `takes.${name}` as const);

  return {
    ...createSessionList(db),
    ...createTokenList(db, now),

    /** Every take that is whole and stored, with the folder of its session; read page by page. */
    async *stored(): AsyncGenerator<{ take: Take; folder: string }> {
      for (let after = ''; ; ) {
        const rows = await db
          .selectFrom('takes')
          .innerJoin('sessions', 'sessions.id', 'takes.session_id')
          .select([...columns, 'sessions.folder'])
          .where(isWhole)
          .where('takes.id', '>', after)
          .orderBy('takes.id')
          .limit(PAGE)
          .execute();
        for (const { folder, ...row } of rows) yield { take: toTake(row), folder };
        const last = rows.at(-1);
        if (!last || rows.length < PAGE) return;
        after = last.id;
      }
    },
  };
}
