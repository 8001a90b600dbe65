/** Reads the page's spool from outside the page, before the page can send or delete what is in it. */

/** A take in the spool, with the bytes of its chunks joined. */
export interface HeldTake {
  readonly takeId: string;
  /** From 1. */
  readonly question: number;
  readonly bytes: number;
  /** Digest of all chunks, hexadecimal. */
  readonly sha256: string;
  /** Whether the page noted that no further chunk comes. */
  readonly ended: boolean;
}

/** The path of a document of the server without a script: there no page changes the spool. */
export const quietPath = '/healthz';

/**
 * For `page.evaluate(readSpool)`: returns every take in the spool of this origin, oldest first; none where there is no
 * spool. The function runs inside the page and so may use nothing from outside its braces.
 */
export async function readSpool(): Promise<HeldTake[]> {
  interface Take {
    takeId: string;
    question: number;
    startedAt: string;
    ended: boolean;
  }
  const ask = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await ask(indexedDB.open('tresgo'));
  try {
    if (!database.objectStoreNames.contains('takes')) return [];
    const takes: Take[] = await ask(database.transaction('takes').objectStore('takes').getAll());
    takes.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
    const held: HeldTake[] = [];
    for (const { takeId, question, ended } of takes) {
      const range = IDBKeyRange.bound([takeId, 0], [takeId, Number.POSITIVE_INFINITY]);
      const chunks: ArrayBuffer[] = await ask(database.transaction('chunks').objectStore('chunks').getAll(range));
      const bytes = await new Blob(chunks).arrayBuffer();
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      const sha256 = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
      held.push({ takeId, question, bytes: bytes.byteLength, sha256, ended });
    }
    return held;
  } finally {
    database.close();
  }
}
