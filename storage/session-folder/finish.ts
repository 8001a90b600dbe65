/**
 * From the last byte to the answer in its folder: `receiving -> received -> placed -> recorded`.
 *
 * The catalog records each step, and each step can be repeated. After a crash, an error of the disk or a lost response,
 * one more call of `finish` does the rest: by the start of the server, by the sweep, or by the next PATCH.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { DateTime } from 'luxon';
import type { Sessions } from '../catalog/sessions.ts';
import type { Takes } from '../catalog/takes.ts';
import type { Tokens } from '../catalog/tokens.ts';
import { StorageError, storageCodeOf } from '../errors.ts';
import { exists, joinInside } from '../files.ts';
import { answerName, earlierName, isEarlier, voiceName } from '../names.ts';
import type { Session, Take } from '../types.ts';
import { containerOf, MAGIC_BYTES } from '../uploads/container.ts';
import type { DurableStore } from '../uploads/durable-store.ts';
import { removeDerived } from './derived.ts';
import type { InSession } from './in-session.ts';
import { answersOf, lastTakesOf, takesThere, writeMeta } from './meta-file.ts';
import { moveInto } from './move.ts';

/** A session that is closed, and the takes that count, in question order. */
export interface FinishedSession {
  session: Session;
  finishedAt: DateTime;
  answers: Take[];
  /** Whether it was closed already. */
  repeated: boolean;
}

/** What the finish of takes and sessions works on. */
interface FinishDeps {
  tokens: Pick<Tokens, 'get'>;
  sessions: Sessions;
  takes: Takes;
  store: DurableStore;
  inSession: InSession;
  /** The folder that holds the session folders. */
  sessionsDir: string;
}

/** Creates the finish of takes and of sessions. */
export function createFinish({ tokens, sessions, takes, store, inSession, sessionsDir }: FinishDeps) {
  /** @throws StorageError `token-revoked` */
  async function requireToken({ tokenId }: Session): Promise<void> {
    const token = await tokens.get(tokenId);
    if (!token || token.revokedAt) throw new StorageError('token-revoked', 'the token is revoked');
  }

  /**
   * Checks, right before the finish, whether the take may still be placed: its session may have been finished, or its
   * token revoked, while its last bytes arrived.
   * @throws StorageError `session-finished` or `token-revoked`
   */
  async function requireOpen(take: Take, session: Session): Promise<void> {
    try {
      if (session.finishedAt) throw new StorageError('session-finished', 'the session is finished');
      await requireToken(session);
    } catch (error) {
      // A client can't continue a multipart body; bytes that came by tus stay.
      if (take.via === 'multipart') await store.discard(take.id);
      throw error;
    }
  }

  async function receive(take: Take, session: Session, folder: string): Promise<Take> {
    await requireOpen(take, session);
    // Before the container is read: a file that lost bytes is damaged, and must not be refused as no recording.
    const sha256 = await store.seal(take.id, take.offset);
    const container = containerOf(await store.head(take.id, MAGIC_BYTES));
    if (!container) {
      await store.refuse(take.id);
      return { ...take, state: 'refused' };
    }
    if (take.via === 'multipart') {
      // The original page sends an answer again after a lost 200, or twice at once: equal bytes are no new take.
      const there = await takesThere(folder, await takes.list(session.id));
      const answer = answersOf(there).find((other) => other.question === take.question);
      if (answer?.sha256 === sha256 && answer.offset === take.offset) {
        await store.discard(take.id);
        return answer;
      }
    }
    if (take.part === 'voice' && (await isLate(take))) {
      await store.discard(take.id);
      return { ...take, state: 'removed' };
    }
    const fileName = take.part === 'voice' ? voiceName(take, container) : answerName(take, container);
    await takes.update(take.id, { state: 'received', sha256, fileName });
    store.forget(take.id);
    return { ...take, state: 'received', sha256, fileName, container };
  }

  /** Moves the earlier answer to `takes/`; or this take itself, when a later one counts already. */
  async function place(take: Take, session: Session, folder: string): Promise<Take> {
    const all = await takes.list(session.id);
    const others = all.filter((other) => other.question === take.question && other.id !== take.id);
    // Before the earlier answer is moved. The file is gone when an attempt before a crash has moved it already.
    if (await exists(store.pathOf(take.id))) await store.reconcile(take);
    const last = take.part === 'voice' ? undefined : lastTakesOf(others).at(0);
    let { fileName, container } = take;
    if (last && last.number < take.number && last.fileName) {
      // Also where the last one counts no more: a job on it may have been about to publish.
      await removeDerived(folder, take.question, session, all);
      if (!isEarlier(last.fileName)) await moveAside(last, session, folder);
    } else if (last && last.number > take.number) {
      container = session.interview.keepTakes ? container : null;
      fileName = container && earlierName(take, container);
    }
    if (fileName === null) await rm(store.pathOf(take.id), { force: true });
    else await moveInto(folder, fileName, store.pathOf(take.id), take);
    await takes.update(take.id, { state: 'placed', fileName });
    return { ...take, state: 'placed', fileName, container };
  }

  /** Moves the earlier answer to `takes/`, or removes it where earlier takes are not kept. */
  async function moveAside(answer: Take, { interview }: Session, folder: string): Promise<void> {
    if (!answer.fileName || !answer.container) return;
    const from = joinInside(folder, answer.fileName);
    const fileName = earlierName(answer, answer.container);
    const isGone = !(await exists(from)) && !(await exists(path.join(folder, fileName)));
    if (interview.keepTakes && !isGone) {
      await moveInto(folder, fileName, from, answer);
      await takes.update(answer.id, { fileName });
    } else {
      // The file first: a crash between the two steps must not leave a file that the catalog has forgotten.
      await rm(from, { force: true });
      await takes.update(answer.id, { fileName: null });
    }
  }

  /** Whether the answer that this sound goes ahead of is placed already. */
  async function isLate({ sessionId, question, aheadOf }: Take): Promise<boolean> {
    const placed = (await takes.list(sessionId)).filter(
      (take) => take.question === question && take.part === null && ['placed', 'recorded'].includes(take.state),
    );
    return placed.some(({ takeId }) => aheadOf === null || takeId === aheadOf);
  }

  /** Removes the sound that went ahead of this take, or of one before it: the answer has it. */
  async function removeVoices({ takeId, question, number, part }: Take, session: Session, folder: string) {
    if (part === 'voice') return;
    for (const voice of await takes.list(session.id)) {
      if (voice.part !== 'voice' || voice.question !== question) continue;
      // Sound of a later take, of which nothing else may have come.
      if (voice.number > number && voice.aheadOf !== null && voice.aheadOf !== takeId) continue;
      // The file first: a crash between the two steps must not leave a file that the catalog has forgotten.
      if (voice.fileName !== null) await rm(joinInside(folder, ...voice.fileName.split('/')), { force: true });
      await store.discard(voice.id);
    }
  }

  /** Only recorded takes count: after a crash, a take in an earlier state may still need the candidate's copy. */
  async function recordedAnswers({ id }: Session): Promise<Take[]> {
    return answersOf((await takes.list(id)).filter((take) => take.state === 'recorded'));
  }

  async function answeredIn(session: Session, folder: string): Promise<number[]> {
    return (await takesThere(folder, await recordedAnswers(session))).map(({ question }) => question);
  }

  /**
   * Makes sure that the answer that a recorded take says it is has not been removed since: only then its sender may
   * forget it. A later take that is being placed moves the answer's file before the catalog says so: what is not found is
   * looked for again under the session's lock.
   * @throws StorageError `upload-damaged`, `no-upload` where a repair has removed its entry, or `session-busy` after 30 s
   */
  async function requireThere(take: Take): Promise<void> {
    const session = await sessions.get(take.sessionId);
    if (!session || (await isThere(take, joinInside(sessionsDir, session.folder)))) return;
    await inSession(session.id, async (_session, folder) => {
      const now = await takes.get(take.id);
      if (!now) throw new StorageError('no-upload', `there is no upload ${take.id} any more`);
      if (await isThere(now, folder)) return;
      throw new StorageError('upload-damaged', `${session.folder}/${now.fileName}, the upload ${take.id}, is gone`);
    });
  }

  /** False where a recorded take is its question's answer by the catalog, and the folder has no such file. */
  async function isThere({ state, fileName }: Take, folder: string): Promise<boolean> {
    if (state !== 'recorded' || fileName === null || isEarlier(fileName)) return true;
    return exists(joinInside(folder, fileName));
  }

  /** Does the steps that a whole take still lacks; for callers that hold the session's lock. */
  async function advance(take: Take, session: Session, folder: string): Promise<Take> {
    let now = take;
    if (now.state === 'receiving') now = await receive(now, session, folder);
    if (now.state === 'received') now = await place(now, session, folder);
    if (now.state === 'placed') {
      await removeVoices(now, session, folder);
      await writeMeta(folder, session, await takes.list(session.id));
      await takes.record(now);
      now = { ...now, state: 'recorded' };
    }
    return now;
  }

  /**
   * Does all steps that a take still lacks; does nothing for a take that is not whole.
   * @returns the take as it is now (`removed`: sound that came after its answer), or, for equal bytes that came by multipart, the answer that they repeat; null when
   * there is no such take
   * @throws StorageError `session-finished` or `token-revoked`: the take came too late to be placed
   * @throws StorageError `upload-damaged`: bytes of the take are missing
   * @throws Error when a step fails; the catalog has the steps that succeeded
   */
  async function finish(id: string): Promise<Take | null> {
    const first = await takes.get(id);
    if (!first || !isPending(first)) {
      if (first) await requireThere(first);
      return first;
    }
    return inSession(first.sessionId, async (session, folder) => {
      const take = await takes.get(id);
      return take && isPending(take) ? advance(take, session, folder) : take;
    });
  }

  /**
   * Tries to finish every whole take that can be recorded and is not.
   * @returns the ids of takes that still can't be finished, each with the reason
   */
  async function finishPending(): Promise<Array<{ id: string; cause: unknown }>> {
    const failed: Array<{ id: string; cause: unknown }> = [];
    for (const take of await takes.listPending()) {
      await finish(take.id).catch((cause: unknown) => failed.push({ id: take.id, cause }));
    }
    return failed;
  }

  return {
    finish,
    finishPending,
    requireThere,

    /**
     * The questions (from 1) whose answer is recorded and in the folder; any other is asked for again. Under the session's
     * lock: while a later take is placed, the earlier one counts no more and the later one not yet.
     * @throws StorageError `session-busy` after a wait of 30 s
     */
    answered: ({ id }: Pick<Session, 'id'>): Promise<number[]> => inSession(id, answeredIn),

    /**
     * The take that counts for a question (from 1); null where there is none. Under the session's lock, as `answered`.
     * @throws StorageError `session-busy` after a wait of 30 s
     */
    answerTo: (question: number, { sessionId }: Pick<Take, 'sessionId'>): Promise<Take | null> =>
      inSession(
        sessionId,
        async () => answersOf(await takes.list(sessionId)).find((take) => take.question === question) ?? null,
      ),

    /**
     * Closes a session and writes that to its `meta.json`; done again, it changes nothing. Takes that are whole by now
     * are recorded first; takes that become whole later are not placed any more.
     * @param check is called with the answered questions (from 1); an error that it throws leaves the session open
     * @param spokenMs by question: how long the candidate spoke by the clock of the page, for whoever watches the answers
     * @throws StorageError `token-revoked`
     * @throws Error when a whole take can't be recorded yet
     */
    async finishSession(
      sessionId: string,
      check: (answered: number[]) => void = () => {},
      spokenMs: ReadonlyMap<number, number> = new Map(),
    ): Promise<FinishedSession> {
      return inSession(sessionId, async (session, folder) => {
        await requireToken(session);
        if (!session.finishedAt) {
          const failures: unknown[] = [];
          for (const take of (await takes.list(session.id)).filter(isPending))
            await advance(take, session, folder).catch((cause: unknown) => {
              // Of a damaged take nothing can be hoped for; the check says whether its question has another one.
              if (storageCodeOf(cause) !== 'upload-damaged') failures.push(cause);
            });
          check(await answeredIn(session, folder));
          if (failures.length > 0) throw failures[0];
          for (const { id, question } of await recordedAnswers(session)) {
            const ms = spokenMs.get(question);
            if (ms !== undefined) await takes.update(id, { spokenMs: ms });
          }
          await sessions.finish(session.id);
        }
        const finished = (await sessions.get(session.id)) ?? session;
        if (!finished.finishedAt) throw new Error(`the session ${session.id} is not finished after its finish`);
        // Repeated after somebody removed the folder, the finish changes nothing.
        if (!session.finishedAt || (await exists(folder)))
          await writeMeta(folder, finished, await takes.list(session.id));
        const answers = await recordedAnswers(finished);
        return { session: finished, finishedAt: finished.finishedAt, answers, repeated: session.finishedAt !== null };
      });
    },
  };
}

/** Whole, and neither recorded nor refused. */
function isPending({ offset, length, state }: Take): boolean {
  return offset === length && state !== 'recorded' && state !== 'refused';
}
