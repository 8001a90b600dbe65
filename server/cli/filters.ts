/** Which rows of a list are shown, and in what order: the options that `token list` and `session list` share. */
import { type Command, InvalidArgumentError } from 'commander';
import { DateTime } from 'luxon';
import { transliterate } from '../../storage/index.ts';
import { type CommonOptions, parseCount, unitOf } from './command.ts';

/** How many rows people are shown without `--limit`; a document has all of them. */
export const SHOWN_ROWS = 30;

/** The values of the options. */
export interface FilterOptions extends CommonOptions {
  state?: string[];
  interview?: string;
  search?: string;
  since?: DateTime;
  sort?: string;
  limit?: number;
}

/** What a filter asks of a row. */
export interface Facts {
  state: string;
  /** The interview's slug. */
  interview: string;
  /** The time that `--since` looks at. */
  at: DateTime;
  /** Where `--search` looks. */
  texts: string[];
}

/** The rows to show, how many more there are, and how many of all these are in each state. */
export interface Chosen<Row> {
  rows: Row[];
  more: number;
  counts: Record<string, number>;
}

/**
 * Adds the options.
 * @param since the time that `--since` looks at, in words
 * @param orders the names of the orders; the rows come in the first one
 */
export function withFilters(command: Command, states: readonly string[], since: string, orders: string[]): Command {
  return command
    .option('--state <states>', `those in one of these states: ${states.join(', ')}; several with commas`, (text) =>
      parseStates(text, states),
    )
    .option('--interview <slug>', 'those of one interview')
    .option('--search <text>', 'those with this text in a name, with or without accents, or in the id or folder')
    .option('--since <when>', `those ${since} since then: 30m, 24h, 7d, 2w ago, a date or a time`, (text) =>
      parseSince(text),
    )
    .option('--sort <order>', `${orders.join(', ')} (default: ${orders[0]})`, (text) => parseOrder(text, orders))
    .option('--limit <n>', `how many are shown; 0 = all (default: ${SHOWN_ROWS}, and all with --json)`, parseCount);
}

/**
 * Chooses rows by the options.
 * @param all in the first order
 * @param compare how two rows are compared in the order of `--sort`; null for the first one
 */
export function choose<Row>(
  all: Row[],
  options: FilterOptions,
  factsOf: (row: Row) => Facts,
  compare: (order: string) => ((a: Row, b: Row) => number) | null,
): Chosen<Row> {
  const fits = all.filter((row) => {
    const { state, interview, at, texts } = factsOf(row);
    return (
      (options.state?.includes(state) ?? true) &&
      (options.interview === undefined || options.interview === interview) &&
      (options.since === undefined || at >= options.since) &&
      (options.search === undefined || texts.some((text) => hasText(text, options.search ?? '')))
    );
  });
  const comparing = options.sort === undefined ? null : compare(options.sort);
  const sorted = comparing ? fits.sort(comparing) : fits;
  const limit = options.limit ?? (options.json ? 0 : SHOWN_ROWS);
  const rows = limit === 0 ? sorted : sorted.slice(0, limit);
  const counts: Record<string, number> = {};
  for (const row of fits) {
    const { state } = factsOf(row);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return { rows, more: sorted.length - rows.length, counts };
}

/** Whether the options leave out any row. */
export function isFiltered({ state, interview, search, since }: FilterOptions): boolean {
  return [state, interview, search, since].some((value) => value !== undefined);
}

/**
 * The lines below a list for people: how many rows there are in each state, how many of them are shown, and the zone of the
 * times.
 * @param what the rows, in words
 * @param otherTimes the zone of times that are not the machine's, in words
 */
export function footer({ rows, more, counts }: Chosen<unknown>, what: string, otherTimes = ''): string {
  if (rows.length === 0) return '';
  const states = Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([state, count]) => `${count} ${state}`);
  const shown = more === 0 ? '' : ` ${rows.length} shown: --limit 0 shows all.`;
  return `\n\n${rows.length + more} ${what}: ${states.join(', ')}.${shown}\nTimes are in ${DateTime.local().zoneName}${otherTimes}.`;
}

/** Whether a text has another one in it, capitals and accents aside. */
function hasText(text: string, part: string): boolean {
  if (text.toLowerCase().includes(part.toLowerCase())) return true;
  const plain = transliterate(part).toLowerCase().trim();
  return plain !== '' && transliterate(text).toLowerCase().includes(plain);
}

function parseStates(text: string, states: readonly string[]): string[] {
  const given = text.split(',').map((state) => state.trim());
  if (given.some((state) => !states.includes(state)))
    throw new InvalidArgumentError(`It takes ${states.join(', ')}; several with commas between them.`);
  return given;
}

function parseOrder(text: string, orders: string[]): string {
  if (!orders.includes(text)) throw new InvalidArgumentError(`It takes ${orders.join(', ')}.`);
  return text;
}

/**
 * Parses a time in the past: `30m`, `24h`, `7d`, `2w` ago, or ISO 8601 in the machine's own time zone. A date without a time
 * of day means its start.
 * @throws InvalidArgumentError with the line that commander prints
 */
export function parseSince(text: string, now: DateTime = DateTime.now()): DateTime {
  const [, amount, unit] = text.match(/^(\d{1,5})([smhdw])$/) ?? [];
  const at = amount && unit ? now.minus({ [unitOf(unit)]: Number(amount) }) : DateTime.fromISO(text);
  if (!at.isValid)
    throw new InvalidArgumentError(
      'It takes 30m, 24h, 7d, 2w, a date like 2026-11-30, or a time like 2026-11-30T18:00.',
    );
  return at;
}
