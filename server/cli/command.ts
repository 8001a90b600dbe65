/** Common parts of all commands: options, output and errors. */
import { setImmediate as turn } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { DateTime } from 'luxon';
import { hasCatalog, openStorage, requireDataFolder, type Storage } from '../../storage/index.ts';
import { type Config, publicUrl, readConfig } from '../config.ts';
import { plainJson, plainText } from './plain-text.ts';
import { toTable } from './table.ts';

/** A command that was refused or failed: one line for people, exit status 1. */
export class CommandError extends Error {}

/**
 * A command that was refused for mistakes in a file: lines of `file:line:column: mistake`, as editors read them; exit status
 * 1.
 */
export class FileErrors extends Error {
  readonly lines: string[];

  constructor(lines: string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** Writes to standard output. */
export type Print = (text: string) => void;

/** How much of a list's document is printed at once, in characters. */
const PRINTED_AT_ONCE = 1 << 16;

/** The values of the options that every command takes. */
export interface CommonOptions {
  json?: true;
  dataDir?: string;
}

/** Adds the options that every command takes. */
export function withCommon(command: Command): Command {
  return command
    .option('--json', 'print one JSON document, and nothing else, on standard output')
    .option(
      '--data-dir <folder>',
      'the folder of the catalog and the recordings (default: TRESGO_DATA_DIR, else ./data)',
    );
}

/**
 * Opens the storage for one command, and closes it after `work`. The server may run at the same time.
 * @param makes whether the command makes a data folder where there is none
 * @throws StorageError `no-data-folder`, in words for the admin
 */
export async function withStorage<T>(
  options: CommonOptions,
  work: (storage: Storage, config: Config) => Promise<T>,
  { makes = false } = {},
): Promise<T> {
  const config = readConfig({ dataDir: options.dataDir });
  if (!makes) await requireDataFolder(config.dataDir);
  const madeNew = await watchForNew(config.dataDir);
  const storage = await openStorage({ dataDir: config.dataDir });
  try {
    if (makes) await storage.interviews.ensureDefault();
    const done = await work(storage, config);
    if (madeNew) say(madeNew);
    return done;
  } catch (error) {
    if (madeNew && error instanceof FileErrors) say(madeNew);
    // A refusal is one line.
    throw madeNew && error instanceof CommandError ? new CommandError(`${error.message} (${madeNew})`) : error;
  } finally {
    await storage.close();
  }
}

/**
 * Looks whether there is a data folder, before one is made.
 * @returns the line for standard error where there is none, since a typo in `--data-dir` must not go unnoticed; else null
 */
export async function watchForNew(dataDir: string): Promise<string | null> {
  return (await hasCatalog(dataDir)) ? null : `made a new data folder ${dataDir}`;
}

/** Adds examples to the help of a command. */
export function withExamples(command: Command, ...lines: string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ tresgo ${line}`).join('\n')}`);
}

/** Prints a line for people on standard error. */
export function say(line: string): void {
  process.stderr.write(`${plainText(line).replaceAll('\n', ' ')}\n`);
}

/**
 * The origin that candidates' links begin with: TRESGO_PUBLIC_URL, else that of the server which runs on the data folder;
 * else a guess, with the line that says so on standard error.
 */
export async function linkOrigin(
  storage: Pick<Storage, 'serverOrigin'>,
  config: Config,
): Promise<{ origin: string; guess: string | null }> {
  const known = config.publicUrl ?? (await storage.serverOrigin());
  if (known) return { origin: known, guess: null };
  const origin = publicUrl(config);
  const why = `no server runs on ${config.dataDir}, and TRESGO_PUBLIC_URL is not set`;
  return { origin, guess: `the link begins with ${origin}, which is a guess: ${why}` };
}

/**
 * Prints, at most once a second and not in the first one, how far long work is.
 * @param what the things that are counted, in words
 */
export function createProgress(what: string, now: () => number = () => performance.now()) {
  let printedAt = now();
  return (done: number, all: number): void => {
    if (now() - printedAt < 1_000) return;
    printedAt = now();
    say(`${done} of ${all} ${what}`);
  };
}

/** Prints one JSON document with `--json`, else the text for people, without characters that a terminal obeys. */
export function show(print: Print, options: CommonOptions, document: unknown, text: () => string): void {
  printAsIs(print, options, document, () => plainText(text()));
}

/** As `show`, for a text that has colours; nothing in it may come from a candidate. */
export function printAsIs(print: Print, options: CommonOptions, document: unknown, text: () => string): void {
  print(options.json ? `${plainJson(JSON.stringify(document, null, 2))}\n` : `${text()}\n`);
}

/**
 * As `show`, for a list of any length: of its document, what is printed is not kept.
 * @param document a row in the document
 * @param cells a row for people
 * @param text the text for people, of the cells of all rows
 */
export async function showList<Row>(
  print: Print,
  options: CommonOptions,
  rows: AsyncIterable<Row>,
  document: (row: Row) => unknown,
  cells: (row: Row) => Record<string, string>,
  text: (all: Array<Record<string, string>>) => Promise<string>,
): Promise<void> {
  if (!options.json) {
    const all = [];
    for await (const row of rows) all.push(cells(row));
    print(`${plainText(await text(all))}\n`);
    return;
  }
  let begun = '[';
  let isEmpty = true;
  for await (const row of rows) {
    const element = plainJson(JSON.stringify(document(row), null, 2)).replaceAll('\n', '\n  ');
    begun += `${isEmpty ? '' : ','}\n  ${element}`;
    isEmpty = false;
    if (begun.length < PRINTED_AT_ONCE) continue;
    print(begun);
    begun = '';
    // What was written leaves the memory only in a turn of the event loop, which the reads of the catalog never give.
    await turn();
  }
  print(`${begun}${isEmpty ? '' : '\n'}]\n`);
}

/** The rows under headings in capitals; `none` where there are no rows. */
export function table(rows: ReadonlyArray<Record<string, string>>, none = ''): string {
  const withHeadings = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([key, cell]) => [key.toUpperCase(), cell])),
  );
  return rows.length === 0 ? none : toTable(withHeadings);
}

/** `2026-11-23 20:52`, in the machine's own time zone. */
export function shortTime(at: DateTime): string {
  return at.toLocal().toFormat('yyyy-MM-dd HH:mm');
}

/** `2026-11-23T20:52:00.000+07:00`, in the machine's own time zone: how a document says a time. */
export function isoTime(at: DateTime): string {
  return at.toLocal().toISO() as string;
}

/** `2026-11-23 20:52 UTC+7`, for a time that people must know exactly. */
export function exactTime(at: DateTime): string {
  return at.toLocal().toFormat("yyyy-MM-dd HH:mm:ss 'UTC'Z");
}

/** The unit of time that a letter stands for, as luxon names it. */
export function unitOf(letter: string): string {
  return { s: 'seconds', m: 'minutes', h: 'hours', d: 'days', w: 'weeks' }[letter] ?? '';
}

/** What a date without a time of day names: that whole year, month, week or day. */
const PERIODS: ReadonlyArray<readonly [RegExp, 'year' | 'month' | 'week' | 'day']> = [
  [/^\d{4}$/, 'year'],
  [/^\d{4}-\d\d$/, 'month'],
  [/^\d{4}-?W\d\d$/, 'week'],
  [/^[^T]*$/, 'day'],
];

/**
 * Parses a time: `30m`, `24h`, `7d`, `2w` from now, or ISO 8601 in the machine's own time zone. A date without a time of day
 * means its end: `2026-12-31` is good for that whole day.
 * @throws InvalidArgumentError with the line that commander prints
 */
export function parseExpiry(text: string, now: DateTime = DateTime.now()): DateTime {
  const [, amount, unit] = text.match(/^(\d{1,5})([smhdw])$/) ?? [];
  const named = PERIODS.find(([pattern]) => pattern.test(text))?.[1];
  const given = DateTime.fromISO(text);
  const at = amount && unit ? now.plus({ [unitOf(unit)]: Number(amount) }) : named ? given.endOf(named) : given;
  if (!at.isValid)
    throw new InvalidArgumentError(
      'It takes 30m, 24h, 7d, 2w, a date like 2026-12-31 (the end of that day), or a time like 2026-12-24T18:00.',
    );
  if (at <= now) throw new InvalidArgumentError('It takes a time that is still to come.');
  return at;
}

/**
 * Parses a whole number from 0.
 * @throws InvalidArgumentError with the line that commander prints
 */
export function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 0.');
  return Number(text);
}
