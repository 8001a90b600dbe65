// What the page's spool holds, read past the page: before it has a chance to send or to forget.

/** A take in the spool, as its chunks have it. */
export interface HeldTake {
  readonly takeId: string;
  /** From 1. */
  readonly question: number;
  readonly bytes: number;
  /** Of all its chunks, hexadecimal. */
  readonly sha256: string;
  /** Whether the page said that no chunk comes any more. */
  readonly ended: boolean;
}

/** The path of a page of the server that runs no script of ours: where the spool can be read in peace. */
export const quietPath = '/healthz';

/**
 * Every take in the spool of this origin, oldest first; none where there is no spool. For `page.evaluate(readSpool)`: it
 * runs inside the page and so may use nothing from outside its braces.
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
