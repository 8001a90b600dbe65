/** What the worker does at one `sync` event of the browser, which fires only three of them where each fails. */
import type { SendingRecord, SendingRecords } from '../spool/sending-record.ts';
import type { Spool } from '../spool/spool.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { createFetchStack } from '../upload/fetch-stack.ts';
import { type Left, sendLeft } from '../upload/send-left.ts';
import { aloneInBackground } from './background-lock.ts';

/** A browser ends a worker after some minutes, in mid-request; a bit before, the sending ends by itself, in ms. */
const LIMIT_MS = 150_000;
/** How long a page that is hidden, and may be ended at any moment, is waited for in one event, in ms. */
const WAIT_MS = 60_000;

interface SendAllOptions {
  records: Pick<SendingRecords, 'list' | 'delete'>;
  openSpool: () => Promise<Spool>;
  /** The open pages of the origin. */
  pages: () => Promise<ReadonlyArray<{ visibilityState: string }>>;
  /** Registers the event again, from its first attempt; rejects where no page is open. */
  again: () => Promise<void>;
  locks?: Pick<LockManager, 'request' | 'query'>;
  fetch?: typeof globalThis.fetch;
  timers?: Timers;
}

/**
 * Sends what closed pages have left of each session. While a hidden page holds a session, nothing has failed: the event is
 * registered anew, so that the browser's attempts are not used up when that page ends.
 *
 * @throws Error where another attempt of the browser may send more
 */
export async function sendAll({
  records,
  openSpool,
  pages,
  again,
  locks = navigator.locks,
  fetch = globalThis.fetch.bind(globalThis),
  timers = systemTimers,
}: SendAllOptions): Promise<void> {
  async function send({ folder, endpoint, token }: SendingRecord): Promise<Left | 'held'> {
    const spool = await openSpool();
    const isEmpty = async () => (await spool.list(folder)).length === 0;
    const work = async (signal: AbortSignal) => {
      const httpStack = createFetchStack(fetch);
      const left = await sendLeft({ spool, folder, endpoint, token: () => token, httpStack, fetch, timers, signal });
      // A page that records again leaves another record.
      if (left === 'refused' || (await isEmpty())) await records.delete(folder);
      return left;
    };
    try {
      const left = await aloneInBackground(folder, work, { limitMs: LIMIT_MS, waitMs: WAIT_MS, locks, timers });
      return left ?? ((await isEmpty()) ? 'nothing' : 'held');
    } finally {
      spool.close();
    }
  }

  /**
   * A page on the screen registers the event itself when it is hidden. Which page holds the session nobody says: Chromium's
   * `clientId` of a lock is not the `id` of a client.
   */
  async function isHolderVisible(): Promise<boolean> {
    const open = await pages();
    return open.length > 0 && open.every(({ visibilityState }) => visibilityState === 'visible');
  }

  const left = await Promise.all((await records.list()).map(send));
  if (left.includes('held') && !(await isHolderVisible())) await again();
  if (left.includes('later')) throw new Error('Not everything is sent yet');
}
