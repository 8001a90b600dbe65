/** What the options of `tresgo token …` take. */
import { InvalidArgumentError } from 'commander';
import { fullName } from '../name.ts';

/** What the option `--time-factor` takes. */
export const FACTOR = 'what this person’s times are multiplied with, from 1 to 4';
/** What the option `--extra-takes` takes. */
export const EXTRA_TAKES = 'takes that this person has beyond those of each question, from 0 to 5';

/** Parses the name of a candidate. @throws InvalidArgumentError with the line that commander prints */
export function parseName(text: string): string {
  const { data: name } = fullName.safeParse(text);
  if (name === undefined)
    throw new InvalidArgumentError('It takes a name of 1 to 1000 characters, without control characters.');
  return name;
}

/** Parses a secret of the admin's own. @throws InvalidArgumentError with the line that commander prints */
export function parseSecret(text: string): string {
  if (!/^[\x20-\x7e]{4,200}$/.test(text) || text.trim() !== text)
    throw new InvalidArgumentError('It takes 4 to 200 printable ASCII characters, and no space at either end.');
  return text;
}

/** Parses a factor of times. @throws InvalidArgumentError with the line that commander prints */
export function parseFactor(text: string): number {
  const factor = Number(text);
  if (!/^\d(\.\d{1,3})?$/.test(text) || factor < 1 || factor > 4)
    throw new InvalidArgumentError('It takes a number from 1 to 4, like 1.5.');
  return factor;
}

/** Parses a number of further takes. @throws InvalidArgumentError with the line that commander prints */
export function parseExtraTakes(text: string): number {
  if (!/^[0-5]$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 0 to 5.');
  return Number(text);
}
