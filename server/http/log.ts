import { storageCodeOf } from '../../storage/index.ts';

/** The logger that the server needs; pino satisfies it. */
export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Logs that a whole take can't be finished yet. */
export type ReportUnfinished = (upload: string, cause: unknown) => void;

/** What repeats is logged once in this time. */
const REPEAT_MS = 60_000;

/**
 * Counts what repeats.
 * @returns how often the same was held back since it was last to be logged; null where it is to be held back now
 */
export type CountRepeats = (what: string) => number | null;

/**
 * Creates a count of repetitions. Clients repeat a refused request every few seconds, and a log that grows with each of
 * them fills the disk whose fault it tells of.
 * @param nowMs a monotonic clock
 */
export function createCountRepeats(nowMs: () => number = () => performance.now()): CountRepeats {
  // The oldest first.
  const told = new Map<string, { atMs: number; heldBack: number }>();
  return (what) => {
    const last = told.get(what);
    if (last && nowMs() - last.atMs < REPEAT_MS) {
      last.heldBack += 1;
      return null;
    }
    for (const [other, { atMs }] of told) {
      if (nowMs() - atMs < REPEAT_MS) break;
      told.delete(other);
    }
    told.set(what, { atMs: nowMs(), heldBack: 0 });
    return last?.heldBack ?? 0;
  };
}

/** The member of a log line that says how often the same was held back. */
export const heldBackOf = (count: number) => (count > 0 ? { heldBack: count } : {});

/**
 * Creates the report of takes that wait for their finish. The sweep and the client both repeat the finish every few
 * seconds, so a take is logged when its reason changes, and otherwise once a minute. A full disk has one line a minute
 * for all takes.
 * @param nowMs a monotonic clock
 */
export function createReportUnfinished(
  log: Pick<Log, 'error'>,
  nowMs: () => number = () => performance.now(),
): ReportUnfinished {
  const countRepeats = createCountRepeats(nowMs);
  return (upload, cause) => {
    const isFull = storageCodeOf(cause) === 'disk-full';
    const count = countRepeats(isFull ? 'disk-full' : `${upload}: ${cause}`);
    if (count === null) return;
    const why = isFull ? { reason: String(cause) } : { err: cause };
    log.error({ upload, ...why, ...heldBackOf(count) }, 'the take can’t be finished yet');
  };
}

/**
 * A request's path for the log: cut before a token that a rewritten link has brought into it (`/%23t=…`), since secrets
 * never get into a log.
 */
export function loggablePath(path: string): string {
  return path.replace(/(%(25)*23|(?<=\/)t(=|%(25)*3D)).*$/is, '…');
}

/** A log whose errors are dropped: a request must not fail because its line can't be written. */
export function withoutErrors(log: Log): Log {
  const safely = (level: keyof Log) => (details: object, message: string) => {
    try {
      log[level](details, message);
    } catch {
      // There is no place to tell it.
    }
  };
  return { debug: safely('debug'), info: safely('info'), warn: safely('warn'), error: safely('error') };
}
