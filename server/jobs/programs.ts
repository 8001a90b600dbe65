/** Where the programs that jobs run lie. */
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** The path of a program: itself where it is a path, else looked up in `folders`; null where there is none. */
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

export interface MediaPrograms {
  ffmpeg: string;
  ffprobe: string;
}

/**
 * ffmpeg, and the ffprobe that came with it: beside it where there is one, else in `folders`.
 * @param ffmpeg what the configuration names; null = whatever the folders have
 */
export function findMediaPrograms(ffmpeg: string | null, folders: readonly string[]): MediaPrograms | null {
  const found = findProgram(ffmpeg ?? 'ffmpeg', folders);
  const probe =
    found && (findProgram(path.join(path.dirname(found), 'ffprobe'), []) ?? findProgram('ffprobe', folders));
  return found && probe ? { ffmpeg: found, ffprobe: probe } : null;
}
