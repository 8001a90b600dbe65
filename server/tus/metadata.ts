/** `Upload-Metadata`: what a creation says of its take. */
import { Metadata } from '@tus/server';
import { problem } from '../http/problem.ts';
import type { TakeMetadata } from '../wire.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** A pair with a space before its key; a value alone (`Yg==`) is none, its key is missing. */
const SPACED = /^ +(\S+ |[\w-]+$)/;
/** How many characters of the header are kept for HEAD. */
const MAX_KEPT = 2_048;

/** What a creation says of its take. */
export interface CreationMetadata extends TakeMetadata {
  /** The header for HEAD: as it came, and without the pairs that do not fit into 2,048 characters. */
  kept: string;
  /** The header as @tus/server reads it. */
  plain: string;
}

/**
 * Parses the header, and takes two habits of clients: a space behind each comma, and an empty `filetype`, which is only a
 * label (the first bytes decide what a recording is).
 * @throws Problem `invalid-metadata` that names the pair
 */
export function readMetadata(header: string | null): CreationMetadata {
  const given = header ?? '';
  const pairs = given.split(',').map((pair) => (SPACED.test(pair) ? pair.trimStart() : pair));
  const plain = pairs.join(',');
  const values = parse(plain, pairs);
  const { folder, questionIndex, filetype, takeId, part, aheadOf } = values;
  if (!folder) throw missing('folder', 'the name of the session’s folder, from session/start');
  if (!questionIndex) throw missing('questionIndex', 'the number of the question, from 1');
  if (filetype === undefined) throw missing('filetype', 'the recorder’s media type, e.g. video/webm');
  for (const [key, id] of Object.entries({ takeId, aheadOf }))
    if (id === null || (id !== undefined && !UUID.test(id)))
      throw problem('invalid-metadata', { detail: `Upload-Metadata: ${key} must be a UUID, in base64.` });
  if (part !== undefined && part !== 'voice')
    throw problem('invalid-metadata', { detail: 'Upload-Metadata: part must be “voice”, in base64, or not be there.' });
  return {
    folder,
    questionIndex,
    filetype: filetype ?? '',
    ...(takeId ? { takeId: takeId.toLowerCase() } : {}),
    ...(part ? { part, ...(aheadOf ? { aheadOf: aheadOf.toLowerCase() } : {}) } : {}),
    kept: given.length <= MAX_KEPT ? given : shortened(pairs),
    plain,
  };
}

function parse(plain: string, pairs: string[]): Record<string, string | null> {
  try {
    return plain === '' ? {} : Metadata.parse(plain);
  } catch (cause) {
    const wrong = pairs.find((pair) => !isPair(pair)) ?? 'two pairs of the same key';
    const detail = `Upload-Metadata can’t be read at “${wrong.slice(0, 60)}”: a pair is a key, a space, and a value in base64.`;
    throw problem('invalid-metadata', { cause, detail });
  }
}

function isPair(pair: string): boolean {
  try {
    Metadata.parse(pair);
    return true;
  } catch {
    return false;
  }
}

function missing(key: keyof TakeMetadata, what: string) {
  return problem('invalid-metadata', { detail: `Upload-Metadata lacks ${key}: ${what}, in base64.` });
}

/** As many of the pairs as fit, in their order. */
function shortened(pairs: string[]): string {
  return pairs.reduce((kept, pair) => {
    const more = kept === '' ? pair : `${kept},${pair}`;
    return more.length <= MAX_KEPT ? more : kept;
  }, '');
}
