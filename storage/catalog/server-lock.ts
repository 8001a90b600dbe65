import { existsSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { makePrivate } from './database.ts';
import { isBusy } from './dialect.ts';

/**
 * Makes this process the one server of a data folder. The lock is an exclusive transaction on a small file of its own,
 * which the system ends with the process, however the process ends. Nothing is ever written to the file.
 * @param file path of the lock file; its folder exists
 * @returns the release; null when another process has the lock
 */
export function lockForServer(file: string): (() => void) | null {
  makePrivate(file);
  // A moment, for a command that asks just now whether a server runs.
  const lock = new BetterSqlite3(file, { timeout: 200 });
  try {
    // Else SQLite would create a journal file beside it.
    lock.pragma('journal_mode = memory');
    lock.exec('begin exclusive');
    return () => void lock.close();
  } catch (error) {
    lock.close();
    if (isBusy(error)) return null;
    throw error;
  }
}

/** Whether a server has locked the file; false where there is no such file. */
export function isLocked(file: string): boolean {
  if (!existsSync(file)) return false;
  const lock = new BetterSqlite3(file, { readonly: true, timeout: 0 });
  try {
    lock.prepare('select count(*) from sqlite_master').get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    lock.close();
  }
}
