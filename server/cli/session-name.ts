import type { Storage } from '../../storage/index.ts';
import type { Session } from '../../storage/types.ts';
import { CommandError } from './command.ts';

/** What a command's argument `folder` takes. */
export const FOLDER = 'the session’s folder, from "session list", or a part of it that no other has';

/**
 * The session of a folder, or of a part of its name.
 * @throws CommandError where there is none, or more than one
 */
export async function requireSession(storage: Pick<Storage, 'sessions' | 'lists'>, folder: string): Promise<Session> {
  const exact = await storage.sessions.getByFolder(folder);
  if (exact) return exact;
  const [found, other] = folder === '' ? [] : await storage.lists.foldersWith(folder);
  if (found && other)
    throw new CommandError(
      `${JSON.stringify(folder)} is a part of ${found} and of ${other}, at least: give more of it`,
    );
  const session = found === undefined ? null : await storage.sessions.getByFolder(found);
  if (!session)
    throw new CommandError(`there is no session ${JSON.stringify(folder)}: "tresgo session list" shows them`);
  return session;
}
