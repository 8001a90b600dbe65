/** The folder rule: names, slugs, exclusive creation, and the one safe join. */
import { access, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import anyAscii from 'any-ascii';
import type { DateTime } from 'luxon';

const ZONE = 'Asia/Bangkok';
const SLUG_LENGTH = 60;
/** What a transliterator would spell out (":grinning:") but is no part of anybody's name. */
const PICTOGRAPHS = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\u200d|\ufe0f|\u20e3/gu;
/** Letters without a sound of their own, which a transliterator writes as apostrophes: "Ольга" is `olga`. */
const SIGNS = /[ьъ]/giu;
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/;

/**
 * A name in ASCII: transliterated, lower case, every run of anything else one `_`, at most 60 characters;
 * empty where nothing is left ("Nguyễn Văn A" is `nguyen_van_a`).
 */
export function slugify(name: string): string {
  return anyAscii(name.normalize('NFC').replace(PICTOGRAPHS, '').replace(SIGNS, ''))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+/, '')
    .slice(0, SLUG_LENGTH)
    .replace(/_+$/, '');
}

/** Names match when their slugs do; where the slug is empty (an emoji), when they are equal in NFC. */
export function namesMatch(a: string, b: string): boolean {
  const slug = slugify(a);
  return slug === slugify(b) && (slug !== '' || a.normalize('NFC').trim() === b.normalize('NFC').trim());
}

/** `DD_MM_YYYY_HH_mm_<slug>` in Bangkok's time; `candidate` where the slug is empty. */
export function folderName(startedAt: DateTime, userName: string): string {
  return `${startedAt.setZone(ZONE).toFormat('dd_MM_yyyy_HH_mm')}_${slugify(userName) || 'candidate'}`;
}

/** ISO 8601 in Bangkok's time, for `meta.json`. */
export function localTime(at: DateTime): string {
  return at.setZone(ZONE).toISO() as string;
}

/**
 * The one way to make a path below `root`: each part must be one plain ASCII file name.
 * @throws Error for anything else (`..`, separators, NUL, hidden or empty names)
 */
export function joinInside(root: string, ...parts: string[]): string {
  for (const part of parts) if (!SEGMENT.test(part)) throw new Error(`${JSON.stringify(part)} is no plain file name`);
  return path.join(root, ...parts);
}

/** Makes a folder that did not exist, durably; a taken name gets `_2`, `_3`, …. Returns the name. */
export async function createExclusiveFolder(root: string, name: string): Promise<string> {
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}_${count}`;
    try {
      await mkdir(joinInside(root, candidate), { mode: 0o700 });
      await syncDirectory(root);
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** A rename or a new name lasts only when its directory is synced: fsync(2). */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether there is a file or folder of that name. */
export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
