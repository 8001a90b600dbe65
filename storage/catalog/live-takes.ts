/**
 * The catalog as every PATCH uses it, by statements that are prepared once: they read an upload's token and offset, and
 * write the new offset once its bytes are on disk.
 */
import type { DateTime } from 'luxon';
import type { TakeState } from '../types.ts';
import type { Database } from './database.ts';
import { receivingBytes } from './stored-bytes.ts';

/** How long a commit waits for uploads whose syncs are still running. */
const SHARE_MS = 2;

/** A take as a request finds it, with what decides who may send to it. */
export interface LiveTake {
  id: string;
  sessionId: string;
  /** Bytes that are on disk and synced. */
  offset: number;
  /** Bytes in all; null while deferred. */
  length: number | null;
  state: TakeState;
  /** Where its bytes are stored below the session folder; null while they are stored among the uploads. */
  fileName: string | null;
  /** When its last byte came, or when it was created: ISO 8601. No DateTime, which costs more than the query. */
  updatedAt: string;
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

/** The takes in the catalog, as requests need them. */
export type LiveTakes = ReturnType<typeof createLiveTakes>;

/** Creates the access to takes that every request needs. */
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
      .where('takes.id', '=', ''),
  );
  const selectBytes = db.prepare(
    db
      .selectFrom('sessions')
      .select(['stored_bytes', receivingBytes.as('receiving_bytes')])
      .where('id', '=', ''),
  );
  const update = db.prepareChange(
    db.updateTable('takes').set({ offset_bytes: 0, updated_at: '' }).where('id', '=', ''),
  );

  const waiting: Array<{ id: string; offset: number; resolve: () => void; reject: (error: unknown) => void }> = [];
  /** How many commits have a running sync. */
  let announced = 0;
  /** On the clock of `performance.now()`. */
  let committedAt = Number.NEGATIVE_INFINITY;
  let late: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;

  /** One transaction, and so one sync, for all uploads whose bytes have reached the disk. */
  async function commitWaiting(): Promise<void> {
    clearTimeout(late);
    clearImmediate(soon);
    late = undefined;
    soon = undefined;
    let batch: typeof waiting = [];
    try {
      await db.changeTogether(() => {
        // Read only now: more uploads may have become ready while the catalog was busy.
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
    /** The take with this id; null when there is none. */
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

    /** Bytes that are stored of all takes of a session. */
    sessionBytes(sessionId: string): number {
      const row = selectBytes(sessionId);
      return row ? row.stored_bytes + row.receiving_bytes : 0;
    },

    /** How long ago bytes of any upload were last acknowledged, in ms; Infinity before the first. */
    idleMs: (): number => performance.now() - committedAt,

    /**
     * Makes sure that no failed commit can come back after a crash. Bytes beyond an offset may be cut off only after that.
     * @throws Error when the catalog can't be written
     */
    settle: (): Promise<void> => db.settle(),

    /**
     * Commits an offset, which is a promise to the client, once the bytes before it are synced. Uploads whose syncs run
     * at the same time share one transaction; a commit waits for other uploads for at most SHARE_MS.
     * @param sync resolves once the bytes are on the disk
     * @throws the error of the sync, or Error when the catalog can't be written; the offset is the old one then
     */
    async commit(id: string, offset: number, sync: () => Promise<void>): Promise<void> {
      announced += 1;
      await sync().finally(() => {
        announced -= 1;
      });
      await new Promise<void>((resolve, reject) => {
        waiting.push({ id, offset, resolve, reject });
        // After this turn of the event loop: uploads whose syncs ended in it are in the same transaction.
        if (announced === 0) soon ??= setImmediate(() => void commitWaiting());
        else late ??= setTimeout(() => void commitWaiting(), SHARE_MS);
      });
    },
  };
}
