import type { Command } from 'commander';
import { DateTime } from 'luxon';
import { type Storage, storageCodeOf } from '../../storage/index.ts';
import { type Config, publicUrl } from '../config.ts';
import {
  CommandError,
  type CommonOptions,
  exactTime,
  linkOrigin,
  type Print,
  parseCount,
  parseExpiry,
  say,
  show,
  withCommon,
  withExamples,
  withStorage,
} from './command.ts';
import { linkOf } from './link.ts';
import { addTokenChanges } from './token-change.ts';
import { addTokenImport } from './token-import.ts';
import { addTokenLists } from './token-list.ts';
import { EXTRA_TAKES, FACTOR, parseExtraTakes, parseFactor, parseName, parseSecret } from './token-options.ts';
import { addTokenRemind } from './token-remind.ts';

/** A secret with fewer characters is not looked at from a network that guesses (SECURITY.md). */
const SAFE_LENGTH = 16;

interface CreateOptions extends CommonOptions {
  name: string;
  interview: string;
  expires?: DateTime;
  maxSessions: number;
  token?: string;
  timeFactor: number;
  extraTakes: number;
}

/**
 * Creates a token. The result is the only place with the secret: the catalog stores its hash.
 * @throws CommandError where the interview does not exist or the secret is taken
 */
export async function createToken(
  storage: Pick<Storage, 'tokens' | 'interviews'>,
  config: Pick<Config, 'publicUrl' | 'tls' | 'host' | 'port'>,
  from: {
    name: string;
    interview: string;
    expiresAt: DateTime | null;
    maxSessions: number;
    token?: string | undefined;
    timeFactor?: number | undefined;
    extraTakes?: number | undefined;
  },
) {
  const interview = await storage.interviews.get(from.interview);
  if (!interview)
    throw new CommandError(
      `there is no interview ${JSON.stringify(from.interview)}: "tresgo interview list" shows them`,
    );
  const { language } = interview;
  const { token, secret } = await storage.tokens.create(from).catch((error: unknown) => {
    throw storageCodeOf(error) === 'token-taken'
      ? new CommandError('this value is a token already: choose another, or leave --token out')
      : error;
  });
  return {
    id: token.id,
    token: secret,
    name: token.name,
    link: linkOf(publicUrl(config), secret, language ?? null),
    expiresAt: token.expiresAt?.toUTC().toISO() ?? null,
  };
}

/** Adds `tresgo token …`. */
export function addTokenCommands(program: Command, print: Print): void {
  const tokens = withExamples(
    program.command('token'),
    'token create --name "Nguyễn Văn A"',
    'token import candidates.csv --out invitations.csv',
    'token list --state invited,opened',
    'token remind --older 2d',
  ).description('links for candidates');

  withExamples(
    withCommon(tokens.command('create')),
    'token create --name "Nguyễn Văn A"',
    'token create --name "Nguyễn Văn A" --interview sales --expires 7d',
    'token create --name "Nguyễn Văn A" --time-factor 1.5 --extra-takes 1   # more time for one person',
  )
    .description('make a token and print it, once, with the candidate’s link')
    .requiredOption(
      '--name <name>',
      'the candidate’s full name; typed without accents, a title or a middle name it is known, too',
      parseName,
    )
    .option('--interview <slug>', 'the questions', 'default')
    .option(
      '--expires <when>',
      'no new session after that: 30m, 24h, 7d, 2w, a date (its end) or a time (default: never)',
      (text) => parseExpiry(text),
    )
    .option('--max-sessions <n>', 'sessions it allows; 0 = any number', parseCount, 1)
    .option('--time-factor <n>', FACTOR, parseFactor, 1)
    .option('--extra-takes <n>', EXTRA_TAKES, parseExtraTakes, 0)
    .option('--token <value>', 'a value of your own: 4 to 200 printable ASCII characters', parseSecret)
    .action(async (options: CreateOptions) => {
      const { made, guess } = await withStorage(
        options,
        async (storage, config) => {
          const { origin, guess } = await linkOrigin(storage, config);
          const from = { ...options, expiresAt: options.expires ?? null };
          return { made: await createToken(storage, { ...config, publicUrl: origin }, from), guess };
        },
        { makes: true },
      );
      if (guess) say(guess);
      if (made.token.length < SAFE_LENGTH)
        say(
          `this token has ${made.token.length} characters and can be guessed: use ${SAFE_LENGTH} or more, or leave --token out`,
        );
      const expires = made.expiresAt ? `, expires ${exactTime(DateTime.fromISO(made.expiresAt))}` : '';
      show(
        print,
        options,
        made,
        () => `Token for ${made.name} (id ${made.id}${expires}):\n  ${made.token}\nLink:\n  ${made.link}`,
      );
    });

  addTokenLists((name) => withCommon(tokens.command(name)), print);
  addTokenChanges((name) => withCommon(tokens.command(name)), print);
  addTokenImport((name) => withCommon(tokens.command(name)), print);
  addTokenRemind((name) => withCommon(tokens.command(name)), print);
}
