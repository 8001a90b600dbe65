/**
 * `POST /api/upload-one`: how the original page sends an answer. A multipart form is streamed to disk, then finished as
 * with tus.
 */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Hono } from 'hono';
import type { Storage } from '../../storage/index.ts';
import type { Auth } from '../http/auth.ts';
import { toProblem } from '../http/errors.ts';
import { type Fields, readForm } from '../http/form.ts';
import { problem } from '../http/problem.ts';
import { type AddressOf, incomingOf, requireQuestion } from '../http/request.ts';
import type { Receiver } from '../tus/receive-body.ts';
import { MAX_UNFINISHED, maxTakesOf } from '../tus/session-limits.ts';
import { paths, type UploadOneResponse } from '../wire.ts';

/** What the route of `upload-one` needs. */
interface AnswerRoutesDeps {
  storage: Pick<Storage, 'store' | 'finish' | 'answerTo'>;
  auth: Auth;
  receiver: Pick<Receiver, 'requireRoom' | 'receiveWhole'>;
  addressOf: AddressOf;
  /** A body is given up after this time without a byte. */
  idleMs: number;
}

/** The route of `upload-one`: 200 with the name of the file that counts once the answer is placed. */
export function answerRoutes({ storage, auth, receiver, addressOf, idleMs }: AnswerRoutesDeps): Hono {
  const { store } = storage;
  const app = new Hono();

  app.post(paths.uploadOne, async (c) => {
    const source = incomingOf(c);
    const savedAs = await readForm(
      source,
      c.req.header('content-type'),
      (fields, video, mimeType) => save(fields, video, mimeType, addressOf(source)),
      { idleMs },
    ).catch((error: unknown) => {
      throw toProblem(error);
    });
    return c.json<UploadOneResponse>({ ok: true, savedAs });
  });

  async function save(fields: Fields, video: Readable, mimeType: string, address: string): Promise<string> {
    const late = ['token', 'folder', 'questionIndex'].find((name) => !fields.has(name));
    if (late) throw problem('invalid-multipart', { detail: `The field ${late} must come before video.` });
    const token = await auth.authenticate(fields.get('token'), address);
    const session = await auth.requireSession(token, fields.get('folder'));
    const question = requireQuestion(fields.get('questionIndex'), session);
    if (session.finishedAt) throw problem('session-finished');
    await receiver.requireRoom();
    const id = await store.createFor({
      sessionId: session.id,
      question,
      takeId: randomUUID(),
      filetype: mimeType,
      via: 'multipart',
      metadata: '',
      maxUnfinished: MAX_UNFINISHED,
      maxTakes: maxTakesOf(session.interview),
    });
    try {
      const { offset, end } = await receiver.receiveWhole(id, video);
      // On a better network the same form may arrive.
      if (end === 'idle') throw problem('unavailable', { detail: 'The form fell silent; send the answer again.' });
      if (end !== 'end') throw problem('invalid-multipart', { detail: 'The form ended early; send the answer again.' });
      await store.declareUploadLength(id, offset);
    } catch (error) {
      // No client can continue this upload: the rest of the form is lost.
      await store.remove(id);
      throw error;
    }
    const done = await storage.finish(id);
    if (done?.state === 'refused') {
      await store.remove(id);
      throw problem('not-a-recording');
    }
    // Somebody else finished it first, and it was equal to the answer that is there: sent again, it is told so.
    if (!done) throw problem('unavailable');
    if (done.state !== 'recorded') throw problem('unavailable', { cause: done });
    // Another take of the question may have been placed since and count instead: the response names the one that
    // counts.
    const answer = await storage.answerTo(question, done);
    if (!answer?.fileName) throw problem('unavailable', { cause: done });
    return answer.fileName;
  }

  return app;
}
