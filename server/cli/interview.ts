import path from 'node:path';
import type { Command } from 'commander';
import { type Storage, storageCodeOf } from '../../storage/index.ts';
import type { Interview } from '../../storage/types.ts';
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
  withStorage,
} from './command.ts';
import { readTextFile } from './input-file.ts';

/** The example's path, which is valid from here and from dist/server/: the root is two folders up from both. */
const EXAMPLE = path.join(import.meta.dirname, '../../server/cli/interview.example.yaml');

/** Adds `tresgo interview …`. */
export function addInterviewCommands(program: Command, print: Print): void {
  const interviews = program.command('interview').description('sets of questions');

  withCommon(interviews.command('create').argument('<file>', 'a YAML file; - reads standard input'))
    .description('add the interview in FILE to the catalog; "token create --interview SLUG" makes links for it')
    .option('--replace', 'take the place of another interview with this slug; sessions that have begun keep theirs')
    .addHelpText('after', () => keysHelp())
    .action(async (file: string, options: CommonOptions & { replace?: true }) => {
      const interview = await readInterview(file);
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

  withCommon(interviews.command('list'))
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

  withCommon(interviews.command('show').argument('<slug>', 'the interview’s short name, from "interview list"'))
    .description('one interview, as a file that "interview create" takes')
    .action(async (slug: string, options: CommonOptions) => {
      const interview = await withStorage(options, (storage) => storage.interviews.get(slug));
      if (!interview)
        throw new CommandError(`there is no interview ${JSON.stringify(slug)}: "tresgo interview list" shows them`);
      const { interviewText } = await import('./interview-file.ts');
      show(print, options, interview, () => interviewText(interview).trimEnd());
    });
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
language (detected), normalizeAudio (false), and of a question thinkSeconds (0), maxSeconds (600), maxTakes (1).

An example to copy, with comments:  ${exampleName()}`;
}

function inQuestions({ questions }: Interview): string {
  return questions.length === 1 ? '1 question' : `${questions.length} questions`;
}
