import type { Storage, TokenOverview } from '../../storage/index.ts';
import { CommandError } from './command.ts';

/** What a command's argument `id` takes. */
export const ID = 'the token’s id, from "token list", or as much of its start as no other has';

/**
 * The token with an id, or with the start of one.
 * @throws CommandError where there is none, or more than one
 */
export async function requireToken({ lists }: Pick<Storage, 'lists'>, id: string): Promise<TokenOverview> {
  const exact = await lists.token(id);
  if (exact) return exact;
  const [found, other] = id === '' ? [] : await lists.tokensWith(id);
  if (found && other)
    throw new CommandError(`${JSON.stringify(id)} begins ${found} and ${other}, at least: give more of it`);
  const overview = found === undefined ? null : await lists.token(found);
  if (!overview) throw new CommandError(`there is no token ${JSON.stringify(id)}: "tresgo token list" shows them`);
  return overview;
}
