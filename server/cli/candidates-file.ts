/**
 * A table of candidates as CSV, and the mistakes in it by row and column. A row has the number that a spreadsheet shows: the
 * names of the columns are in row 1. Only `token import` loads this module: no other command waits for the CSV library.
 */
import type { DateTime } from 'luxon';
import Papa from 'papaparse';
import type { Interview } from '../../storage/types.ts';
import { parseExpiry } from './command.ts';
import { type PageLanguage, pageLanguage } from './link.ts';
import { parseName, parseSecret } from './token-options.ts';

/** The largest file, in bytes: ten thousand rows fit. */
export const MAX_FILE_BYTES = 5_000_000;
const MAX_ROWS = 10_000;
/** The columns that the import reads. */
const READ = ['name', 'email', 'token', 'interview', 'expires', 'language'];
/** The columns that the import adds. */
const ADDED = ['link', 'message', 'error'];
const DELIMITERS = [',', ';', '\t'];
/** A spreadsheet takes a cell that begins so for a formula, also where the cell goes on in further lines. */
const FORMULA = /^[=+\-@\t\r]/;

/** A row that can be a token. */
export interface Candidate {
  name: string;
  email: string;
  token: string | undefined;
  interview: Interview;
  expiresAt: DateTime | null;
  /** What the row says of the language; null = that of the interview. */
  language: PageLanguage | null;
}

/** A row as it was read. */
export interface CandidateRow {
  /** As a spreadsheet counts, from 2. */
  row: number;
  cells: string[];
  /** Null where the row has mistakes. */
  candidate: Candidate | null;
  /** `expires: It takes …` */
  errors: string[];
}

/** A file as it was read. */
export interface CandidatesFile {
  columns: string[];
  delimiter: string;
  rows: CandidateRow[];
  /** Mistakes of the whole file: then there are no rows. */
  errors: string[];
  /** Columns that mean nothing here; they are in the result. */
  unknown: string[];
}

/**
 * Reads the candidates in a text.
 * @param interviews by their slugs
 * @param usual the interview of rows that name none
 */
export function parseCandidates(
  text: string,
  interviews: ReadonlyMap<string, Interview>,
  usual: string,
): CandidatesFile {
  const [head = ''] = text.split(/\r?\n/, 1);
  const delimiter = DELIMITERS.reduce((best, one) => (count(head, one) > count(head, best) ? one : best), ',');
  const { data, errors: unreadable } = Papa.parse<string[]>(text, { delimiter });
  const [first = [], ...lines] = data;
  const columns = first.map((name) => name.trim().toLowerCase());
  const errors = [
    ...unreadable.map(({ row = 0, message }) => `row ${row + 1}: ${message}`),
    ...columns.flatMap((name, at) =>
      name !== '' && columns.indexOf(name) < at ? [`row 1: the column ${name} is there twice`] : [],
    ),
    ...(columns.includes('name')
      ? []
      : [`row 1: there is no column "name": the first row has the names of the columns`]),
    ...(lines.length > MAX_ROWS ? [`there are more than ${MAX_ROWS} rows: import them in parts`] : []),
  ];
  const unknown = columns.filter((name) => name !== '' && !READ.includes(name) && !ADDED.includes(name));
  const file = { columns, delimiter, unknown };
  if (errors.length > 0) return { ...file, rows: [], errors };
  const rows = lines.flatMap((cells, at) =>
    cells.every((cell) => cell.trim() === '') ? [] : [readRow(cells, at + 2, columns, interviews, usual)],
  );
  refuseTwins(rows);
  return { ...file, rows, errors: rows.length > 0 ? [] : ['there are no rows below the names of the columns'] };
}

function readRow(
  cells: string[],
  row: number,
  columns: string[],
  interviews: ReadonlyMap<string, Interview>,
  usual: string,
): CandidateRow {
  const errors: string[] = [];
  const cell = (column: string) => cells[columns.indexOf(column)]?.trim() ?? '';
  const read = <T>(column: string, parse: (text: string) => T): T | null => {
    try {
      return parse(cell(column));
    } catch (error) {
      errors.push(`${column}: ${error instanceof Error ? error.message : error}`);
      return null;
    }
  };
  if (cells.length > columns.length) {
    const words = `cells: there are ${cells.length}, and row 1 has ${columns.length}: put a text that has the separator in quotes`;
    return { row, cells, candidate: null, errors: [words] };
  }
  if (cell('link') !== '') errors.push('link: this row has a link already: take out the row, or the column');
  const name = read('name', parseName);
  const email = read('email', (text) => {
    if (text !== '' && !/^\S+@\S+$/.test(text)) throw new Error('It takes a mail address.');
    return text;
  });
  const token = read('token', (text) => (text === '' ? undefined : parseSecret(text)));
  const interview = read('interview', (text) => {
    const slug = text === '' ? usual : text;
    const found = interviews.get(slug);
    if (!found) throw new Error(`There is no interview ${JSON.stringify(slug)}: "tresgo interview list" shows them.`);
    return found;
  });
  const expiresAt = read('expires', (text) => (text === '' ? null : parseExpiry(text)));
  const language = read('language', (text) => {
    const known = pageLanguage(text);
    if (text !== '' && known === null) throw new Error('It takes en, vi or th.');
    return known;
  });
  if (errors.length > 0 || name === null || interview === null) return { row, cells, candidate: null, errors };
  const candidate = { name, email: email ?? '', token: token ?? undefined, interview, expiresAt, language };
  return { row, cells, candidate, errors };
}

/** Two rows can't have the same secret. */
function refuseTwins(rows: CandidateRow[]): void {
  const seen = new Map<string, number>();
  for (const one of rows) {
    const token = one.candidate?.token;
    if (token === undefined) continue;
    const twin = seen.get(token);
    if (twin !== undefined) one.errors.push(`token: It is that of row ${twin} as well.`);
    seen.set(token, one.row);
  }
}

/**
 * The rows as CSV again, with the columns `link`, `message` and `error`. A cell that a spreadsheet would take for a formula
 * gets an apostrophe.
 * @param newline `\r\n` for files (RFC 4180)
 */
export function candidatesText(
  { columns, delimiter, rows }: Pick<CandidatesFile, 'columns' | 'delimiter' | 'rows'>,
  addedOf: (row: CandidateRow) => { link: string; message: string; error: string },
  newline: '\r\n' | '\n',
): string {
  const kept = columns.map((name, at) => ({ name, at })).filter(({ name }) => !ADDED.includes(name));
  const data = rows.map((row) => {
    const { link, message, error } = addedOf(row);
    return [...kept.map(({ at }) => row.cells[at] ?? ''), link, message, error];
  });
  const fields = [...kept.map(({ name }) => name), ...ADDED];
  return `${Papa.unparse({ fields, data }, { delimiter, newline, escapeFormulae: FORMULA })}${newline}`;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
