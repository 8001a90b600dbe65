/** The catalog as commands read and copy it beside any server: they change nothing in it. */
import { closeSync, openSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { StorageError } from '../errors.ts';
import { giveToOwnerOfFolder } from '../files.ts';
import type { Session, Take } from '../types.ts';
import { Database, requireKnown } from './database.ts';
import { toSession } from './sessions.ts';
import { toTake } from './takes.ts';

/** How long a reader waits for the writes of other processes. */
const PATIENCE_MS = 5_000;
/** All pages in one step: a copy in steps begins again with each write of another process, and so may never end. */
const ALL_PAGES = 0x7fffffff;

/** What is read of a catalog. */
export interface CatalogReader {
  /** All sessions, the newest first. */
  sessions(): Promise<Session[]>;
  /** A session's takes but the refused ones, by question and number. */
  takesOf(sessionId: string): Promise<Take[]>;
  /** The take with this id; null when there is none. */
  get(id: string): Promise<Take | null>;
  close(): Promise<void>;
}

/**
 * Opens a catalog for reading. It may be of an earlier version: columns that it lacks are absent from its rows.
 * @throws StorageError `catalog-unusable` when the file is no catalog, or was made by a newer version
 */
export async function readCatalog(file: string): Promise<CatalogReader> {
  let sqlite: InstanceType<typeof BetterSqlite3> | null = null;
  try {
    sqlite = new BetterSqlite3(file, { readonly: true, fileMustExist: true, timeout: PATIENCE_MS });
    await requireKnown(sqlite, file);
    const db = new Database(sqlite, PATIENCE_MS, () => false);
    // Neither statements nor columns of this version: the catalog may be of an earlier one.
    const takes = db.selectFrom('takes').selectAll();
    return {
      async sessions() {
        const rows = await db.selectFrom('sessions').selectAll().orderBy('started_at', 'desc').orderBy('id').execute();
        return rows.map(toSession);
      },
      async takesOf(sessionId) {
        const rows = await takes.where('session_id', '=', sessionId).where('state', '!=', 'refused').execute();
        return rows.map(toTake).sort((a, b) => a.question - b.question || a.number - b.number);
      },
      async get(id) {
        const row = await takes.where('id', '=', id).executeTakeFirst();
        return row ? toTake(row) : null;
      },
      close: () => db.destroy(),
    };
  } catch (cause) {
    sqlite?.close();
    if (cause instanceof StorageError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError('catalog-unusable', `the catalog ${file} can't be read: ${why}`, { cause });
  }
}

/**
 * Copies a catalog as it is at one moment, while other processes read and write it. The copy is one file, whole and synced.
 * @param to a path that does not exist
 * @throws StorageError `catalog-unusable`
 */
export async function copyCatalog(from: string, to: string): Promise<void> {
  try {
    const source = new BetterSqlite3(from, { readonly: true, fileMustExist: true, timeout: PATIENCE_MS });
    try {
      closeSync(openSync(to, 'wx', 0o600));
      giveToOwnerOfFolder(to);
      await source.backup(to, { progress: () => ALL_PAGES });
    } finally {
      source.close();
    }
    const copy = new BetterSqlite3(to, { fileMustExist: true });
    try {
      // Without a log beside it, the copy can be read from a folder that can't be written.
      copy.pragma('journal_mode = delete');
      const found = copy.pragma('quick_check(1)', { simple: true });
      if (found !== 'ok') throw new Error(String(found));
    } finally {
      copy.close();
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError('catalog-unusable', `the catalog ${from} can't be copied: ${why}`, { cause });
  }
}
