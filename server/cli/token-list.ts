import type { Command } from 'commander';
import { DateTime } from 'luxon';
import type { TokenOverview, TokenState } from '../../storage/index.ts';
import {
  type CommonOptions,
  isoTime,
  type Print,
  shortTime,
  show,
  showList,
  table,
  withExamples,
  withStorage,
} from './command.ts';
import { type FilterOptions, footer, isFiltered, queryOf, withFilters } from './filters.ts';
import { ID, requireToken } from './token-id.ts';

const STATES: TokenState[] = ['invited', 'opened', 'in-progress', 'finished', 'expired', 'revoked'];

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
      const query = queryOf<TokenState, 'created' | 'name' | 'activity' | 'expires'>(options);
      await withStorage(options, async ({ lists: { tokens, countTokens } }) => {
        await showList(print, options, tokens(query), tokenSummary, rowOf, async (rows) => {
          if (rows.length === 0)
            return isFiltered(options) && Object.keys(await countTokens()).length > 0
              ? 'No token is like that: "tresgo token list" shows all.'
              : 'No tokens yet: make one with "tresgo token create --name …".';
          return `${table(rows)}\n\n${footer(rows.length, await countTokens(query), STATES, 'tokens')}`;
        });
      });
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
  const { token, state, sessions } = overview;
  const newest = sessions.at(0);
  const lastActivity = newest?.lastActivity ?? token.openedAt;
  return {
    id: token.id,
    name: token.name,
    interview: token.interview,
    state,
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

function rowOf(overview: TokenOverview) {
  const { id, name, interview, state, answered, questions, lastActivityAt, expiresAt } = tokenSummary(overview);
  return {
    id,
    name,
    interview,
    state: state === 'in-progress' ? `${state} (${answered} of ${questions})` : state,
    'last activity': lastActivityAt === null ? '' : shortTime(DateTime.fromISO(lastActivityAt)),
    expires: expiresAt === null ? 'never' : shortTime(DateTime.fromISO(expiresAt)),
  };
}
