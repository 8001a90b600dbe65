/**
 * The worker that goes on sending when the page is closed, built as `/sender.js`: the browser starts it once there is a
 * network, where it has Background Sync. It is a worker of its own, so that the one that serves the pages stays small and
 * browsers without Background Sync load none of it.
 */

import { openIndexedDbSpool } from '../spool/indexeddb-spool.ts';
import { createSendingRecords, type SendingRecord } from '../spool/sending-record.ts';
import { createFetchStack } from '../upload/fetch-stack.ts';
import { sendLeft } from '../upload/send-left.ts';
import { aloneInBackground } from './background-lock.ts';

/** The part of the worker's global scope that is used here. The types of the DOM, which check the pages, lack it. */
interface SenderScope {
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install', listener: () => void): void;
  addEventListener(type: 'sync', listener: (event: SyncEvent) => void): void;
}

interface SyncEvent {
  /** Where `work` rejects, the browser fires the event again after some minutes. */
  waitUntil(work: Promise<unknown>): void;
}

/** A browser ends a worker after some minutes, in mid-request; a bit before, the sending ends by itself, in ms. */
const LIMIT_MS = 150_000;

const scope = globalThis as unknown as SenderScope;
const records = createSendingRecords();

/** Resolves to whether nothing is left that another attempt could send. */
async function send({ folder, endpoint, token }: SendingRecord): Promise<boolean> {
  const work = async (signal: AbortSignal) => {
    const spool = await openIndexedDbSpool();
    try {
      const sent = { spool, folder, endpoint, token: () => token, httpStack: createFetchStack(), signal };
      const done = await sendLeft(sent);
      // A page that records again leaves another record.
      if ((await spool.list(folder)).length === 0) await records.delete(folder);
      return done;
    } finally {
      spool.close();
    }
  };
  return (await aloneInBackground(folder, work, { limitMs: LIMIT_MS })) ?? false;
}

async function sendAll(): Promise<void> {
  let left = false;
  for (const record of await records.list()) if (!(await send(record))) left = true;
  if (left) throw new Error('Not everything is sent yet');
}

scope.addEventListener('install', () => void scope.skipWaiting());
scope.addEventListener('sync', (event) => event.waitUntil(sendAll()));
