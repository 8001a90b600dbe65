/** Names of people, of session folders and of the files in them. Pure functions: every such name is built and read here. */
import anyAscii from 'any-ascii';
import type { DateTime } from 'luxon';
import type { Container, Take } from './types.ts';

/** The time zone of the names of session folders, and of `meta.json`. */
export const FOLDER_ZONE = 'Asia/Bangkok';
const SLUG_LENGTH = 60;
/** Characters that a transliterator would spell out (":grinning:"), but that belong to no person's name. */
const PICTOGRAPHS = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\u200d|\ufe0f|\u20e3/gu;
/** Letters without a sound of their own, which a transliterator writes as apostrophes: "Ольга" is `olga`. */
const SIGNS = /[ьъ]/giu;

/** The session's document: what is known of the session and its takes. */
export const META = 'meta.json';
/** The session's text: every question, with what the candidate said. */
export const TRANSCRIPT = 'transcript.txt';
/** The folder of files that jobs made from answers. */
export const DERIVED = 'derived';
/** The folder of takes that do not count, and of unfinished takes that were given up. */
export const EARLIER = 'takes';

/** What a file in `derived/` may be: the seekable copy, the poster, the captions, the words. */
export type DerivedExtension = Container | 'jpg' | 'vtt' | 'json';

/**
 * A name in ASCII: transliterated, lower case, every run of other characters replaced by one `_`, at most 60 characters;
 * empty when no character is left ("Nguyễn Văn A" is `nguyen_van_a`).
 */
export function slugify(name: string): string {
  return transliterate(name)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+/, '')
    .slice(0, SLUG_LENGTH)
    .replace(/_+$/, '');
}

/** A name in the letters of ASCII, with its spaces, signs and capitals: "Đức Nguyễn" is "Duc Nguyen". */
export function transliterate(name: string): string {
  return anyAscii(name.normalize('NFC').replace(PICTOGRAPHS, '').replace(SIGNS, ''));
}

/** The session folder's name: `DD_MM_YYYY_HH_mm_<slug>` in Bangkok's time; `candidate` when the slug is empty. */
export function folderName(startedAt: DateTime, userName: string): string {
  return `${startedAt.setZone(FOLDER_ZONE).toFormat('dd_MM_yyyy_HH_mm')}_${slugify(userName) || 'candidate'}`;
}

/** Whether a name is one that `folderName` gives; `_2`, `_3`, … may be added to it. */
export function isFolderName(name: string): boolean {
  return /^\d\d_\d\d_\d{4}_\d\d_\d\d_[a-z0-9_]+$/.test(name);
}

/** A time as `meta.json` has it: ISO 8601 in Bangkok's time zone. */
export function localTime(at: DateTime): string {
  return at.setZone(FOLDER_ZONE).toISO() as string;
}

/** Where the take that counts is stored: `Q1.webm`. */
export function answerName({ question }: Pick<Take, 'question'>, container: Container): string {
  return `Q${question}.${container}`;
}

/** Where a whole take that does not count is stored: `takes/Q1-1.webm`. */
export function earlierName({ question, number }: Pick<Take, 'question' | 'number'>, container: Container): string {
  return `${EARLIER}/Q${question}-${number}.${container}`;
}

/** Where sound that goes ahead of its answer is stored until the answer is placed: `takes/Q1-1.voice.webm`. */
export function voiceName({ question, number }: Pick<Take, 'question' | 'number'>, container: Container): string {
  return `${EARLIER}/Q${question}-${number}.voice.${container}`;
}

/**
 * Where an unfinished take that was given up is stored: `takes/Q3-2.partial.webm`. Its first bytes may be too few to
 * name a container, so the client's label decides the extension.
 */
export function partialName({ question, number, filetype }: Pick<Take, 'question' | 'number' | 'filetype'>): string {
  return `${EARLIER}/Q${question}-${number}.partial.${/mp4/i.test(filetype) ? 'mp4' : 'webm'}`;
}

/**
 * Where a file that does not have its take's bytes any more is kept: `takes/Q1-1.damaged.webm`, and `takes/Q1-1.damaged-2.webm`
 * where that name is taken.
 */
export function damagedName(
  { question, number }: Pick<Take, 'question' | 'number'>,
  extension: string,
  count = 1,
): string {
  return `${EARLIER}/Q${question}-${number}.damaged${count === 1 ? '' : `-${count}`}.${extension}`;
}

/** Whether a file below a session folder has the name of a take's file, whole or unfinished. */
export function isNameOfTake(name: string): boolean {
  return /^(Q\d+|takes\/Q\d+-\d+(\.partial|\.voice)?)\.(webm|mp4)$/.test(name);
}

/** Whether a take's file is in `takes/`: the take does not count. */
export function isEarlier(fileName: string): boolean {
  return fileName.startsWith(`${EARLIER}/`);
}

/** The container that the name of a take's file gives. */
export function containerOfName(fileName: string): Container {
  return fileName.endsWith('.mp4') ? 'mp4' : 'webm';
}

/** The name, inside `derived/`, of a file made from a question's answer: `Q1.vtt`. */
export function derivedName(question: number, extension: DerivedExtension): string {
  return `Q${question}.${extension}`;
}

/** Whether a file in `derived/` was made from the question's answer. */
export function isDerivedFrom(question: number, name: string): boolean {
  return name.startsWith(`Q${question}.`);
}
