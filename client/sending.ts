/**
 * The sending engine, without a page around it: what a recorder hands over is kept on the device, sent while it grows, and
 * forgotten once the server has confirmed the whole of it. It needs fetch, and where it keeps something for longer than
 * the page lives, indexedDB; tus-js-client brings XMLHttpRequest in browsers and node:http in Node.
 *
 *   const spool = createOverflowSpool({ durable: await openSpool(), onOverflow: offerDownload });
 *   const sender = createSender({ spool, folder, endpoint: '/files', token: () => token, onEvent });
 *   await sender.recover(); // what an earlier page left is sent first
 *   const takeId = crypto.randomUUID();
 *   await sender.begin({ takeId, question: 1, mimeType: recorder.mimeType, startedAt: new Date().toISOString() });
 *   recorder.ondataavailable = async ({ data }) => sender.append(takeId, await data.arrayBuffer(), elapsedMs());
 *   sender.enterGate(takeId); // the candidate pressed "Next question"
 *   await lastChunk; // the recorder is stopped, and its last chunk appended
 *   await sender.end(takeId); // onEvent hears {type: 'gate', takeId, gate: {kind: 'open'}} once the server has all of it
 *   addEventListener('online', sender.retryNow);
 */
export type { Gate } from './interview.ts';
export { createMemorySpool } from './memory-spool.ts';
export { createOverflowSpool, type OverflowSpool, type OverflowSpoolOptions } from './overflow-spool.ts';
export {
  createSender,
  type GateRecord,
  type Sender,
  type SenderOptions,
  type SenderStatus,
  type TakeStatus,
} from './sender.ts';
export type { SessionState } from './session-state.ts';
export {
  type DurableSpool,
  type NewTake,
  openSpool,
  type Spool,
  type SpooledTake,
  type SpoolOptions,
} from './spool.ts';
export { createStorageRoom, type Room, type StorageRoom, type StorageRoomOptions } from './storage-room.ts';
export { systemTimers, type Timers } from './timers.ts';
export type { UploadEvent, UploadStatus } from './upload-events.ts';
