import path from 'node:path';
import type { Command } from 'commander';
import { defaultInterviews, type Storage, storageCodeOf } from '../../storage/index.ts';
import type { Interview } from '../../storage/types.ts';
import { readConfig } from '../config.ts';
import { answerFits, LOWEST_BITS_PER_SECOND } from '../wire.ts';
import {
  CommandError,
  type CommonOptions,
  FileErrors,
  type Print,
  say,
  show,
  table,
  withCommon,
  withExamples,
  withStorage,
} from './command.ts';
import { readTextFile } from './input-file.ts';

/** The example's path, which is valid from here and from dist/server/: the root is two folders up from both. */
const EXAMPLE = path.join(import.meta.dirname, '../../server/cli/interview.example.yaml');

/** Adds `tresgo interview …`. */
export function addInterviewCommands(program: Command, print: Print): void {
  const interviews = withExamples(
    program.command('interview'),
    'interview list',
    'interview create sales.yaml',
  ).description('sets of questions');

  withExamples(
    withCommon(interviews.command('create').argument('<file>', 'a YAML file; - reads standard input')),
    'interview create sales.yaml --dry-run',
    'interview create sales.yaml',
    'interview show sales > sales.yaml',
  )
    .description('add the interview in FILE to the catalog; "token create --interview SLUG" makes links for it')
    .option('--dry-run', 'look for mistakes alone, and change nothing')
    .option('--replace', 'take the place of another interview with this slug; sessions that have begun keep theirs')
    .addHelpText('after', () => keysHelp())
    .action(async (file: string, options: CommonOptions & { replace?: true; dryRun?: true }) => {
      const interview = await readInterview(file);
      if (options.dryRun) {
        for (const line of tooLongIn(interview, readConfig({ dataDir: options.dataDir }).maxAnswerBytes)) say(line);
        const text = `The file is right: the interview "${interview.slug}" has ${inQuestions(interview)}. Nothing was changed.`;
        return show(print, options, { ...interview, outcome: 'checked' }, () => text);
      }
      const { outcome, maxAnswerBytes } = await withStorage(
        options,
        async (storage, config) => ({
          maxAnswerBytes: config.maxAnswerBytes,
          outcome: await storage.interviews
            .create(interview, { replace: options.replace === true })
            .catch((error: unknown) => {
              throw storageCodeOf(error) === 'interview-taken'
                ? new CommandError(
                    `there is another interview "${interview.slug}" already: choose another slug, or give --replace (sessions that have begun keep theirs)`,
                  )
                : error;
            }),
        }),
        { makes: true },
      );
      for (const line of tooLongIn(interview, maxAnswerBytes)) say(line);
      const words = { created: 'is in the catalog', unchanged: 'was there already, just so', replaced: 'is replaced' };
      show(print, options, { ...interview, outcome }, () =>
        [
          `The interview "${interview.slug}" ${words[outcome]}: ${inQuestions(interview)}.`,
          `Links for it:  npx tresgo token create --interview ${interview.slug} --name NAME`,
        ].join('\n'),
      );
    });

  withExamples(withCommon(interviews.command('list')), 'interview list --json')
    .description('all interviews')
    .action(async (options: CommonOptions) => {
      const all = await withStorage(options, (storage) => storage.interviews.list());
      show(print, options, all, () =>
        table(
          all.map(({ slug, title, gate, keepTakes, questions }) => ({
            slug,
            questions: String(questions.length),
            gate,
            takes: keepTakes ? 'kept' : 'not kept',
            title,
          })),
          'No interviews yet.',
        ),
      );
    });

  withExamples(withCommon(interviews.command('delete').argument('<slug>', SLUG)), 'interview delete sales')
    .description('take away an interview that no token was ever made for')
    .action(async (slug: string, options: CommonOptions) => {
      await withStorage(options, async (storage) => {
        if (defaultInterviews.some((one) => one.slug === slug))
          throw new CommandError(`the interview "${slug}" is made anew at every start: change it with --replace`);
        const counts = Object.values(await storage.lists.countTokens({ interview: slug }));
        const used = counts.reduce((sum, count) => sum + count, 0);
        if (used > 0)
          throw new CommandError(
            `the interview "${slug}" has ${used === 1 ? 'a token' : `${used} tokens`}, so it stays: what candidates were asked belongs to their answers`,
          );
        if (!(await storage.interviews.delete(slug))) throw noInterview(slug);
      });
      show(print, options, { slug, outcome: 'deleted' }, () => `The interview "${slug}" is deleted.`);
    });

  withExamples(withCommon(interviews.command('show').argument('<slug>', SLUG)), 'interview show default')
    .description('one interview, as a file that "interview create" takes')
    .action(async (slug: string, options: CommonOptions) => {
      const interview = await withStorage(options, (storage) => storage.interviews.get(slug));
      if (!interview) throw noInterview(slug);
      const { interviewText } = await import('./interview-file.ts');
      show(print, options, interview, () => interviewText(interview).trimEnd());
    });
}

const SLUG = 'the interview’s short name, from "interview list"';

function noInterview(slug: string): CommandError {
  return new CommandError(`there is no interview ${JSON.stringify(slug)}: "tresgo interview list" shows them`);
}

/** A line for each interview with questions whose longest answer is more than the server takes; it is cut off then. */
export async function tooLong(storage: Pick<Storage, 'interviews'>, maxBytes: number): Promise<string[]> {
  return (await storage.interviews.list()).flatMap((interview) => tooLongIn(interview, maxBytes));
}

function tooLongIn({ slug, questions }: Interview, maxBytes: number): string[] {
  const long = questions.flatMap(({ maxSeconds }, at) => (answerFits({ maxSeconds, maxBytes }) ? [] : [at + 1]));
  if (long.length === 0) return [];
  const longest = Math.max(...questions.map(({ maxSeconds }) => maxSeconds));
  return [
    `interview ${slug}: the longest answer to question${long.length === 1 ? '' : 's'} ${long.join(', ')} does not fit into TRESGO_MAX_ANSWER_BYTES=${maxBytes}, even at the lowest quality: set it to ${bytesFor(longest)} or more, or maxSeconds to ${longestFor(maxBytes)} or less; else the recording ends early`,
  ];
}

/** The bytes of an answer of this length at the lowest quality, with a tenth to spare. */
function bytesFor(maxSeconds: number): number {
  return Math.ceil((maxSeconds * LOWEST_BITS_PER_SECOND) / 8 / 0.9);
}

function longestFor(maxBytes: number): number {
  return Math.floor((maxBytes * 0.9 * 8) / LOWEST_BITS_PER_SECOND);
}

/**
 * Reads an interview's file.
 * @throws FileErrors with a line for each mistake; CommandError where the file can't be read
 */
async function readInterview(file: string): Promise<Interview> {
  const { parseInterview, MAX_FILE_BYTES } = await import('./interview-file.ts');
  const { label, text } = await readTextFile(file, MAX_FILE_BYTES, `name a YAML file, like ${exampleName()}`);
  const parsed = parseInterview(text, label);
  if ('errors' in parsed) throw new FileErrors(parsed.errors);
  return parsed;
}

/** The example's path: relative where the example is below the current folder. */
function exampleName(): string {
  const near = path.relative(process.cwd(), EXAMPLE);
  return near.startsWith('..') ? EXAMPLE : near;
}

function keysHelp(): string {
  return `
Keys: slug, title, questions; each question: text. What may be left out: gate (each), keepTakes (true),
language (detected), normalizeAudio (false), and of a question readSeconds (0), thinkSeconds (0), maxSeconds (600),
maxTakes (1).

An example to copy, with comments:  ${exampleName()}`;
}

function inQuestions({ questions }: Interview): string {
  return questions.length === 1 ? '1 question' : `${questions.length} questions`;
}
