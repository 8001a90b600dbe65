/**
 * What every PATCH asks of the catalog, by statements prepared once: whose upload this is and how far it is, and, when
 * its bytes are on disk, that it came further.
 */
import { sql } from 'kysely';
import type { DateTime } from 'luxon';
import type { TakeState } from '../types.ts';
import type { Database } from './database.ts';

/** What a commit waits for others that are about to be ready, too. */
const SHARE_MS = 2;

/** A take as its next request meets it, with what decides who may send it. */
export interface LiveTake {
  id: string;
  sessionId: string;
  /** Bytes that are on disk and synced. */
  offset: number;
  /** Bytes in all; null while deferred. */
  length: number | null;
  state: TakeState;
  /** Where its bytes lie below the session folder; null while they lie among the uploads. */
  fileName: string | null;
  /** Its last byte, or its creation: ISO 8601. No DateTime, which costs more than the query. */
  updatedAt: string;
  /** Bytes that the session's takes have here. */
  sessionBytes: number;
  sessionFinished: boolean;
  token: {
    id: string;
    /** SHA-256 of the secret, hex. */
    hash: string;
    revoked: boolean;
    /** ISO 8601; null = never. */
    expiresAt: string | null;
  };
}

export type LiveTakes = ReturnType<typeof createLiveTakes>;

/** Takes on their way, in the catalog. */
export function createLiveTakes(db: Database, now: () => DateTime) {
  const select = db.prepare(
    db
      .selectFrom('takes')
      .innerJoin('sessions', 'sessions.id', 'takes.session_id')
      .innerJoin('tokens', 'tokens.id', 'sessions.token_id')
      .select([
        'takes.session_id',
        'takes.offset_bytes',
        'takes.length_bytes',
        'takes.state',
        'takes.file_name',
        'takes.updated_at',
        'sessions.finished_at',
        'sessions.token_id',
        'tokens.hash',
        'tokens.revoked_at',
        'tokens.expires_at',
      ])
      .select((from) =>
        from
          .selectFrom('takes as all')
          .whereRef('all.session_id', '=', 'takes.session_id')
          // Those whose bytes are there: not what was refused, nor whole takes that were not kept.
          .where((where) =>
            where.or([where('all.state', '=', sql.lit('receiving')), where('all.file_name', 'is not', null)]),
          )
          .select(({ fn }) => fn.sum<number>('all.offset_bytes').as('bytes'))
          .as('session_bytes'),
      )
      .where('takes.id', '=', ''),
  );
  const update = db.prepareChange(
    db.updateTable('takes').set({ offset_bytes: 0, updated_at: '' }).where('id', '=', ''),
  );

  const waiting: Array<{ id: string; offset: number; resolve: () => void; reject: (error: unknown) => void }> = [];
  /** Commits whose sync runs. */
  let announced = 0;
  /** By `performance.now()`. */
  let committedAt = Number.NEGATIVE_INFINITY;
  let late: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;

  /** One transaction, and so one sync, for all whose bytes have reached the disk. */
  async function commitWaiting(): Promise<void> {
    clearTimeout(late);
    clearImmediate(soon);
    late = undefined;
    soon = undefined;
    let batch: typeof waiting = [];
    try {
      await db.changeTogether(() => {
        // Taken only now: more may have come while the catalog was busy.
        batch = [...batch, ...waiting.splice(0)];
        const updatedAt = new Date(now().toMillis()).toISOString();
        for (const { id, offset } of batch) update(offset, updatedAt, id);
      });
      committedAt = performance.now();
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch.length > 0 ? batch : waiting.splice(0)) reject(error);
    }
  }

  return {
    async get(id: string): Promise<LiveTake | null> {
      const row = select(id);
      return (
        row && {
          id,
          sessionId: row.session_id,
          offset: row.offset_bytes,
          length: row.length_bytes,
          state: row.state as TakeState,
          fileName: row.file_name,
          updatedAt: row.updated_at,
          sessionBytes: row.session_bytes ?? 0,
          sessionFinished: row.finished_at !== null,
          token: {
            id: row.token_id,
            hash: row.hash,
            revoked: row.revoked_at !== null,
            expiresAt: row.expires_at,
          },
        }
      );
    },

    /** How long ago bytes were acknowledged last; Infinity before the first. */
    idleMs: (): number => performance.now() - committedAt,

    /**
     * To be waited for before bytes beyond an offset are cut off: a commit that failed may come back after a crash.
     * @throws Error when the catalog can't be written
     */
    settle: (): Promise<void> => db.settle(),

    /**
     * Makes the offset a promise, once the bytes before it are synced. Those whose syncs run at the same time share one
     * transaction; nobody waits for another's longer than SHARE_MS.
     * @param sync brings the bytes to the disk
     * @throws Error of the sync, or when the catalog can't be written; the offset is the old one then
     */
    async commit(id: string, offset: number, sync: () => Promise<void>): Promise<void> {
      announced += 1;
      await sync().finally(() => {
        announced -= 1;
      });
      await new Promise<void>((resolve, reject) => {
        waiting.push({ id, offset, resolve, reject });
        // After this turn of the loop: whoever's sync ended in it is in the same transaction.
        if (announced === 0) soon ??= setImmediate(() => void commitWaiting());
        else late ??= setTimeout(() => void commitWaiting(), SHARE_MS);
      });
    },
  };
}
