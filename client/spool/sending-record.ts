/** What the background worker needs to send a session's takes when its page is closed, in a database of its own. */
import { type DBSchema, openDB } from 'idb';
import { isGivenUp } from './spool.ts';

/**
 * How the takes of one session are sent. It holds the candidate's token: it is deleted when the session ends, when the server
 * refuses the token, and when the interview was given up.
 */
export interface SendingRecord {
  /** The session's folder. */
  folder: string;
  /** Of the tus server, absolute. */
  endpoint: string;
  /** The bearer. */
  token: string;
  /** When a take was begun last, in ms since 1970. */
  at: number;
}

/** The records of the sessions that this device may have to send. Each method rejects where the browser keeps nothing. */
export interface SendingRecords {
  put(record: SendingRecord): Promise<void>;
  /** Deletes the records of interviews that were given up, as the spool's takes are; resolves to the other ones. */
  list(): Promise<SendingRecord[]>;
  delete(folder: string): Promise<void>;
}

interface Tables extends DBSchema {
  sessions: { key: string; value: SendingRecord };
}

/** The records in the browser's database, which is opened for each call: they are few and seldom. */
export function createSendingRecords(name = 'tresgo-sending', now = Date.now): SendingRecords {
  async function use<T>(work: (db: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> {
    const db = await open();
    try {
      return await work(db);
    } finally {
      db.close();
    }
  }
  const open = () =>
    openDB<Tables>(name, 1, {
      upgrade: (db) => void db.createObjectStore('sessions', { keyPath: 'folder' }),
    });
  return {
    put: (record) => use(async (db) => void (await db.put('sessions', record))),
    list: () =>
      use(async (db) => {
        const all = await db.getAll('sessions');
        const old = all.filter(({ at }) => isGivenUp(at, now()));
        for (const { folder } of old) await db.delete('sessions', folder);
        return all.filter((record) => !old.includes(record));
      }),
    delete: (folder) => use((db) => db.delete('sessions', folder)),
  };
}
