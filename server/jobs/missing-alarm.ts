import type { Storage } from '../../storage/index.ts';
import type { Log } from '../http/log.ts';

/** How often the files of recordings are looked for while the server runs. */
export const MISSING_ALARM_MS = 3_600_000;
/** More are counted in one line: a disk that is not mounted must not fill the log's. */
const MAX_LINES = 20;

/**
 * Creates the look for the files of all recordings: one that is gone or short is an alarm in the log, once. Nothing in the
 * folder changes.
 */
export function createMissingAlarm(storage: Pick<Storage, 'findMissing'>, log: Pick<Log, 'error'>) {
  let known = new Set<string>();
  return async (): Promise<void> => {
    const all = await storage.findMissing();
    const fresh = all.filter(({ file }) => !known.has(file));
    known = new Set(all.map(({ file }) => file));
    for (const { folder, question, take, file, problem } of fresh.slice(0, MAX_LINES))
      log.error({ folder, question, take, file }, `a recording ${problem}: see "tresgo session repair"`);
    if (fresh.length > MAX_LINES)
      log.error({ recordings: fresh.length }, 'recordings lack their files: "tresgo check" names them all');
  };
}
