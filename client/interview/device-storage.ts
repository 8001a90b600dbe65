/** Where the device keeps what is recorded: opened in a limited time, and judged before the interview starts. */
import type { ServiceWorkerState } from '../offline/register.ts';
import { checkFreeSpace, type FreeSpaceOptions } from '../spool/free-space.ts';
import { type DurableSpool, isGivenUp } from '../spool/spool.ts';
import { systemTimers, type Timers, within } from '../timers.ts';
import type { Alert } from './state.ts';

/** A browser's database that has not opened after this time may never open, or only after a reload, in ms. */
const SLOW_MS = 5000;
/** A browser that has not said by then how much room there is may never say it, in ms. */
const ESTIMATE_MS = 3000;

interface DeviceSpoolOptions {
  /** Opens the device's database; rejects where the browser refuses it. */
  open: () => Promise<DurableSpool>;
  /** Whether answers may have been recorded on this device: without the database the page would ask for them again. */
  holdsAnswers: () => boolean;
  /** The database is slow, and holds answers: the page waits for it. */
  onSlow: () => void;
  timers?: Timers;
}

/**
 * Opens the device's database. Null where it is refused, or slow without holding answers: the device then keeps no
 * answers.
 */
export async function openDeviceSpool({
  open,
  holdsAnswers,
  onSlow,
  timers = systemTimers,
}: DeviceSpoolOptions): Promise<DurableSpool | null> {
  const opening = open().catch(() => null);
  const slow = new Promise<'slow'>((resolve) => timers.set(() => resolve('slow'), SLOW_MS));
  const first = await Promise.race([opening, slow]);
  if (first !== 'slow') return first;
  if (!holdsAnswers()) return null;
  onSlow();
  return opening;
}

interface ForgetOldSessionsOptions {
  spool: Pick<DurableSpool, 'sessions' | 'clear'>;
  /** The folder of the session that this page continues; it is never forgotten. */
  current: string | null;
  /** Calls `work` while no page holds the session, else not. */
  whileFree: (folder: string, work: () => Promise<void>) => Promise<void>;
  /** In ms since 1970. */
  now?: () => number;
}

/**
 * Deletes the takes of other sessions, 14 days after the last byte that was recorded: on a shared computer, video that was
 * never sent must not stay for good. Never rejects.
 */
export async function forgetOldSessions({
  spool,
  current,
  whileFree,
  now = Date.now,
}: ForgetOldSessionsOptions): Promise<void> {
  const sessions = await spool.sessions().catch(() => []);
  for (const { folder, lastByteAt } of sessions)
    if (folder !== current && isGivenUp(lastByteAt, now()))
      await whileFree(folder, () => spool.clear(folder)).catch(() => {});
}

interface StorageWarningOptions {
  /** Null where the device keeps nothing. */
  spool: Pick<DurableSpool, 'writable'> | null;
  /** Whether the page can be reloaded without a connection. */
  offline: Promise<ServiceWorkerState>;
}

/**
 * What the candidate should know of this device before the start; null where it keeps all that is recorded. Never
 * rejects.
 */
export async function storageWarning({ spool, offline }: StorageWarningOptions): Promise<Alert | null> {
  if (!spool?.writable) return { code: 'not-kept' };
  return ['unsupported', 'refused'].includes(await offline) ? { code: 'no-offline-reload' } : null;
}

/**
 * Whether the device has room for what it may have to hold at once; true where the browser does not say, or not in time.
 * Never rejects.
 */
export async function hasRoom({
  timers = systemTimers,
  ...options
}: FreeSpaceOptions & { timers?: Timers }): Promise<boolean> {
  return (await within(checkFreeSpace(options), ESTIMATE_MS, () => 'unknown', timers)) !== 'low';
}
