/**
 * From the last byte to the answer in its folder: `receiving -> received -> placed -> recorded`.
 *
 * Each step leaves the catalog telling how far it came, and can be done again: a crash anywhere, an error of the disk
 * or a lost answer is repaired by calling `finish` once more (start-up, the sweep, the next PATCH do).
 */
import { rm } from 'node:fs/promises';
import type { DateTime } from 'luxon';
import type { Sessions } from '../catalog/sessions.ts';
import type { Takes } from '../catalog/takes.ts';
import type { Tokens } from '../catalog/tokens.ts';
import { removeDerived } from '../derived.ts';
import { answersOf, writeMeta } from '../meta-file.ts';
import { exists, joinInside } from '../session-folder.ts';
import type { Session, Take } from '../types.ts';
import { containerOf, MAGIC_BYTES } from './container.ts';
import type { DurableStore } from './durable-store.ts';
import type { InSession } from './in-session.ts';
import { moveInto } from './move-into.ts';

/** A session that is closed, and the takes that count, in question order. */
export interface FinishedSession {
  session: Session;
  finishedAt: DateTime;
  answers: Take[];
}

export interface FinishDeps {
  tokens: Pick<Tokens, 'get'>;
  sessions: Sessions;
  takes: Takes;
  store: DurableStore;
  inSession: InSession;
}

export function createFinish({ tokens, sessions, takes, store, inSession }: FinishDeps) {
  /** @throws Error with code `token-revoked` */
  async function requireToken({ tokenId }: Session): Promise<void> {
    const token = await tokens.get(tokenId);
    if (!token || token.revokedAt) throw Object.assign(new Error('the token is revoked'), { code: 'token-revoked' });
  }

  /**
   * The last moment to say no: what was on its way when its session was finished, or its token revoked, is not placed.
   * @throws Error with code `session-finished` or `token-revoked`
   */
  async function requireOpen(take: Take, session: Session): Promise<void> {
    try {
      if (session.finishedAt) throw Object.assign(new Error('the session is finished'), { code: 'session-finished' });
      await requireToken(session);
    } catch (error) {
      // Nobody can go on with a multipart body; what came by tus stays.
      if (take.via === 'multipart') await store.discard(take.id);
      throw error;
    }
  }

  async function receive(take: Take, session: Session): Promise<Take> {
    await requireOpen(take, session);
    // Before its bytes are judged: a file that lost some is damage, no bad recording.
    const sha256 = await store.seal(take.id, take.offset);
    const container = containerOf(await store.head(take.id, MAGIC_BYTES));
    if (!container) {
      await store.refuse(take.id);
      return { ...take, state: 'refused' };
    }
    if (take.via === 'multipart') {
      // The original page sends an answer again after a lost 200, or twice at once: equal bytes are no new take.
      const answer = answersOf(await takes.list(session.id)).find((other) => other.question === take.question);
      if (answer?.sha256 === sha256 && answer.offset === take.offset) {
        await store.discard(take.id);
        return answer;
      }
    }
    const fileName = `Q${take.question}.${container.extension}`;
    await takes.update(take.id, { state: 'received', sha256, fileName });
    store.forget(take.id);
    return { ...take, state: 'received', sha256, fileName };
  }

  /** Moves an earlier answer out of the way, or (late) this take itself to where earlier takes lie. */
  async function place(take: Take, session: Session, folder: string): Promise<Take> {
    const all = await takes.list(session.id);
    const others = all.filter((other) => other.question === take.question && other.id !== take.id);
    // Before anything makes way for it. One that a try before a crash has moved on is not here any more.
    if (await exists(store.pathOf(take.id))) await store.reconcile(take);
    const answer = answersOf(others).at(0);
    const earlierName = (of: Take) => `takes/Q${of.question}-${of.number}.${of.fileName?.split('.').at(-1)}`;
    const move = (from: string, of: Take, name: string) => moveInto(folder, name, from, of);
    let fileName = take.fileName;
    if (answer && answer.number < take.number && answer.fileName && !answer.fileName.startsWith('takes/')) {
      const from = joinInside(folder, answer.fileName);
      await removeDerived(folder, take.question, session, all);
      if (session.interview.keepTakes) {
        await move(from, answer, earlierName(answer));
        await takes.update(answer.id, { fileName: earlierName(answer) });
      } else {
        // The file first: a crash between the two must not leave one that the catalog forgot.
        await rm(from, { force: true });
        await takes.update(answer.id, { fileName: null });
      }
    } else if (answer && answer.number > take.number) {
      fileName = session.interview.keepTakes ? earlierName(take) : null;
    }
    if (fileName === null) await rm(store.pathOf(take.id), { force: true });
    else await move(store.pathOf(take.id), take, fileName);
    await takes.update(take.id, { state: 'placed', fileName });
    return { ...take, state: 'placed', fileName };
  }

  /** Only what is recorded counts: before that, a crash could still need the candidate. */
  async function recordedAnswers({ id }: Session): Promise<Take[]> {
    return answersOf((await takes.list(id)).filter((take) => take.state === 'recorded'));
  }

  /** The steps that a whole take has not gone yet, under its session's lock. */
  async function advance(take: Take, session: Session, folder: string): Promise<Take> {
    let now = take;
    if (now.state === 'receiving') now = await receive(now, session);
    if (now.state === 'received') now = await place(now, session, folder);
    if (now.state === 'placed') {
      await writeMeta(folder, session, await takes.list(session.id));
      await takes.record(now);
      now = { ...now, state: 'recorded' };
    }
    return now;
  }

  return {
    /**
     * Brings a take as far as it can come. Not whole yet: nothing happens.
     * @returns the take as it is now, or, for equal bytes that came by multipart, the answer that they repeat; null when
     * there is none
     * @throws Error when a step fails; the catalog knows how far it came. With code `session-finished` or
     * `token-revoked`: the take came too late to be placed
     */
    async finish(id: string): Promise<Take | null> {
      const first = await takes.get(id);
      if (!first || !isPending(first)) return first;
      return inSession(first.sessionId, async (session, folder) => {
        const take = await takes.get(id);
        return take && isPending(take) ? advance(take, session, folder) : take;
      });
    },

    /** Writes `meta.json` from the catalog, after the session itself changed. */
    async refreshMeta(sessionId: string): Promise<void> {
      await inSession(sessionId, async (session, folder) => writeMeta(folder, session, await takes.list(session.id)));
    },

    /**
     * Closes a session and says so in its `meta.json`; done again, it changes nothing. Takes that are whole by now are
     * recorded first; what comes later is not placed any more.
     * @param check told which questions are answered; what it throws leaves the session open
     * @throws Error when a whole take can't be recorded yet, or with code `token-revoked`
     */
    async finishSession(sessionId: string, check: (answered: number[]) => void = () => {}): Promise<FinishedSession> {
      return inSession(sessionId, async (session, folder) => {
        await requireToken(session);
        if (!session.finishedAt) {
          const failures: unknown[] = [];
          for (const take of (await takes.list(session.id)).filter(isPending))
            await advance(take, session, folder).catch((cause: unknown) => failures.push(cause));
          check((await recordedAnswers(session)).map((take) => take.question));
          if (failures.length > 0) throw failures[0];
          await sessions.finish(session.id);
        }
        const finished = (await sessions.get(session.id)) ?? session;
        if (!finished.finishedAt) throw new Error(`the session ${session.id} is not finished after its finish`);
        await writeMeta(folder, finished, await takes.list(session.id));
        return { session: finished, finishedAt: finished.finishedAt, answers: await recordedAnswers(finished) };
      });
    },
  };
}

/** Whole, and neither recorded nor refused. */
function isPending({ offset, length, state }: Take): boolean {
  return offset === length && state !== 'recorded' && state !== 'refused';
}
