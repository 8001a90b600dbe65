/** What all commands share: their options, their way to print, and how they fail. */
import { type Command, InvalidArgumentError } from 'commander';
import { DateTime } from 'luxon';
import { openStorage, type Storage } from '../../storage/index.ts';
import { type Config, readConfig } from '../config.ts';

/** Refused or failed: one line for people, exit status 1. */
export class CommandError extends Error {}

/** Refused for what stands in a file: lines of `file:line:column: what is wrong`, as editors read them; exit status 1. */
export class FileErrors extends Error {
  readonly lines: string[];

  constructor(lines: string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** Standard output. */
export type Print = (text: string) => void;

export interface CommonOptions {
  json?: true;
  dataDir?: string;
}

/** The options that every command takes. */
export function withCommon(command: Command): Command {
  return command
    .option('--json', 'print one JSON document, and nothing else, on standard output')
    .option('--data-dir <folder>', 'where catalog and recordings lie (default: TRESGO_DATA_DIR, else ./data)');
}

/** Opens the storage for one command and closes it again. The server may run at the same time. */
export async function withStorage<T>(
  options: CommonOptions,
  work: (storage: Storage, config: Config) => Promise<T>,
): Promise<T> {
  const config = readConfig({ dataDir: options.dataDir });
  const storage = await openStorage({ dataDir: config.dataDir });
  try {
    await storage.interviews.ensureDefault();
    return await work(storage, config);
  } finally {
    await storage.close();
  }
}

/** One JSON document, or the text for people. */
export function show(print: Print, options: CommonOptions, document: unknown, text: () => string): void {
  print(options.json ? `${JSON.stringify(document, null, 2)}\n` : `${text()}\n`);
}

/** Rows under headings, columns two spaces apart; `none` where there are no rows. */
export function table(rows: Array<Record<string, string>>, none: string): string {
  const first = rows[0];
  if (!first) return none;
  const columns = Object.keys(first);
  const lines = [Object.fromEntries(columns.map((column) => [column, column.toUpperCase()])), ...rows];
  const widths = columns.map((column) => Math.max(...lines.map((row) => (row[column] ?? '').length)));
  return lines
    .map((row) =>
      columns
        .map((column, at) => (row[column] ?? '').padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `2026-11-23 20:52` in the machine's own time zone. */
export function shortTime(at: DateTime): string {
  return at.toLocal().toFormat('yyyy-MM-dd HH:mm');
}

/** `30m`, `24h`, `7d`, `2w` from now, or an ISO 8601 time. For commander: throws what it prints. */
export function parseExpiry(text: string): DateTime {
  const [, amount, unit] = text.match(/^(\d{1,5})([smhdw])$/) ?? [];
  const units: Record<string, string> = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days', w: 'weeks' };
  const at = amount && unit ? DateTime.now().plus({ [units[unit] as string]: Number(amount) }) : DateTime.fromISO(text);
  if (!at.isValid) throw new InvalidArgumentError('It takes 30m, 24h, 7d, 2w, or a time like 2026-12-24T18:00.');
  if (at.toMillis() <= Date.now()) throw new InvalidArgumentError('It takes a time that is still to come.');
  return at;
}

/** A whole number from 0. For commander: throws what it prints. */
export function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 0.');
  return Number(text);
}
