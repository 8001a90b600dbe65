/** The file of a take, where it is stored, and whether it has the bytes that the catalog promises. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { joinInside } from '../files.ts';
import { answerName, earlierName, isEarlier } from '../names.ts';
import type { Take } from '../types.ts';

/** The folders of a data folder. */
export function foldersOf(dataDir: string) {
  return {
    catalog: path.join(dataDir, 'tresgo.db'),
    sessions: path.join(dataDir, 'sessions'),
    uploads: path.join(dataDir, 'uploads'),
  };
}

/** What is wrong with a file, in words for the admin. */
export interface StoredProblem {
  /** The session's folder. */
  folder: string;
  /** From 1. */
  question: number;
  /** The number of the take within its question, from 1. */
  take: number;
  /** Below the data folder. */
  file: string;
  /** `is missing`, `has 3 of 5 bytes`, `has other bytes than were recorded`. */
  problem: string;
}

/** Whether the take's bytes are stored: refused takes have none, and whole takes that are not kept have none either. */
export function isStored({ state, fileName }: Take): boolean {
  return state === 'receiving' || ((state === 'received' || state === 'placed' || state === 'recorded') && !!fileName);
}

/** Whether the take's bytes are final: a live upload, or one that was given up and may go on, gets more. */
export function isSealed({ state }: Take): boolean {
  return state !== 'receiving';
}

/** Where the take's file belongs, below the data folder. */
export function placeOf({ id, state, fileName }: Take, folder: string): string {
  return fileName === null || state === 'received' ? `uploads/${id}` : `sessions/${folder}/${fileName}`;
}

/** The places of the take's file below the data folder, the one that the catalog names first: a move may be in progress. */
export function placesOf(take: Take, folder: string): string[] {
  const { id, fileName, container } = take;
  const places = [placeOf(take, folder)];
  if (fileName !== null) places.push(`sessions/${folder}/${fileName}`, `uploads/${id}`);
  if (container && isSealed(take)) places.push(`sessions/${folder}/${earlierName(take, container)}`);
  // A reopening tells the catalog first.
  if (container && isAside(take)) places.push(`sessions/${folder}/${answerName(take, container)}`);
  return [...new Set(places)];
}

/** Whether the take is an earlier one, or an answer that an admin has withdrawn: its file is in `takes/`, or on its way there. */
function isAside({ state, fileName, part }: Take): boolean {
  return part === null && (state === 'placed' || state === 'recorded') && fileName !== null && isEarlier(fileName);
}

/** The absolute path of a place below a data folder. */
export function pathAt(dataDir: string, place: string): string {
  return joinInside(dataDir, ...place.split('/'));
}

/**
 * What is wrong with a take's file by its size: null where nothing is.
 * @throws Error of the system when the file can't be asked, e.g. EACCES
 */
export async function sizeProblem(take: Take, file: string): Promise<string | null> {
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : null),
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      throw error;
    },
  );
  if (size === null) return take.offset === 0 && !isSealed(take) ? null : 'is missing';
  // Bytes beyond the offset of a live upload were never acknowledged.
  if (size < take.offset || (isSealed(take) && size > take.offset)) return `has ${size} of ${take.offset} bytes`;
  return null;
}

/**
 * What is wrong with a take's file, read whole where its digest is known: null where nothing is.
 * @throws Error of the system when the file can't be read, e.g. EIO
 */
export async function bytesProblem(take: Take, file: string): Promise<string | null> {
  const wrongSize = await sizeProblem(take, file);
  if (wrongSize !== null || take.sha256 === null || !isSealed(take)) return wrongSize;
  const found = await sha256Of(file);
  return found === take.sha256 ? null : `has other bytes than were recorded (SHA-256 ${found}, not ${take.sha256})`;
}

/** SHA-256 of a file, hex. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
