/** What an admin changes of a token that is out already: `tresgo token revoke`, `restore`, `update`, `reissue`. */
import { type Command, InvalidArgumentError } from 'commander';
import { DateTime } from 'luxon';
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
  unitOf,
  withExamples,
  withStorage,
} from './command.ts';
import { linkOf } from './link.ts';
import { ID, requireToken } from './token-id.ts';
import { tokenSummary } from './token-list.ts';
import { EXTRA_TAKES, FACTOR, parseExtraTakes, parseFactor, parseName } from './token-options.ts';

/** The new expiry by the old one. @throws CommandError */
type NewExpiry = (old: DateTime | null) => DateTime | null;

interface UpdateOptions extends CommonOptions {
  expires?: NewExpiry;
  name?: string;
  maxSessions?: number;
  timeFactor?: number;
  extraTakes?: number;
}

/** Adds the commands. */
export function addTokenChanges(create: (name: string) => Command, print: Print): void {
  for (const { name, revoked, description } of [
    { name: 'revoke', revoked: true, description: 'stop everything that uses it; nothing received is deleted' },
    { name: 'restore', revoked: false, description: 'let the same session and uploads go on' },
  ]) {
    withExamples(create(name).argument('<id>', ID), `token ${name} 3f2a`)
      .description(description)
      .action(async (id: string, options: CommonOptions) => {
        const token = await withStorage(options, async (storage) => {
          const { token } = await requireToken(storage, id);
          await storage.tokens.revoke(token.id, revoked);
          return tokenSummary(await requireToken(storage, token.id));
        });
        show(print, options, token, () => `The token of ${token.name} is ${token.state}.`);
      });
  }

  withExamples(
    create('update').argument('<id>', ID),
    'token update 3f2a --expires +3d               # three days later than now set',
    'token update 3f2a --expires 7d                # in seven days from now',
    'token update 3f2a --time-factor 1.5 --extra-takes 1',
    'token update 3f2a --name "Nguyễn Văn An"',
  )
    .description('change what a token allows, or the name on it; its link stays the same')
    .option('--expires <when>', '+3d (later than it is), 7d (from now), a date, a time, or never', parseNewExpiry)
    .option('--name <name>', 'the candidate’s full name', parseName)
    .option('--max-sessions <n>', 'sessions it allows; 0 = any number', parseCount)
    .option('--time-factor <n>', `${FACTOR}; from the next log-in on`, parseFactor)
    .option('--extra-takes <n>', `${EXTRA_TAKES}; from the next log-in on`, parseExtraTakes)
    .action(async (id: string, { json, dataDir: _, expires, ...change }: UpdateOptions, command: Command) => {
      if (!expires && Object.keys(change).length === 0)
        command.error('error: say what to change: --expires, --name, --max-sessions, --time-factor or --extra-takes');
      const token = await withStorage(command.opts<CommonOptions>(), async (storage) => {
        const { token } = await requireToken(storage, id);
        await storage.tokens.update(token.id, {
          ...change,
          ...(expires ? { expiresAt: expires(token.expiresAt) } : {}),
        });
        return tokenSummary(await requireToken(storage, token.id));
      });
      show(print, json ? { json } : {}, token, () => updateText(token));
    });

  withExamples(create('reissue').argument('<id>', ID), 'token reissue 3f2a')
    .description('a new secret and link for the same candidate, whose session goes on; the old link stops')
    .action(async (id: string, options: CommonOptions) => {
      const { made, state, guess } = await withStorage(options, async (storage, config) => {
        const { token } = await requireToken(storage, id);
        const interview = await storage.interviews.get(token.interview);
        const reissued = await storage.tokens.reissue(token.id);
        if (!reissued) throw new CommandError(`the token ${token.id} is gone`);
        const { origin, guess } = await linkOrigin(storage, config);
        const { state } = tokenSummary(await requireToken(storage, token.id));
        const made = {
          id: token.id,
          token: reissued.secret,
          name: token.name,
          link: linkOf(origin, reissued.secret, token.language ?? interview?.language ?? null),
          expiresAt: token.expiresAt?.toUTC().toISO() ?? null,
        };
        return { made, guess, state };
      });
      if (guess) say(guess);
      if (state === 'revoked' || state === 'expired')
        say(`the token is ${state}, so the link opens nothing yet: ${CURES[state]}`);
      show(print, options, made, () =>
        [
          `New token for ${made.name} (id ${made.id}):`,
          `  ${made.token}`,
          'New link, by which a session that has begun goes on; the old link has stopped:',
          `  ${made.link}`,
        ].join('\n'),
      );
    });
}

const CURES = { revoked: '"tresgo token restore"', expired: '"tresgo token update --expires 7d"' };

function updateText(token: ReturnType<typeof tokenSummary>): string {
  const { name, state, expiresAt, maxSessions, timeFactor, extraTakes } = token;
  return [
    `The token of ${name} is ${state}.`,
    `expires: ${expiresAt === null ? 'never' : exactTime(DateTime.fromISO(expiresAt))}`,
    `sessions: ${maxSessions || 'any number'}`,
    `time factor: ${timeFactor}`,
    `extra takes: ${extraTakes}`,
  ].join('\n');
}

/**
 * Parses a new expiry: `+3d`, or what `parseExpiry` takes, or `never`.
 * @throws InvalidArgumentError with the line that commander prints
 */
function parseNewExpiry(text: string): NewExpiry {
  const [, amount, unit] = text.match(/^\+(\d{1,5})([smhdw])$/) ?? [];
  if (text === 'never') return () => null;
  if (text.startsWith('+') && !unit)
    throw new InvalidArgumentError('It takes +30m, +24h, +3d or +2w for a time later than the one that is set.');
  if (!amount || !unit) {
    const at = parseExpiry(text);
    return () => at;
  }
  return (old) => {
    if (!old) throw new CommandError(`this token never expires: give --expires ${text.slice(1)} for a time from now`);
    return DateTime.max(old, DateTime.now()).plus({ [unitOf(unit)]: Number(amount) });
  };
}
