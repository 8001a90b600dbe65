/**
 * Copies all data of a data folder into an empty folder, consistently, while a server works on the data folder.
 *
 * Invariants:
 * 1. The catalog is copied first, at one moment. Each file is copied for what that catalog says of it: what was acknowledged
 *    before the copy began is in it.
 * 2. A file is in the copy only once its length and SHA-256 are those of the catalog, read from the copy.
 * 3. A file that the server moved or removed meanwhile makes the copy begin again with the catalog of a later moment. Files
 *    that have been copied stay, so that each round is shorter.
 * 4. The catalog gets its name last: a copy that did not end has none, and is no data folder.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { copyCatalog, readCatalog } from '../catalog/read-only.ts';
import { ensurePrivateFolder, isPlainPath, joinInside, syncDirectory, syncFile } from '../files.ts';
import { isNameOfTake, META } from '../names.ts';
import { writeMeta } from '../session-folder/meta-file.ts';
import type { Session, Take } from '../types.ts';
import { copyStart, linkOrCopy } from './copy-file.ts';
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

/** How often the copy begins again before it is given up; candidates who replace answers all the time make it do so. */
const MAX_ROUNDS = 20;
/** A file that is not there is looked for again after this time: a move may be in progress. */
const LOOK_AGAIN_MS = 300;

/** What a copy holds. */
export interface CopyReport {
  sessions: number;
  /** Whole takes: answers, and earlier takes that are kept. */
  recordings: number;
  /** Unfinished uploads. */
  uploads: number;
  /** Of both. */
  bytes: number;
  /** Takes whose file in the source is missing or damaged, so that the copy lacks it. */
  problems: StoredProblem[];
}

/** Called after each file, with the number of takes that are copied, and of all takes. */
export type OnProgress = (done: number, all: number) => void;

interface Copying {
  source: string;
  target: string;
  /** Holds the files of takes by their ids, until the catalog that they are for is known. */
  pool: string;
  /** What the pool has of each take: see `contentOf`. */
  copied: Map<string, string>;
  mustOwn: boolean;
}

/** How a copy is made. */
interface CopyOptions {
  onProgress: OnProgress;
  /** Whether each file must belong to the owner of the target: a link keeps the owner of its file. */
  mustOwn: boolean;
}

/**
 * Copies the data; sealed files are linked where both folders are on one file system.
 * @param source a data folder
 * @param target an empty folder
 * @throws StorageError `catalog-unusable`
 * @throws Error when the target can't be written
 */
export async function copyData(
  source: string,
  target: string,
  { onProgress, mustOwn }: CopyOptions,
): Promise<CopyReport> {
  const copying: Copying = { source, target, pool: path.join(target, 'pool'), copied: new Map(), mustOwn };
  const folders = foldersOf(target);
  const draft = `${folders.catalog}.part`;
  for (const folder of [copying.pool, folders.sessions, folders.uploads]) await ensurePrivateFolder(folder);
  let doubtful = new Map<string, string>();
  for (let round = 1; ; round++) {
    await rm(draft, { force: true });
    await copyCatalog(foldersOf(source).catalog, draft);
    const { all, failed } = await copyTakes(copying, draft, onProgress);
    // A file that is missing twice, with nothing new in the catalog, is missing.
    const isFinal = failed.every(({ take, problem }) => doubtful.get(take.id) === keyOf(take, problem));
    if (isFinal || round === MAX_ROUNDS) {
      const problems = failed.map(({ take, folder, problem }) => problemOf(take, folder, problem));
      const report = await arrange(copying, draft, all, problems);
      await rename(draft, folders.catalog);
      await syncDirectory(target);
      return report;
    }
    doubtful = new Map(failed.map(({ take, problem }) => [take.id, keyOf(take, problem)]));
    await pause(LOOK_AGAIN_MS);
  }
}

/** What the catalog says of a take and what is wrong with its file: the same twice is final. */
const keyOf = ({ state, fileName, offset }: Take, problem: string) => [state, fileName, offset, problem].join(' ');

/** The bytes of a take's file: more may come to an upload, and a whole one has a digest. */
const contentOf = (take: Take) => `${isSealed(take)} ${take.offset}`;

/** A problem of a take's file, for people. */
export function problemOf(take: Take, folder: string, problem: string): StoredProblem {
  return { folder, question: take.question, take: take.number, file: placeOf(take, folder), problem };
}

interface SessionTakes {
  session: Session;
  takes: Take[];
}

/** Copies the files of all takes of a catalog into the pool, as far as they are not there. */
async function copyTakes(copying: Copying, draft: string, onProgress: OnProgress) {
  const copied = await readCatalog(draft);
  const now = await readCatalog(foldersOf(copying.source).catalog);
  try {
    const all: SessionTakes[] = [];
    for (const session of await copied.sessions()) all.push({ session, takes: await copied.takesOf(session.id) });
    const stored = all.flatMap(({ session, takes }) =>
      takes.filter(isStored).map((take) => ({ take, folder: session.folder })),
    );
    const failed: Array<{ take: Take; folder: string; problem: string }> = [];
    for (const [at, { take, folder }] of stored.entries()) {
      const places = async () => {
        const latest = await now.get(take.id);
        return latest && isStored(latest) ? placesOf(latest, folder) : [];
      };
      const problem = await copyTake(copying, take, placesOf(take, folder), places);
      if (problem !== null) failed.push({ take, folder, problem });
      onProgress(at + 1, stored.length);
    }
    return { all, failed };
  } finally {
    await copied.close();
    await now.close();
  }
}

/**
 * Copies one take's file into the pool, from the first place that has its bytes.
 * @param later gives the places of the take as the catalog has it now
 * @returns what is wrong where no place has them; else null
 */
async function copyTake(
  { source, pool, copied, mustOwn }: Copying,
  take: Take,
  places: string[],
  later: () => Promise<string[]>,
): Promise<string | null> {
  const to = joinInside(pool, take.id);
  if (copied.get(take.id) === contentOf(take)) return null;
  copied.delete(take.id);
  let problem: string | null = null;
  for (const find of [async () => places, later]) {
    for (const place of await find()) {
      await rm(to, { force: true });
      const from = pathAt(source, place);
      const found =
        (await sizeProblem(take, from)) ??
        (isSealed(take) ? await copySealed(take, from, to, mustOwn) : await copyStart(from, to, take.offset));
      if (found === null) {
        copied.set(take.id, contentOf(take));
        return null;
      }
      // Of the place that the catalog names; or of another one, where bytes are.
      if (problem === null || problem === 'is missing') problem = found;
    }
  }
  await rm(to, { force: true });
  return problem;
}

/** Links or copies a file whose bytes are final, and reads it. Returns what is wrong with it. */
async function copySealed(take: Take, from: string, to: string, mustOwn: boolean): Promise<string | null> {
  try {
    await linkOrCopy(from, to, mustOwn);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'is missing';
    throw error;
  }
  return bytesProblem(take, to);
}

/** Moves the files of the pool to where their catalog says that they are, and adds what belongs to the sessions. */
async function arrange(
  copying: Copying,
  draft: string,
  all: SessionTakes[],
  problems: StoredProblem[],
): Promise<CopyReport> {
  const { source, target, pool, copied } = copying;
  const report: CopyReport = { sessions: all.length, recordings: 0, uploads: 0, bytes: 0, problems };
  const touched = new Set([foldersOf(target).uploads, foldersOf(target).sessions]);
  for (const { session, takes } of all) {
    const folder = joinInside(foldersOf(target).sessions, session.folder);
    await ensurePrivateFolder(folder);
    touched.add(folder);
    for (const take of takes.filter(isStored)) {
      if (copied.get(take.id) !== contentOf(take)) continue;
      const to = pathAt(target, placeOf(take, session.folder));
      await ensurePrivateFolder(path.dirname(to));
      touched.add(path.dirname(to));
      await rename(joinInside(pool, take.id), to);
      report.bytes += take.offset;
      if (isSealed(take)) report.recordings += 1;
      else report.uploads += 1;
    }
    for (const name of await otherFilesIn(joinInside(foldersOf(source).sessions, session.folder))) {
      const to = pathAt(folder, name);
      await ensurePrivateFolder(path.dirname(to));
      touched.add(path.dirname(to));
      await linkOrCopy(pathAt(joinInside(foldersOf(source).sessions, session.folder), name), to, copying.mustOwn).catch(
        ignoreGone,
      );
    }
    await writeMeta(folder, session, takes);
  }
  // Takes that a later catalog does not have any more.
  await rm(pool, { recursive: true, force: true });
  await syncFile(draft);
  for (const folder of touched) await syncDirectory(folder);
  return report;
}

/** A job may replace its file at any time, and removes it where another take counts. */
function ignoreGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
}

/** Files of a session folder that are no takes, by their names below it: what jobs made, and what a repair has kept. */
async function otherFilesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((name) => name !== META && isPlainPath(name) && !isNameOfTake(name));
}
