/** `tresgo backup`, `restore` and `check`. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import {
  backUp,
  type CheckReport,
  type CopyReport,
  checkData,
  hasCatalog,
  restoreBackup,
  type StoredProblem,
} from '../../storage/index.ts';
import { readConfig } from '../config.ts';
import {
  CommandError,
  type CommonOptions,
  createProgress,
  type Print,
  say,
  show,
  withCommon,
  withExamples,
} from './command.ts';
import { inMegabytes } from './table.ts';

const FOLDER_HELP = `
FOLDER is the folder of one session, from "tresgo session list", or a part of it that no other has, or the path of a backup.`;

/** Adds `tresgo backup`, `tresgo restore` and `tresgo check`. */
export function addBackupCommands(program: Command, print: Print): void {
  withExamples(withCommon(program.command('backup')), 'backup --out /mnt/backups/today')
    .description('copy everything, consistently, while the server runs; "restore" takes the copy')
    .requiredOption('--out <folder>', 'where the copy goes: a folder that is new, or empty')
    .action(async (options: CommonOptions & { out: string }) => {
      const { dataDir } = readConfig({ dataDir: options.dataDir });
      const out = path.resolve(options.out);
      const report = await backUp(dataDir, out, createProgress('recordings are copied'));
      show(print, options, { out, dataDir, ...report }, () =>
        [`The backup of ${dataDir} is in ${out}: ${inWords(report)}.`, ...report.problems.map(lineOf)].join('\n'),
      );
      refuseProblems(report.problems, 'the data folder lacks them, and so does the backup');
    });

  withExamples(
    withCommon(program.command('restore').argument('<folder>', 'a backup, or a data folder that no server runs on')),
    'restore /mnt/backups/today --data-dir ./data',
  )
    .description('make a data folder of a backup; the data folder must hold nothing yet')
    .action(async (folder: string, options: CommonOptions) => {
      const { dataDir } = readConfig({ dataDir: options.dataDir });
      const from = path.resolve(folder);
      const report = await restoreBackup(from, dataDir, createProgress('recordings are restored'));
      say(`made a new data folder ${dataDir}`);
      show(print, options, { dataDir, from, ...report }, () =>
        [
          `${from} is restored to ${dataDir}: ${inWords(report)}.`,
          ...report.problems.map(lineOf),
          `Start the server on it:  npx tresgo serve${options.dataDir === undefined ? '' : ` --data-dir ${dataDir}`}`,
        ].join('\n'),
      );
      refuseProblems(report.problems, 'the backup lacks them');
    });

  withExamples(
    withCommon(program.command('check').argument('[folder]', 'one session, or a backup; everything by default')),
    'check',
    'check nguyen_van_a --receipt receipt.txt',
  )
    .description('compare the length and the SHA-256 of every recording with the catalog')
    .option('--receipt <file>', 'also compare with a receipt that a candidate has saved')
    .addHelpText('after', FOLDER_HELP)
    .action(async (folder: string | undefined, options: CommonOptions & { receipt?: string }) => {
      const config = readConfig({ dataDir: options.dataDir });
      const isBackup = folder !== undefined && (await hasCatalog(path.resolve(folder)));
      const dataDir = isBackup ? path.resolve(folder) : config.dataDir;
      const receipt = options.receipt === undefined ? null : await readReceipt(options.receipt);
      const session = isBackup ? undefined : folder;
      const report = await checkData(dataDir, {
        folder: session ?? receipt?.folder,
        onProgress: createProgress('recordings are checked'),
      });
      if (!report)
        throw new CommandError(
          `there is no session ${JSON.stringify(session ?? receipt?.folder)} in ${dataDir}: "tresgo session list" shows them`,
        );
      const { held, ...rest } = report;
      const problems = [...rest.problems, ...(receipt ? compare(receipt, held) : [])];
      show(print, options, { dataDir, ...rest, problems }, () =>
        [
          ...problems.map(lineOf),
          problems.length === 0 ? `All is whole: ${inWords(report)}.` : `Checked: ${inWords(report)}.`,
        ].join('\n'),
      );
      refuseProblems(
        problems,
        '"tresgo session repair FOLDER" asks for what can be had again, a backup may have the rest',
      );
    });
}

function inWords({ sessions, recordings, uploads, bytes }: CopyReport | CheckReport): string {
  const count = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`;
  return `${count(sessions, 'session')}, ${count(recordings, 'recording')}, ${count(uploads, 'unfinished upload')}, ${inMegabytes(bytes)}`;
}

function lineOf({ folder, question, take, file, problem }: StoredProblem): string {
  return `${folder}: question ${question}, take ${take}: ${file} ${problem}`;
}

/** @throws CommandError where there are problems: exit status 1 */
function refuseProblems(problems: StoredProblem[], words: string): void {
  if (problems.length === 0) return;
  throw new CommandError(
    `${problems.length === 1 ? '1 recording is' : `${problems.length} recordings are`} not whole: ${words}`,
  );
}

interface SavedReceipt {
  folder: string;
  answers: Array<{ fileName: string; sha256: string }>;
}

/**
 * Reads a receipt as the page saves it, in any language, or as the server sends it.
 * @throws CommandError
 */
async function readReceipt(file: string): Promise<SavedReceipt> {
  const text = await readFile(file, 'utf8').catch(({ code }: NodeJS.ErrnoException) => {
    throw new CommandError(`${file} can’t be read (${code}): name the file of a receipt`);
  });
  const folder = text.match(/\b\d\d_\d\d_\d{4}_\d\d_\d\d_\w+/)?.[0];
  const answers = [...text.matchAll(/\b(Q\d+\.(?:webm|mp4))\b.*?\b([0-9a-f]{64})\b/gs)].map(
    ([, fileName = '', sha256 = '']) => ({ fileName, sha256 }),
  );
  if (folder === undefined || answers.length === 0)
    throw new CommandError(`${file} is no receipt: it names no session folder and no SHA-256`);
  return { folder, answers };
}

/** The answers of a receipt that are not stored whole; a later take may have taken the place of one that is kept. */
function compare({ folder, answers }: SavedReceipt, held: CheckReport['held']): StoredProblem[] {
  return answers
    .filter(({ sha256 }) => !held.some((one) => one.folder === folder && one.sha256 === sha256))
    .map(({ fileName, sha256 }) => {
      const stored = held.find(({ file }) => file === `sessions/${folder}/${fileName}`);
      return {
        folder,
        question: Number(fileName.match(/\d+/)?.[0]),
        take: stored?.take ?? 0,
        file: `sessions/${folder}/${fileName}`,
        problem: stored
          ? `is not what the receipt says (SHA-256 ${stored.sha256}, not ${sha256})`
          : `is not stored whole (the receipt has SHA-256 ${sha256})`,
      };
    });
}
