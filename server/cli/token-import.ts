/** `tresgo token import`: many candidates at once, each with a link and a message to send. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { newSecret, type Storage, slugify } from '../../storage/index.ts';
import type { Candidate, CandidateRow, CandidatesFile } from './candidates-file.ts';
import {
  CommandError,
  type CommonOptions,
  FileErrors,
  linkOrigin,
  type Print,
  say,
  show,
  withExamples,
  withStorage,
} from './command.ts';
import { readTextFile } from './input-file.ts';
import { invitationText } from './invitation.ts';
import { linkOf, pageLanguage } from './link.ts';

interface ImportOptions extends CommonOptions {
  out?: string;
  interview: string;
  dryRun?: true;
  qr?: string;
}

/** What a row becomes. */
interface Made {
  secret: string;
  link: string;
  message: string;
}

/** In messages of a dry run, in which no link is made. */
const NO_LINK = '…';

/** Adds the command. */
export function addTokenImport(create: (name: string) => Command, print: Print): void {
  withExamples(
    create('import').argument('<file>', 'a CSV file; - reads standard input'),
    'token import candidates.csv --dry-run',
    'token import candidates.csv --out invitations.csv',
    'token import candidates.csv --out invitations.csv --interview sales --qr codes',
  )
    .description('make a token for each row of a CSV file: all of them, or none')
    .option(
      '--out <file>',
      'the result: the same rows with link and message, or with the mistakes under error (default: standard output)',
    )
    .option('--interview <slug>', 'the questions of rows that name none', 'default')
    .option('--dry-run', 'look for mistakes and write the messages, but make nothing')
    .option('--qr <folder>', 'also a picture of each link as a QR code (SVG)')
    .addHelpText(
      'before',
      `Columns, named in the first row: name, and if you like email, token (a secret of your own), interview,
expires (7d, a date or a time) and language (en, vi, th: of the page and of the message). Further
columns are kept. The result has the secrets: it can't be made again.
`,
    )
    .action(async (file: string, options: ImportOptions) => {
      const { MAX_FILE_BYTES, parseCandidates, candidatesText } = await import('./candidates-file.ts');
      const { label, text } = await readTextFile(file, MAX_FILE_BYTES, 'name a CSV file with the column "name"');
      const { read, made, guess } = await withStorage(
        options,
        async (storage, config) => {
          const all = new Map((await storage.interviews.list()).map((one) => [one.slug, one]));
          if (!all.has(options.interview))
            throw new CommandError(
              `there is no interview ${JSON.stringify(options.interview)}: "tresgo interview list" shows them`,
            );
          const read = parseCandidates(text, all, options.interview);
          const { origin, guess } = await linkOrigin(storage, config);
          const made = new Map<CandidateRow, Made>();
          const written: string[] = [];
          try {
            refuseMistakes(label, read);
            for (const row of read.rows) made.set(row, makeOf(row, origin, options.dryRun === true));
            const result = candidatesText(read, (row) => addedOf(made.get(row)), '\r\n');
            // Before anything is made: no secret can be read again.
            if (options.out !== undefined) await write(options.out, `\ufeff${result}`, '--out', written);
            if (options.qr !== undefined && !options.dryRun) await writeCodes(options.qr, made, written);
            if (!options.dryRun) await createAll(storage, made);
            refuseMistakes(label, read);
          } catch (error) {
            for (const file of written) await rm(file, { force: true });
            if (error instanceof FileErrors && options.out !== undefined && read.rows.length > 0) {
              const rows = candidatesText(read, mistakesOf, '\r\n');
              const where = await write(options.out, `\ufeff${rows}`, '--out', written).then(
                () => `${options.out} has all rows, with their mistakes: correct and import it`,
                ({ message }: Error) => message,
              );
              throw new FileErrors([...error.lines, where]);
            }
            throw error;
          }
          return { read, made, guess };
        },
        { makes: options.dryRun !== true },
      );
      if (guess && !options.dryRun) say(guess);
      if (read.unknown.length > 0) say(`these columns mean nothing here: ${read.unknown.join(', ')}`);
      show(
        print,
        options,
        read.rows.map((row) => documentOf(row, made.get(row))),
        () => {
          if (options.dryRun) return dryRunText(read, made, options.out);
          if (options.out === undefined) return candidatesText(read, (row) => addedOf(made.get(row)), '\n').trimEnd();
          return [
            `${countOf(read)} are in the catalog. Their links and messages are in ${options.out}.`,
            ...(options.qr === undefined ? [] : [`QR codes of the links are in ${options.qr}.`]),
          ].join('\n');
        },
      );
    });
}

/** @throws FileErrors with a line for each mistake; nothing is made then */
function refuseMistakes(label: string, { rows, errors }: CandidatesFile): void {
  const lines = [...errors, ...rows.flatMap(({ row, errors }) => errors.map((error) => `row ${row}, ${error}`))];
  if (lines.length > 0) throw new FileErrors(lines.map((line) => `${label}: ${line}`));
}

function makeOf({ candidate }: CandidateRow, origin: string, isDry: boolean): Made {
  const { name, token, expiresAt, interview, language } = requireRight(candidate);
  const spoken = language ?? pageLanguage(interview.language);
  const secret = token ?? newSecret();
  const link = isDry ? '' : linkOf(origin, secret, spoken);
  const organization = interview.organization ?? null;
  return {
    secret,
    link,
    message: invitationText({ name, link: link || NO_LINK, expiresAt, organization }, spoken ?? 'en'),
  };
}

/** Makes all tokens; or none, where a secret of the admin's own is a token already: then its row gets the mistake. */
async function createAll({ tokens }: Storage, made: ReadonlyMap<CandidateRow, Made>): Promise<void> {
  const rows = [...made].map(([row, { secret }]) => ({ row, of: requireRight(row.candidate), secret }));
  const { taken } = await tokens.createAll(
    rows.map(({ of: { name, interview, expiresAt, language }, secret }) => ({
      ...{ name, interview: interview.slug, expiresAt, language },
      ...{ maxSessions: 1, token: secret },
    })),
  );
  for (const at of taken) rows[at]?.row.errors.push('token: It is a token already: choose another, or leave it out.');
}

function requireRight(candidate: Candidate | null): Candidate {
  if (!candidate) throw new Error('a row with mistakes was not refused');
  return candidate;
}

function addedOf(made: Made | undefined) {
  return { link: made?.link ?? '', message: made?.message ?? '', error: '' };
}

function mistakesOf({ errors }: CandidateRow) {
  return { link: '', message: '', error: errors.join('; ') };
}

function documentOf({ row, candidate }: CandidateRow, made: Made | undefined) {
  const { name, email, interview, expiresAt, language } = requireRight(candidate);
  return {
    ...{ row, name, email, interview: interview.slug, language },
    expiresAt: expiresAt?.toUTC().toISO() ?? null,
    ...{ link: made?.link || null, message: made?.message ?? null },
  };
}

function dryRunText(read: CandidatesFile, made: ReadonlyMap<CandidateRow, Made>, out: string | undefined): string {
  const [first] = made.values();
  return [
    `${countOf(read)} can be made. Nothing was made${out === undefined ? '' : `; the messages are in ${out}`}. The first message:`,
    '',
    ...(first?.message.split('\n').map((line) => `  ${line}`.trimEnd()) ?? []),
  ].join('\n');
}

function countOf({ rows }: Pick<CandidatesFile, 'rows'>): string {
  return rows.length === 1 ? '1 token' : `${rows.length} tokens`;
}

/**
 * Writes a new file that nobody else may read.
 * @param written gets the file's path
 * @throws CommandError where the file is there, or can't be written
 */
async function write(file: string, text: string, option: string, written: string[]): Promise<void> {
  await writeFile(file, text, { flag: 'wx', mode: 0o600, flush: true }).catch(({ code }: NodeJS.ErrnoException) => {
    const why = code === 'EEXIST' ? 'it is there already' : code;
    throw new CommandError(`${file} can’t be written (${why}): name another one with ${option}`);
  });
  written.push(file);
}

/** Writes the link of each row as a picture: `002_nguyen_van_a.svg`. @throws CommandError as `write` */
async function writeCodes(folder: string, made: ReadonlyMap<CandidateRow, Made>, written: string[]): Promise<void> {
  const { renderSVG } = await import('uqr');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [{ row, candidate }, { link }] of made) {
    const name = `${String(row).padStart(3, '0')}_${slugify(requireRight(candidate).name) || 'candidate'}.svg`;
    await write(path.join(folder, name), renderSVG(link), '--qr', written);
  }
}
