import { type Command, InvalidArgumentError } from 'commander';
import type { DateTime } from 'luxon';
import type { Storage } from '../../storage/index.ts';
import type { Token } from '../../storage/types.ts';
import { type Config, publicUrl } from '../config.ts';
import {
  CommandError,
  type CommonOptions,
  type Print,
  parseCount,
  parseExpiry,
  shortTime,
  show,
  table,
  withCommon,
  withStorage,
} from './command.ts';

interface CreateOptions extends CommonOptions {
  name: string;
  interview: string;
  expires?: DateTime;
  maxSessions: number;
  token?: string;
}

/** Makes a token; the secret is in the answer, once, and nowhere else. */
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
  const { token, secret } = await storage.tokens.create(from).catch((error: Error & { code?: string }) => {
    throw error.code === 'token-taken'
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

/** `tresgo token …` */
export function addTokenCommands(program: Command, print: Print): void {
  const tokens = program.command('token').description('links for candidates');

  withCommon(tokens.command('create'))
    .description('make a token and print it, once, with the candidate’s link')
    .requiredOption('--name <name>', 'the candidate’s full name, as it must be typed', parseName)
    .option('--interview <slug>', 'the questions', 'default')
    .option('--expires <when>', 'no new session after that: 30m, 24h, 7d, 2w or a time (default: never)', parseExpiry)
    .option('--max-sessions <n>', 'sessions it allows; 0 = any number', parseCount, 1)
    .option('--token <value>', 'a value of your own: 4 to 200 printable ASCII characters', parseSecret)
    .action(async (options: CreateOptions) => {
      const made = await withStorage(options, (storage, config) =>
        createToken(storage, config, { ...options, expiresAt: options.expires ?? null }),
      );
      show(
        print,
        options,
        made,
        () =>
          `Token for ${made.name} (id ${made.id}${made.expiresAt ? `, expires ${made.expiresAt}` : ''}):\n  ${made.token}\nLink:\n  ${made.link}`,
      );
    });

  withCommon(tokens.command('list'))
    .description('all tokens, without their secrets')
    .action(async (options: CommonOptions) => {
      const all = await withStorage(options, async (storage) =>
        Promise.all((await storage.tokens.list()).map((token) => summaryOf(storage, token))),
      );
      show(print, options, all, () =>
        table(
          all.map(({ id, name, interview, sessions, maxSessions, expiresAt, state }) => ({
            id,
            name,
            interview,
            sessions: `${sessions.length} of ${maxSessions || 'any'}`,
            expires: expiresAt ?? 'never',
            state,
          })),
          'No tokens yet: make one with "tresgo token create --name …".',
        ),
      );
    });

  withCommon(tokens.command('show').argument('<id>', 'the token’s id, from "token list"'))
    .description('one token and its sessions')
    .action(async (id: string, options: CommonOptions) => {
      const token = await withStorage(options, async (storage) => summaryOf(storage, await requireToken(storage, id)));
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
          await requireToken(storage, id);
          await storage.tokens.revoke(id, revoked);
          return summaryOf(storage, await requireToken(storage, id));
        });
        show(print, options, token, () => `The token of ${token.name} is ${token.state}.`);
      });
  }
}

async function requireToken(storage: Storage, id: string): Promise<Token> {
  const token = await storage.tokens.get(id);
  if (!token) throw new CommandError(`there is no token ${JSON.stringify(id)}: "tresgo token list" shows them`);
  return token;
}

async function summaryOf(storage: Storage, token: Token) {
  const sessions = await storage.sessions.list(token.id);
  const expired = token.expiresAt !== null && token.expiresAt.toMillis() <= Date.now();
  const state = token.revokedAt ? 'revoked' : expired ? 'expired' : 'active';
  return {
    id: token.id,
    name: token.name,
    interview: token.interview,
    state,
    createdAt: shortTime(token.createdAt),
    expiresAt: token.expiresAt && shortTime(token.expiresAt),
    maxSessions: token.maxSessions,
    sessions: sessions.map((session) => session.folder),
  };
}

function parseName(text: string): string {
  const name = text.trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (name === '' || name.length > 1000 || /[\u0000-\u001f\u007f]/.test(name)) {
    throw new InvalidArgumentError('It takes a name of 1 to 1000 characters, without control characters.');
  }
  return name;
}

function parseSecret(text: string): string {
  if (!/^[\x20-\x7e]{4,200}$/.test(text) || text.trim() !== text)
    throw new InvalidArgumentError('It takes 4 to 200 printable ASCII characters, and no space at either end.');
  return text;
}
