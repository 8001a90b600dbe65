/** Looks up the programs that child processes run. */
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** The path of a program: `name` itself where it is a path, else looked up in `folders`; null where there is none. */
export function findProgram(name: string, folders: readonly string[]): string | null {
  const candidates = name.includes('/') ? [path.resolve(name)] : folders.map((folder) => path.join(folder, name));
  return candidates.find(isProgram) ?? null;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The paths of the two programs, absolute. */
export interface MediaPrograms {
  ffmpeg: string;
  ffprobe: string;
}

/**
 * ffmpeg and the ffprobe that belongs to it: the one beside ffmpeg, else the one in `folders`. Null where one is missing.
 * @param ffmpeg the name or path in the configuration; null = the first ffmpeg in `folders`
 */
export function findMediaPrograms(ffmpeg: string | null, folders: readonly string[]): MediaPrograms | null {
  const found = findProgram(ffmpeg ?? 'ffmpeg', folders);
  const probe =
    found && (findProgram(path.join(path.dirname(found), 'ffprobe'), []) ?? findProgram('ffprobe', folders));
  return found && probe ? { ffmpeg: found, ffprobe: probe } : null;
}

/** A program's path, and what changes when the program is replaced by another version. */
export function identityOf(program: string): string {
  const file = statSync(program, { throwIfNoEntry: false });
  return `${program} ${file?.ino} ${file?.size} ${file?.mtimeMs}`;
}
