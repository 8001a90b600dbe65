/**
 * The worker that goes on sending when the page is closed, built as `/sender.js`: the browser starts it once there is a
 * network, where it has Background Sync. It is a worker of its own, so that the one that serves the pages stays small and
 * browsers without Background Sync load none of it.
 */

import { openIndexedDbSpool } from '../spool/indexeddb-spool.ts';
import { createSendingRecords } from '../spool/sending-record.ts';
import { TAG } from './background.ts';
import { sendAll } from './send-all.ts';

/** The part of the worker's global scope that is used here. The types of the DOM, which check the pages, lack it. */
interface SenderScope {
  registration: { sync: { register(tag: string): Promise<void> } };
  clients: { matchAll(of: { type: 'window'; includeUncontrolled: true }): Promise<Array<{ visibilityState: string }>> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install', listener: () => void): void;
  addEventListener(type: 'sync', listener: (event: SyncEvent) => void): void;
}

interface SyncEvent {
  /** Where `work` rejects, the browser fires the event again after some minutes; after the third time no more. */
  waitUntil(work: Promise<unknown>): void;
}

const scope = globalThis as unknown as SenderScope;
const records = createSendingRecords();

scope.addEventListener('install', () => void scope.skipWaiting());
scope.addEventListener('sync', (event) => {
  const again = () => scope.registration.sync.register(TAG);
  const pages = () => scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  event.waitUntil(sendAll({ records, openSpool: openIndexedDbSpool, pages, again }));
});
