/** Which rows of a list are shown, and in what order: the options that `token list` and `session list` share. */
import { type Command, InvalidArgumentError } from 'commander';
import { DateTime } from 'luxon';
import type { ListQuery } from '../../storage/index.ts';
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

/** The rows that the options ask for. */
export function queryOf<State extends string, Order extends string>(options: FilterOptions): ListQuery<State, Order> {
  const { state, interview, search, since, sort, limit = options.json ? 0 : SHOWN_ROWS } = options;
  // The options took no other words.
  return { states: state as State[] | undefined, interview, search, since, order: sort as Order | undefined, limit };
}

/** Whether the options leave out any row. */
export function isFiltered({ state, interview, search, since }: FilterOptions): boolean {
  return [state, interview, search, since].some((value) => value !== undefined);
}

/**
 * The lines below a list for people: how many rows there are in each state, how many of them are shown, and the zone of the
 * times.
 * @param counts how many rows there are in each state
 * @param states all states; those of as many rows are named in this order
 * @param what the rows, in words
 * @param otherTimes the zone of times that are not the machine's, in words
 */
export function footer(
  shown: number,
  counts: Partial<Record<string, number>>,
  states: readonly string[],
  what: string,
  otherTimes = '',
): string {
  const found = states
    .map((state) => ({ state, count: counts[state] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const all = found.reduce((sum, { count }) => sum + count, 0);
  const more = all > shown ? ` ${shown} shown: --limit 0 shows all.` : '';
  const each = found.map(({ state, count }) => `${count} ${state}`).join(', ');
  return `${all} ${what}: ${each}.${more}\nTimes are in ${DateTime.local().zoneName}${otherTimes}.`;
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
