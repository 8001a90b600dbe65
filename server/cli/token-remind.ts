import { type Command, InvalidArgumentError } from 'commander';
import { DateTime } from 'luxon';
import type { Storage, TokenState } from '../../storage/index.ts';
import { type CommonOptions, type Print, shortTime, show, withExamples, withStorage } from './command.ts';
import { parseSince } from './filters.ts';
import { reminderText } from './invitation.ts';
import { pageLanguage } from './link.ts';
import { type TokenSummary, tokenSummary } from './token-list.ts';

interface RemindOptions extends CommonOptions {
  older?: DateTime;
  interview?: string;
}

/** Adds `tresgo token remind`. */
export function addTokenRemind(create: (name: string) => Command, print: Print): void {
  withExamples(create('remind'), 'token remind', 'token remind --older 2d --interview sales')
    .description('who has not begun, and who has begun and not finished, each with a message to send')
    .option('--older <time>', 'those of whom nothing was heard for 2d, 12h, 1w', parseAge)
    .option('--interview <slug>', 'those of one interview')
    .action(async (options: RemindOptions) => {
      const all = await withStorage(options, (storage) => remindersOf(storage, options));
      show(print, options, all, () => {
        if (all.length === 0) return 'There is nobody to remind.';
        return [...all.map(textOf), 'Who has lost the link gets a new one: "tresgo token reissue ID".'].join('\n\n');
      });
    });
}

const OPEN: readonly TokenState[] = ['invited', 'opened', 'in-progress'];

async function remindersOf(storage: Storage, { older, interview }: RemindOptions) {
  const interviews = new Map((await storage.interviews.list()).map((one) => [one.slug, one]));
  const reminders = [];
  for await (const overview of storage.lists.tokens({ states: OPEN, interview })) {
    const token = tokenSummary(overview);
    if (older !== undefined && DateTime.fromISO(heardOf(token)) > older) continue;
    const { id, name, state, answered, questions, expiresAt } = token;
    // Since it was chosen.
    if (!OPEN.includes(state)) continue;
    const of = interviews.get(token.interview);
    const progress = state === 'in-progress' ? { answered, questions: questions ?? 0 } : null;
    const due = expiresAt === null ? null : DateTime.fromISO(expiresAt);
    const message = reminderText(
      // Of a session that goes on after its token's expiry, the time that was set is no help.
      { name, progress, organization: of?.organization ?? null, expiresAt: due && due > DateTime.now() ? due : null },
      pageLanguage(token.language ?? of?.language) ?? 'en',
    );
    const lastHeardAt = heardOf(token);
    reminders.push({ id, name, interview: token.interview, state, answered, questions, lastHeardAt, message });
  }
  return reminders;
}

/** When the candidate last did anything; when the token was made, where the candidate did nothing yet. */
function heardOf({ lastActivityAt, createdAt }: TokenSummary): string {
  return lastActivityAt ?? createdAt;
}

function textOf({
  id,
  name,
  state,
  answered,
  questions,
  lastHeardAt,
  message,
}: Awaited<ReturnType<typeof remindersOf>>[number]): string {
  const far = state === 'in-progress' ? `${state} (${answered} of ${questions})` : state;
  const head = `${id}  ${name}: ${far} since ${shortTime(DateTime.fromISO(lastHeardAt))}`;
  return [head, ...message.split('\n').map((line) => `  ${line}`.trimEnd())].join('\n');
}

function parseAge(text: string): DateTime {
  if (!/^\d{1,5}[smhdw]$/.test(text)) throw new InvalidArgumentError('It takes 12h, 2d or 1w.');
  return parseSince(text);
}
