import BetterSqlite3 from 'better-sqlite3';
import { makePrivate } from './database.ts';
import { isBusy } from './dialect.ts';

/**
 * Makes this process the one server of a data folder: an exclusive transaction on a small file of its own, which the
 * system ends with the process, however that ends. Nothing is ever written there.
 * @param file path of the lock file; its folder exists
 * @returns the release, or null when another process has it
 */
export function lockForServer(file: string): (() => void) | null {
  makePrivate(file);
  const lock = new BetterSqlite3(file, { timeout: 0 });
  try {
    // Else SQLite would put a journal beside it.
    lock.pragma('journal_mode = memory');
    lock.exec('begin exclusive');
    return () => void lock.close();
  } catch (error) {
    lock.close();
    if (isBusy(error)) return null;
    throw error;
  }
}
