import { type Command, InvalidArgumentError } from 'commander';
import { DateTime } from 'luxon';
import { type Storage, stateOfToken, storageCodeOf, type TokenOverview } from '../../storage/index.ts';
import { type Config, publicUrl } from '../config.ts';
import { fullName } from '../name.ts';
import {
  CommandError,
  type CommonOptions,
  exactTime,
  isoTime,
  linkOrigin,
  type Print,
  parseCount,
  parseExpiry,
  say,
  shortTime,
  show,
  table,
  withCommon,
  withStorage,
} from './command.ts';

/** A secret with fewer characters is not looked at from a network that guesses (SECURITY.md). */
const SAFE_LENGTH = 16;

interface CreateOptions extends CommonOptions {
  name: string;
  interview: string;
  expires?: DateTime;
  maxSessions: number;
  token?: string;
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
  },
) {
  if (!(await storage.interviews.get(from.interview)))
    throw new CommandError(
      `there is no interview ${JSON.stringify(from.interview)}: "tresgo interview list" shows them`,
    );
  const { token, secret } = await storage.tokens.create(from).catch((error: unknown) => {
    throw storageCodeOf(error) === 'token-taken'
      ? new CommandError('this value is a token already: choose another, or leave --token out')
      : error;
  });
  return {
    id: token.id,
    token: secret,
    name: token.name,
    link: `${publicUrl(config)}/#t=${encodeURIComponent(secret)}`,
    expiresAt: token.expiresAt?.toUTC().toISO() ?? null,
  };
}

/** Adds `tresgo token …`. */
export function addTokenCommands(program: Command, print: Print): void {
  const tokens = program.command('token').description('links for candidates');

  withCommon(tokens.command('create'))
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

  withCommon(tokens.command('list'))
    .description('all tokens, without their secrets')
    .action(async (options: CommonOptions) => {
      const all = await withStorage(options, async (storage) => (await storage.lists.tokens()).map(summaryOf));
      show(print, options, all, () =>
        table(
          all.map(({ id, name, interview, sessions, maxSessions, expiresAt, state, answered, questions }) => ({
            id,
            name,
            interview,
            sessions: `${sessions.length} of ${maxSessions || 'any'}`,
            expires: expiresAt === null ? 'never' : shortTime(DateTime.fromISO(expiresAt)),
            state: state === 'in-progress' ? `${state} (${answered} of ${questions})` : state,
          })),
          'No tokens yet: make one with "tresgo token create --name …".',
        ),
      );
    });

  withCommon(tokens.command('show').argument('<id>', 'the token’s id, from "token list"'))
    .description('one token and its sessions')
    .action(async (id: string, options: CommonOptions) => {
      const token = await withStorage(options, async (storage) => requireSummary(storage, id));
      show(print, options, token, () =>
        Object.entries(token)
          .map(([key, value]) => `${key}: ${Array.isArray(value) ? value.join(', ') || 'none' : (value ?? 'never')}`)
          .join('\n'),
      );
    });

  for (const { name, revoked, description } of [
    { name: 'revoke', revoked: true, description: 'stop everything that uses it; nothing received is deleted' },
    { name: 'restore', revoked: false, description: 'let the same session and uploads go on' },
  ]) {
    withCommon(tokens.command(name).argument('<id>', 'the token’s id, from "token list"'))
      .description(description)
      .action(async (id: string, options: CommonOptions) => {
        const token = await withStorage(options, async (storage) => {
          await requireSummary(storage, id);
          await storage.tokens.revoke(id, revoked);
          return requireSummary(storage, id);
        });
        show(print, options, token, () => `The token of ${token.name} is ${token.state}.`);
      });
  }
}

/** @throws CommandError where there is no such token */
async function requireSummary(storage: Storage, id: string) {
  const [overview] = await storage.lists.tokens(id);
  if (!overview) throw new CommandError(`there is no token ${JSON.stringify(id)}: "tresgo token list" shows them`);
  return summaryOf(overview);
}

function summaryOf(overview: TokenOverview) {
  const { token, sessions } = overview;
  const newest = sessions.at(0);
  return {
    id: token.id,
    name: token.name,
    interview: token.interview,
    state: stateOfToken(overview),
    /** Of the newest session. */
    answered: newest?.answered ?? 0,
    questions: newest?.questions ?? null,
    createdAt: isoTime(token.createdAt),
    openedAt: token.openedAt && isoTime(token.openedAt),
    expiresAt: token.expiresAt && isoTime(token.expiresAt),
    revokedAt: token.revokedAt && isoTime(token.revokedAt),
    maxSessions: token.maxSessions,
    sessions: sessions.map(({ folder }) => folder),
  };
}

function parseName(text: string): string {
  const { data: name } = fullName.safeParse(text);
  if (name === undefined)
    throw new InvalidArgumentError('It takes a name of 1 to 1000 characters, without control characters.');
  return name;
}

function parseSecret(text: string): string {
  if (!/^[\x20-\x7e]{4,200}$/.test(text) || text.trim() !== text)
    throw new InvalidArgumentError('It takes 4 to 200 printable ASCII characters, and no space at either end.');
  return text;
}
