/**
 * How lists are read. One statement chooses the ids, in their order; whole rows follow page by page. So a row that begins,
 * moves or ends meanwhile is neither lost nor read twice, and no transaction stays open while somebody reads the pages.
 */
import type { DateTime } from 'luxon';
import { transliterate } from '../names.ts';

/** Which rows of a list, and in what order. */
export interface ListQuery<State extends string, Order extends string> {
  /** Those in one of these states. */
  states?: readonly State[] | undefined;
  /** Those of the interview with this slug. */
  interview?: string | undefined;
  /** Those with this text in a name, the id or a folder, capitals and accents aside. */
  search?: string | undefined;
  /** Those that began at this time or later. */
  since?: DateTime | undefined;
  /** The newest first by default. */
  order?: Order | undefined;
  /** How many at most; 0 = all, as by default. */
  limit?: number | undefined;
}

/** How many rows are read at once. */
const PAGE = 500;

/**
 * Reads whole rows page by page.
 * @param ids in the order of the rows
 * @param read reads the rows of one page, by their ids
 */
export async function* inPages<Row>(
  ids: readonly string[],
  read: (page: string[]) => Promise<ReadonlyMap<string, Row>>,
): AsyncGenerator<Row> {
  for (let at = 0; at < ids.length; at += PAGE) {
    const page = ids.slice(at, at + PAGE);
    const rows = await read(page);
    for (const id of page) {
      const row = rows.get(id);
      if (row !== undefined) yield row;
    }
  }
}

/** The ids by names, in the alphabet's order, which SQL doesn't know; rows of equal names stay as they were. */
export function idsByName(rows: Array<{ id: string; name: string }>): string[] {
  const { compare } = new Intl.Collator();
  return rows.sort((a, b) => compare(a.name, b.name)).map(({ id }) => id);
}

/** Creates the function of SQL by which `search` looks: whether a text has another one in it, capitals and accents aside. */
export function createHasText(): (text: string, part: string) => number {
  let last = { part: '', lower: '', plain: '' };
  return (text, part) => {
    if (part !== last.part) last = { part, lower: part.toLowerCase(), plain: transliterate(part).toLowerCase().trim() };
    const lower = text.toLowerCase();
    if (lower.includes(last.lower)) return 1;
    // Ids and folders are ASCII: they need no transliteration, which takes the most time.
    const plain = isAscii(lower) ? lower : transliterate(text).toLowerCase();
    return Number(last.plain !== '' && plain.includes(last.plain));
  };
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** Groups rows. */
export function groupBy<Row>(rows: Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}
