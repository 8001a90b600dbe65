/** The check of what is stored against the catalog. It changes nothing, and runs beside a server. */
import { setTimeout as pause } from 'node:timers/promises';
import { readCatalog } from '../catalog/read-only.ts';
import type { Takes } from '../catalog/takes.ts';
import { StorageError } from '../errors.ts';
import { lockSession } from '../session-folder/in-session.ts';
import type { Session, Take } from '../types.ts';
import type { Locks } from '../uploads/locks.ts';
import { requireDataFolder } from './backup.ts';
import { type OnProgress, problemOf } from './copy-data.ts';
import {
  bytesProblem,
  foldersOf,
  isSealed,
  isStored,
  pathAt,
  placeOf,
  placesOf,
  type StoredProblem,
  sizeProblem,
} from './stored-file.ts';

/** How often a file that is not right is looked at again, when the catalog says other things of it by then. */
const MAX_LOOKS = 10;
const LOOK_AGAIN_MS = 100;

/** What a check found. */
export interface CheckReport {
  sessions: number;
  /** Whole takes: answers, and earlier takes that are kept. */
  recordings: number;
  /** Unfinished uploads. */
  uploads: number;
  /** Of both, as the catalog has them. */
  bytes: number;
  problems: StoredProblem[];
  /** The whole takes that are as the catalog says; `file` is below the data folder. */
  held: Array<{ folder: string; take: number; file: string; sha256: string }>;
}

/** What to check, and how. */
interface CheckOptions {
  /** The folder of the one session to check, or a part of its name; all by default. */
  folder?: string | undefined;
  onProgress?: OnProgress;
}

/**
 * Reads every stored take of a data folder, or of a backup, and compares its length and SHA-256 with the catalog's.
 * @returns null when the one session that was asked for is not there
 * @throws StorageError `no-data-folder`, `catalog-unusable`, or `no-session` where more than one has that part in its name
 */
export async function checkData(
  dataDir: string,
  { folder, onProgress = () => {} }: CheckOptions = {},
): Promise<CheckReport | null> {
  await requireDataFolder(dataDir);
  const catalog = await readCatalog(foldersOf(dataDir).catalog);
  try {
    const sessions = await catalog.sessions();
    const all = folder === undefined ? sessions : named(sessions, folder);
    if (folder !== undefined && all.length === 0) return null;
    const report: CheckReport = { sessions: all.length, recordings: 0, uploads: 0, bytes: 0, problems: [], held: [] };
    const stored: Array<{ take: Take; folder: string }> = [];
    for (const session of all)
      for (const take of (await catalog.takesOf(session.id)).filter(isStored))
        stored.push({ take, folder: session.folder });
    for (const [at, { take, folder: its }] of stored.entries()) {
      const problem = await look(dataDir, catalog, take, its, bytesProblem);
      if (problem !== null) report.problems.push(problemOf(take, its, problem));
      else if (take.sha256 !== null)
        report.held.push({ folder: its, take: take.number, file: placeOf(take, its), sha256: take.sha256 });
      report.bytes += take.offset;
      if (isSealed(take)) report.recordings += 1;
      else report.uploads += 1;
      onProgress(at + 1, stored.length);
    }
    return report;
  } finally {
    await catalog.close();
  }
}

/**
 * The one session of a folder, or of a part of its name that no other has; empty where there is none.
 * @throws StorageError `no-session` where more than one has that part in its name
 */
function named(sessions: Session[], name: string): Session[] {
  const exact = sessions.filter(({ folder }) => folder === name);
  if (exact.length > 0 || name === '') return exact;
  const [found, other] = sessions.filter(({ folder }) => folder.includes(name));
  if (found && other) {
    const words = `${JSON.stringify(name)} is a part of ${found.folder} and of ${other.folder}, at least: give more of it`;
    throw new StorageError('no-session', words);
  }
  return found ? [found] : [];
}

/**
 * What is wrong with a take's file, by `problemAt`; null where nothing is. A server may move the file, or remove it, between
 * the look into the catalog and the look at the file: what is wrong twice, with the same words in the catalog, is wrong. A
 * file is not missing where a crash ended its move: the next start of the server does the rest.
 */
export async function look(
  dataDir: string,
  takes: Pick<Takes, 'get'>,
  first: Take,
  folder: string,
  problemAt: (take: Take, file: string) => Promise<string | null>,
): Promise<string | null> {
  let take = first;
  let before: string | null = null;
  for (let looks = 1; ; looks++) {
    const problem = await problemInPlaces(dataDir, take, folder, problemAt);
    if (problem === null) return null;
    const later = await takes.get(take.id);
    if (!later || !isStored(later)) return null;
    const isSame = later.state === take.state && later.fileName === take.fileName && later.offset === take.offset;
    if ((isSame && before === problem) || looks === MAX_LOOKS) return problem;
    before = isSame ? problem : null;
    take = later;
    await pause(LOOK_AGAIN_MS);
  }
}

/** What is wrong at the place that the catalog names, where no place of the take has its bytes. */
async function problemInPlaces(
  dataDir: string,
  take: Take,
  folder: string,
  problemAt: (take: Take, file: string) => Promise<string | null>,
): Promise<string | null> {
  let first: string | null = null;
  for (const place of placesOf(take, folder)) {
    const problem = await problemAt(take, pathAt(dataDir, place)).catch(unreadable);
    if (problem === null) return null;
    first ??= problem;
  }
  return first;
}

function unreadable(error: NodeJS.ErrnoException): string {
  if (error.code === undefined || error instanceof StorageError) throw error;
  return `can't be read (${error.code})`;
}

/**
 * Looks for the files of takes that are stored whole, by their sizes alone: a server does this at its start, and while it
 * works. It removes a file before the catalog says so, so that what is not right is looked at again under the session's lock.
 * @param stored the takes and the folders of their sessions
 */
export async function findMissing(
  dataDir: string,
  { takes, locks }: { takes: Pick<Takes, 'get'>; locks: Locks },
  stored: AsyncIterable<{ take: Take; folder: string }> | Iterable<{ take: Take; folder: string }>,
): Promise<StoredProblem[]> {
  const problems: StoredProblem[] = [];
  for await (const { take, folder } of stored) {
    const seen = await look(dataDir, takes, take, folder, sizeProblem);
    if (seen === null) continue;
    const release = await lockSession(locks, take.sessionId);
    if (!release) {
      problems.push(problemOf(take, folder, seen));
      continue;
    }
    try {
      const now = await takes.get(take.id);
      const problem = now && isStored(now) ? await problemInPlaces(dataDir, now, folder, sizeProblem) : null;
      if (now && problem !== null) problems.push(problemOf(now, folder, problem));
    } finally {
      release();
    }
  }
  return problems;
}
