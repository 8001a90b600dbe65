/** What is checked while a body arrives: whether it is a recording, and whether its sender may still send it. */
import { containerOf, type LiveTake, MAGIC_BYTES, type Storage } from '../../storage/index.ts';
import { problem } from '../http/problem.ts';

/** The token and the session of a body are checked again each time that this much time has passed. */
const ASK_AGAIN_MS = 500;

/**
 * Creates the checks.
 * @param sessionLimit says how many bytes a session may have in all
 */
export function createBodyChecks(
  { store, liveTakes }: Pick<Storage, 'store' | 'liveTakes'>,
  sessionLimit: (sessionId: string) => Promise<number>,
) {
  /** The take of an upload. @throws Problem `upload-not-found` */
  async function requireLive(id: string): Promise<LiveTake> {
    const take = await liveTakes.get(id);
    if (!take || take.state === 'removed') throw problem('upload-not-found');
    return take;
  }

  /** @throws Problem when bytes of the upload are not, or no longer, welcome */
  async function requireWelcome(id: string): Promise<void> {
    const { token, sessionFinished, sessionId } = await requireLive(id);
    if (token.revoked) throw problem('unauthorized');
    if (sessionFinished) throw problem('session-finished');
    if (liveTakes.sessionBytes(sessionId) > (await sessionLimit(sessionId))) throw problem('session-too-large');
  }

  /**
   * Creates a check to be made after each commit: once the first bytes are there, it removes an upload that is no
   * recording and throws Problem `not-a-recording`.
   */
  function createContainerCheck(id: string, offset: number) {
    let judged = offset >= MAGIC_BYTES;
    return async (committed: number): Promise<void> => {
      if (judged || committed < MAGIC_BYTES) return;
      judged = true;
      const head = await store.head(id, MAGIC_BYTES).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      // The file is no longer among the uploads: the sweep has checked and placed it in the meantime.
      if (head === null || containerOf(head)) return;
      await store.refuse(id);
      throw problem('not-a-recording');
    };
  }

  return {
    requireLive,
    requireWelcome,

    /**
     * Creates the check that is made at each commit of one body.
     * @param offset the upload's, before the body
     * @returns the check, called with the committed offset. It throws a Problem where the body must end.
     */
    watch(id: string, offset: number): (committed: number) => Promise<void> {
      const requireRecording = createContainerCheck(id, offset);
      let askedAt = performance.now();
      return async (committed) => {
        await requireRecording(committed);
        // The PATCH of a chunk ends before this time: the checks at its start are enough.
        if (performance.now() - askedAt < ASK_AGAIN_MS) return;
        askedAt = performance.now();
        await requireWelcome(id);
      };
    },
  };
}
