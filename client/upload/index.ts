/**
 * The upload engine, which knows no page: it stores the chunks of a recorder on the device, uploads a take while it
 * grows, and forgets it once the server confirmed the whole answer. It needs `fetch`, and `indexedDB` for takes that
 * must survive the page; tus-js-client uses XMLHttpRequest in browsers, node:http in Node.
 *
 *   const spool = createOverflowSpool({ durable: await openIndexedDbSpool(), onOverflow: offerDownload });
 *   const queue = createUploadQueue({ spool, folder, endpoint: '/files', token: () => token, onEvent });
 *   await queue.recover(); // the takes of an earlier page are uploaded first
 *   const takeId = crypto.randomUUID();
 *   await queue.create({ takeId, question: 1, mimeType: recorder.mimeType, startedAt: new Date().toISOString() });
 *   recorder.ondataavailable = async ({ data }) => queue.append(takeId, await data.arrayBuffer(), elapsedMs());
 *   queue.enterGate(takeId); // the candidate pressed "Next question"
 *   await lastChunk; // the recorder stopped, and its last chunk was appended
 *   await queue.end(takeId); // once the server confirmed the answer, `gate` is emitted with {kind: 'open'}
 *   addEventListener('online', queue.retryNow);
 */
export { checkFreeSpace, type FreeSpace, type FreeSpaceOptions } from '../spool/free-space.ts';
export { type IndexedDbSpoolOptions, openIndexedDbSpool } from '../spool/indexeddb-spool.ts';
export { createMemorySpool } from '../spool/memory-spool.ts';
export { createOverflowSpool, type OverflowSpool, type OverflowSpoolOptions } from '../spool/overflow-spool.ts';
export type { DurableSpool, NewTake, Spool, SpooledTake, SpoolListener } from '../spool/spool.ts';
export { systemTimers, type Timers } from '../timers.ts';
export type { Gate, UploadEvent, UploaderEvent, UploadStatus } from './events.ts';
export type { SessionState } from './outcome.ts';
export {
  createUploadQueue,
  type GateRecord,
  type TakeStatus,
  type UploadQueue,
  type UploadQueueOptions,
  type UploadQueueStatus,
} from './upload-queue.ts';
