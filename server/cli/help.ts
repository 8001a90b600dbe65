/** `tresgo help`: of a command, or of what no command's own help says. */
import type { Command } from 'commander';
import type { Print } from './command.ts';
import { toTable } from './table.ts';

/** Each environment variable, and what it sets. */
const ENVIRONMENT: ReadonlyArray<readonly [name: string, sets: string]> = [
  ['PORT', 'the port (8002); 0 = a free one'],
  ['HOST', 'the address to listen on (127.0.0.1)'],
  ['TRESGO_DATA_DIR', 'the folder of the catalog and the recordings (./data); --data-dir goes before it'],
  ['TRESGO_PUBLIC_URL', 'what candidates’ links begin with (what the server listens on)'],
  ['TRESGO_TLS_CERT', 'the certificate for HTTPS, a PEM file; with TRESGO_TLS_KEY'],
  ['TRESGO_TLS_KEY', 'its key, a PEM file'],
  ['TRESGO_MAX_ANSWER_BYTES', 'the largest answer, in bytes (500000000)'],
  ['TRESGO_MIN_FREE_BYTES', 'with less free disk nothing is accepted (1000000000)'],
  ['TRESGO_TRUST_PROXY', 'addresses of proxies whose X-Forwarded-For is believed (none)'],
  ['TRESGO_ALLOWED_ORIGINS', 'origins whose pages may call the server (none)'],
  ['TRESGO_LOG_LEVEL', 'silent, fatal, error, warn, info, debug or trace (info)'],
  ['TRESGO_FFMPEG', 'the ffmpeg that makes copies (the one in PATH)'],
  ['TRESGO_TRANSCRIBE', 'off, whisper-cli or openai (off)'],
  ['TRESGO_WHISPER_MODEL', 'the model’s file, for whisper-cli'],
  ['TRESGO_OPENAI_BASE_URL', 'the server, for openai (https://api.openai.com/v1)'],
  ['TRESGO_OPENAI_API_KEY', 'the key for that server'],
  ['TRESGO_OPENAI_MODEL', 'the model to ask that server for (whisper-1)'],
  ['TZ', 'the time zone of times for people, and of dates that you give'],
];

const EXIT_CODES: ReadonlyArray<readonly [code: string, means: string]> = [
  ['0', 'done'],
  ['1', 'refused or failed: one line on standard error says why and what to do'],
  ['2', 'wrong usage: an unknown command or option, or a value that an option does not take'],
];

/** The topics, by their names. */
const TOPICS: Readonly<Record<string, { about: string; text: () => string }>> = {
  environment: {
    about: 'the variables that set things',
    text: () => `${tableOf('VARIABLE', 'WHAT IT SETS', ENVIRONMENT)}\n\nAn empty variable counts as absent.`,
  },
  'exit-codes': { about: 'what a command’s exit status says', text: () => tableOf('STATUS', 'MEANS', EXIT_CODES) },
};

/** Adds `tresgo help`. */
export function addHelpCommand(program: Command, print: Print): void {
  const topics = Object.entries(TOPICS).map(([name, { about }]) => ({ name: `  help ${name}`, about }));
  program.helpCommand(false);
  program
    .command('help')
    .argument('[topic...]', `a command, or ${Object.keys(TOPICS).join(' or ')}`)
    .description('the help of a command, or of a topic')
    .addHelpText('after', '\nExamples:\n  $ tresgo help token create\n  $ tresgo help environment')
    .action((words: string[], _options: object, command: Command) => {
      const topic = words.length === 1 ? TOPICS[words[0] ?? ''] : undefined;
      if (topic) return print(`${topic.text()}\n`);
      const found = words.reduce<Command | undefined>(
        (from, word) => from?.commands.find((one) => one.name() === word),
        program,
      );
      if (!found) command.error(`error: there is no help of '${words.join(' ')}': "tresgo --help" lists the commands`);
      else print(found.helpInformation());
    });
  const rows = toTable(topics).split('\n').slice(1).join('\n');
  program.addHelpText(
    'after',
    `\nTopics:\n${rows}\n\nExamples:\n  $ npm start                                  # the server, with a link to try it\n  $ tresgo token create --name "Nguyễn Văn A"  # a link for a candidate\n  $ tresgo session list                        # what was recorded`,
  );
}

function tableOf(first: string, second: string, rows: ReadonlyArray<readonly [string, string]>): string {
  return toTable(rows.map(([a, b]) => ({ [first]: a, [second]: b })));
}
