/**
 * Whether the name that a candidate types is the name in the invitation. The token is the secret; the name is a check
 * against a mix-up of links, so what people leave out, add or turn around is no difference.
 */
import { slugify, transliterate } from './names.ts';

/** How many words a shorter name must share with a longer one: one alone, as "Tran", may be another person's. */
const MIN_COMMON = 2;
/** What stands between two parts of one word: "O'Neill" is one word. */
const APOSTROPHES = /(?<=\p{L})['’‘ʼʻ`´](?=\p{L})/gu;
/** Spellings of one letter (ü, ö or ø, ä or æ, å, ß), of which `transliterate` writes the second: "ue" is "u". */
const DIGRAPHS: ReadonlyArray<readonly [RegExp, string]> = [
  [/ue/g, 'u'],
  [/oe/g, 'o'],
  [/a[ae]/g, 'a'],
  [/ss/g, 's'],
];
/** Titles before a name, as their own word. */
const TITLE_WORDS = new Set(
  [
    ...['mr', 'mrs', 'ms', 'miss', 'mx', 'dr', 'prof', 'professor', 'sir', 'madam', 'ing', 'dipl', 'herr', 'frau'],
    ...['mme', 'mlle', 'monsieur', 'madame', 'señor', 'señora', 'sr', 'sra', 'don', 'doña'],
    ...['ông', 'bà', 'anh', 'chị', 'cô', 'chú', 'bác', 'thầy', 'em', 'ts', 'ths', 'gs', 'pgs'],
    ...['นาย', 'นาง', 'นางสาว', 'คุณ', 'ดร', 'ผศ', 'รศ', 'ศ', 'เด็กชาย', 'เด็กหญิง'],
  ].map((word) => word.normalize('NFC')),
);
/** Titles that are written without a space before or behind the name. */
const TITLE_BEFORE = /^\s*(นางสาว|นาง|นาย|คุณ|เด็กชาย|เด็กหญิง|น\.\s?ส\.|ด\.\s?ช\.|ด\.\s?ญ\.|ดร\.)\s*(?=\S)/u;
const TITLE_BEHIND = /\s*(先生|女士|小姐|さん|様|씨|님)\s*$/u;

/**
 * Whether two names are of one person. They are when their words, in any order and without titles, are the same set, or
 * when one set holds the other and has two words or more in common with it, or when the names are equal written without
 * spaces. Accents, case and German or Scandinavian spellings (ü, ue and u) make no difference. Names without a
 * transliteration (an emoji) must be equal in NFC.
 */
export function namesMatch(a: string, b: string): boolean {
  if (slugify(a) === '' || slugify(b) === '') return a.normalize('NFC').trim() === b.normalize('NFC').trim();
  return formsOf(a).some((one) => formsOf(b).some((other) => sameWords(one, other)));
}

/** The words of a name as it is, and without titles where it has some: what looks like a title may be a name. */
function formsOf(name: string): string[][] {
  const composed = name.normalize('NFC');
  const bare = composed
    .replace(TITLE_BEFORE, '')
    .replace(TITLE_BEHIND, '')
    .split(/[\s.,]+/)
    .filter(Boolean);
  while (bare.length > 1 && TITLE_WORDS.has(bare[0]?.toLowerCase() ?? '')) bare.shift();
  return [composed, bare.join(' ')].map(wordsOf).filter((words) => words.length > 0);
}

function wordsOf(name: string): string[] {
  const plain = DIGRAPHS.reduce(
    (text, [digraph, letter]) => text.replace(digraph, letter),
    transliterate(name.replace(APOSTROPHES, '')).toLowerCase(),
  );
  return plain.split(/[^a-z0-9]+/).filter(Boolean);
}

function sameWords(a: string[], b: string[]): boolean {
  if (a.join('') === b.join('')) return true;
  const [fewer, more] = [new Set(a), new Set(b)].sort((one, other) => one.size - other.size) as [
    Set<string>,
    Set<string>,
  ];
  if (![...fewer].every((word) => more.has(word))) return false;
  return fewer.size === more.size || fewer.size >= MIN_COMMON;
}
