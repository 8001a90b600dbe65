import type { Command } from 'commander';
import { DateTime } from 'luxon';
import { stateOfToken, type TokenOverview } from '../../storage/index.ts';
import {
  type CommonOptions,
  isoTime,
  type Print,
  shortTime,
  show,
  table,
  withExamples,
  withStorage,
} from './command.ts';
import { choose, type FilterOptions, footer, isFiltered, withFilters } from './filters.ts';
import { ID, requireToken } from './token-id.ts';

const STATES = ['invited', 'opened', 'in-progress', 'finished', 'expired', 'revoked'];

/** Adds `tresgo token list` and `tresgo token show`. */
export function addTokenLists(create: (name: string) => Command, print: Print): void {
  withExamples(
    withFilters(create('list'), STATES, 'made', ['created', 'name', 'activity', 'expires']),
    'token list',
    'token list --state invited,opened            # who has not begun',
    'token list --state in-progress --sort activity',
    'token list --search nguyen --interview sales',
    'token list --since 7d --json',
  )
    .description('all tokens, the newest first, without their secrets')
    .action(async (options: FilterOptions) => {
      const { chosen, isEmpty } = await withStorage(options, async (storage) => {
        const all = (await storage.lists.tokens()).map(tokenSummary);
        return { isEmpty: all.length === 0, chosen: choose(all, options, factsOf, compare) };
      });
      const none =
        isEmpty || !isFiltered(options)
          ? 'No tokens yet: make one with "tresgo token create --name …".'
          : 'No token is like that: "tresgo token list" shows all.';
      show(print, options, chosen.rows, () => `${table(chosen.rows.map(rowOf), none)}${footer(chosen, 'tokens')}`);
    });

  withExamples(create('show').argument('<id>', ID), 'token show 3f2a')
    .description('one token and its sessions')
    .action(async (id: string, options: CommonOptions) => {
      const token = await withStorage(options, async (storage) => tokenSummary(await requireToken(storage, id)));
      show(print, options, token, () =>
        Object.entries(token)
          .map(
            ([key, value]) => `${key}: ${Array.isArray(value) ? value.join(', ') || 'none' : (value ?? noneOf(key))}`,
          )
          .join('\n'),
      );
    });
}

function noneOf(key: string): string {
  return { questions: 'none yet', language: 'that of the interview' }[key] ?? 'never';
}

/** A token as documents show it. */
export type TokenSummary = ReturnType<typeof tokenSummary>;

/** A token as documents show it: everything but its secret. */
export function tokenSummary(overview: TokenOverview) {
  const { token, sessions } = overview;
  const newest = sessions.at(0);
  const lastActivity = newest?.lastActivity ?? token.openedAt;
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
    lastActivityAt: lastActivity && isoTime(lastActivity),
    expiresAt: token.expiresAt && isoTime(token.expiresAt),
    revokedAt: token.revokedAt && isoTime(token.revokedAt),
    maxSessions: token.maxSessions,
    timeFactor: token.timeFactor,
    extraTakes: token.extraTakes,
    language: token.language,
    sessions: sessions.map(({ folder }) => folder),
  };
}

function factsOf({ id, name, interview, state, createdAt, sessions }: TokenSummary) {
  return { state, interview, at: DateTime.fromISO(createdAt), texts: [name, id, ...sessions] };
}

function rowOf({ id, name, interview, state, answered, questions, lastActivityAt, expiresAt }: TokenSummary) {
  return {
    id,
    name,
    interview,
    state: state === 'in-progress' ? `${state} (${answered} of ${questions})` : state,
    'last activity': lastActivityAt === null ? '' : shortTime(DateTime.fromISO(lastActivityAt)),
    expires: expiresAt === null ? 'never' : shortTime(DateTime.fromISO(expiresAt)),
  };
}

function compare(order: string): ((a: TokenSummary, b: TokenSummary) => number) | null {
  const at = (text: string | null, none: number) => (text === null ? none : Date.parse(text));
  if (order === 'name') return (a, b) => a.name.localeCompare(b.name);
  if (order === 'activity') return (a, b) => at(b.lastActivityAt, 0) - at(a.lastActivityAt, 0);
  // Those that never expire come last.
  const never = Number.MAX_SAFE_INTEGER;
  return order === 'expires' ? (a, b) => at(a.expiresAt, never) - at(b.expiresAt, never) : null;
}
