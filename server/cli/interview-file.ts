/**
 * An interview's YAML file, and the mistakes in it, by line. Only `interview create` and `interview show` load this module:
 * no other command waits for the YAML library.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  type ParsedNode,
  parseDocument,
  stringify,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Interview } from '../../storage/types.ts';
import { interviewSchema, KNOWN_KEYS } from './interview-schema.ts';

/** The largest file of an interview: 100 questions of 2,000 characters fit. */
export const MAX_FILE_BYTES = 1_000_000;
/** More mistakes are counted, not listed. */
const MAX_ERRORS = 100;
const MAX_SHOWN_CHARACTERS = 40;

type Path = readonly PropertyKey[];
interface FileError {
  /** The place of the mistake, in characters from the start of the text. */
  offset: number;
  /** The path of the wrong value, `[]` for the file itself. */
  path: Path;
  words: string;
}

/** What to do, for errors of the library whose own words don't say it. */
const yamlWords: Record<string, string> = {
  BLOCK_AS_IMPLICIT_KEY: 'put a text that has a colon in quotes: "…"',
  MISSING_CHAR: 'a colon, a bracket or a quotation mark is missing: texts with : or # need quotes',
  MULTIPLE_DOCS: 'there is more than one interview: take out the line ---, one file takes one',
  MULTILINE_IMPLICIT_KEY: 'a key and its colon go on one line; put a text that has a colon in quotes: "…"',
  RESOURCE_EXHAUSTION: 'it is nested too deeply: compare with the example, see --help',
  TAB_AS_INDENT: 'a tab stands where spaces must be: indent with spaces alone',
  UNEXPECTED_TOKEN: 'this is not expected here: compare with the example, see --help',
  BAD_INDENT: 'the indentation is not that of the lines before: use the same number of spaces',
};

/** A value in quotation marks as text processors write them: advice to use quotes would not help. */
const CURLY = /[:-]\s+[“”„‟«»‹›‘’‚‛「」＂]/;
const CURLY_WORDS = 'typographic quotes are letters like others here: use the straight ones, "…"';

/**
 * Reads the interview in a text, with defaults for the keys that are left out; or gives one line for each mistake,
 * `file:line:column: …`.
 * @param label the name of the file in the lines
 */
export function parseInterview(text: string, label: string): Interview | { errors: string[] } {
  const lines = new LineCounter();
  const found = check(text, lines);
  if (!Array.isArray(found)) return found;
  const errors = found.slice(0, MAX_ERRORS).map(({ offset, path, words }) => {
    const { line, col } = lines.linePos(offset);
    const place = `${label}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
    return [place, ...(path.length > 0 ? [pathText(path)] : []), words].join(': ');
  });
  if (found.length > MAX_ERRORS) errors.push(`${label}: and ${found.length - MAX_ERRORS} more`);
  return { errors };
}

/** The interview as a file that `parseInterview` takes. */
export function interviewText(interview: Interview): string {
  return stringify(interview, { lineWidth: 120 });
}

function check(text: string, lines: LineCounter): Interview | FileError[] {
  const one = (words: string): FileError[] => [{ offset: 0, path: [], words }];
  try {
    // checkNames looks for keys that come twice: the library compares each key with every other one, which takes too long.
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
    });
    // The first mistake alone: after a mistake in the syntax, the library guesses.
    const [unreadable] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
    if (unreadable) {
      const { line } = lines.linePos(unreadable.pos[0]);
      const said = CURLY.test(text.split('\n')[line - 1] ?? '')
        ? CURLY_WORDS
        : (yamlWords[unreadable.code] ?? unreadable.message.split('\n')[0]);
      return [{ offset: unreadable.pos[0], path: [], words: `is not readable as YAML: ${said}` }];
    }
    const { contents } = document;
    if (contents === null) return one('the file is empty: it takes the keys slug, title and questions');
    const wrongNames = checkNames(document);
    if (wrongNames.length > 0) return wrongNames;
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    const parsed = interviewSchema.safeParse(value);
    if (parsed.success) return parsed.data;
    const locate = createLocate(contents);
    return inOrder(parsed.error.issues.flatMap((issue) => errorsOf(issue, value, locate)));
  } catch (error) {
    // The library throws these for aliases that unfold to millions of values, or for ten thousand brackets.
    if (error instanceof ReferenceError) return one('its aliases (*name) can’t be unfolded: write the questions out');
    if (error instanceof RangeError) return one('it is nested too deeply: compare with the example, see --help');
    throw error;
  }
}

/** Finds keys that come twice in one map, and aliases without an anchor. */
function checkNames(document: Document): FileError[] {
  const errors: FileError[] = [];
  const anchors = new Set<string>();
  const report = (node: unknown, words: string) => errors.push({ offset: startOf(node) ?? 0, path: [], words });
  visit(document, (_key, node) => {
    if (isAlias(node) && !anchors.has(node.source))
      report(node, `*${node.source} stands for nothing: there is no &${node.source} before it`);
    if (isNode(node) && 'anchor' in node && typeof node.anchor === 'string') anchors.add(node.anchor);
    if (!isMap(node)) return;
    const seen = new Set<unknown>();
    for (const { key } of node.items) {
      const name = isScalar(key) ? key.value : key;
      if (seen.has(name)) report(key, `the key ${String(name)} is here twice: take one out`);
      seen.add(name);
    }
  });
  return errors;
}

interface Issue {
  code: string;
  path: PropertyKey[];
  message: string;
  keys?: string[];
}

function errorsOf({ code, path, message, keys }: Issue, value: unknown, locate: Locate): FileError[] {
  if (code === 'unrecognized_keys') {
    const known = KNOWN_KEYS[path[0] === 'questions' ? 'question' : path[0] === 'consent' ? 'consent' : 'interview'];
    return (keys ?? []).map((key) => {
      const meant = nearest(key, known);
      const words = meant ? `is no key here: did you mean ${meant}?` : `is no key here: there are ${known.join(', ')}`;
      return { offset: locate([...path, key], 'key'), path: [...path, key], words };
    });
  }
  const given = path.reduce<unknown>((from, part) => (from as Record<PropertyKey, unknown> | null)?.[part], value);
  const words = message.startsWith('takes') ? `${message}, not ${shown(given)}` : message;
  return [{ offset: locate(path, 'value'), path, words }];
}

/** The mistakes in the order of the file; the first one of those about the same value. */
function inOrder(errors: FileError[]): FileError[] {
  const known = new Set<string>();
  const once = errors.filter(({ path }) => !known.has(pathText(path)) && known.add(pathText(path)));
  return once.sort((a, b) => a.offset - b.offset);
}

/** Finds where a value or its key begins; for a missing value, where it should be. */
function createLocate(root: ParsedNode) {
  const known = new Map<object, Map<string, Pair>>();
  const pairsOf = ({ items }: YAMLMap) =>
    new Map(items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : [])));

  return (path: Path, which: 'key' | 'value'): number => {
    let node: unknown = root;
    let offset = startOf(root) ?? 0;
    for (const [at, part] of path.entries()) {
      // A mistake in a value that an alias stands for is reported where the alias is.
      if (isMap(node)) {
        const pairs = known.get(node) ?? pairsOf(node);
        known.set(node, pairs);
        const pair = pairs.get(String(part));
        if (!pair) break;
        const isKey = which === 'key' && at === path.length - 1;
        offset = (isKey ? startOf(pair.key) : (startOf(pair.value) ?? startOf(pair.key))) ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[Number(part)];
        offset = startOf(node) ?? offset;
      } else break;
    }
    return offset;
  };
}

type Locate = ReturnType<typeof createLocate>;

function startOf(node: unknown): number | null {
  return (node as { range?: [number, number, number] | null } | null)?.range?.[0] ?? null;
}

/** `questions[2].maxSeconds`: counted from 0, as in `interview show --json`. */
function pathText(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`),
    '',
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a group of keys';
  if (typeof value !== 'string') return String(value);
  if (value.length > MAX_SHOWN_CHARACTERS) return `one of ${value.length} characters`;
  return JSON.stringify(value);
}

/**
 * The known word that was probably meant; null where no known word is near. Case, `_` and `-` don't count, and up to a third
 * of the other characters may differ.
 */
export function nearest(word: string, known: readonly string[]): string | null {
  const plain = (text: string) => text.toLowerCase().replace(/[_-]/g, '');
  const wanted = plain(word).slice(0, 40);
  const best = known
    .map((name) => ({ name, distance: distanceOf(wanted, plain(name)) }))
    .sort((a, b) => a.distance - b.distance)
    .at(0);
  return best && best.distance <= Math.max(1, Math.floor(plain(best.name).length / 3)) ? best.name : null;
}

/** How many letters must be inserted, removed, changed, or swapped with the next one ("optimal string alignment"). */
function distanceOf(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? at(i - 2, j - 2) + 1 : change;
      row.push(Math.min(change, swap, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
}
