/** `POST /api/upload-one`: the original's way in. One multipart form, streamed to disk, and the same finish as tus. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { Hono } from 'hono';
import { answersOf, pump, type Storage } from '../../storage/index.ts';
import type { Auth } from '../auth.ts';
import type { Config } from '../config.ts';
import { problem } from '../problem.ts';
import { requireQuestion } from '../question-index.ts';
import type { Receiver } from '../receive.ts';
import { toProblem } from '../refusal.ts';
import { type AddressOf, incomingOf } from '../request.ts';
import { paths, type UploadOneAnswer } from '../wire.ts';

export interface AnswerRoutesDeps {
  storage: Pick<Storage, 'store' | 'takes' | 'finish'>;
  auth: Auth;
  receiver: Pick<Receiver, 'requireRoom' | 'watch'>;
  config: Pick<Config, 'maxAnswerBytes'>;
  addressOf: AddressOf;
  /** A body that brings nothing for that long is given up. */
  idleMs?: number;
}

type Fields = Map<string, string>;

/** A parser that takes no more of a form, though there is more or it has all, is given up after that. */
const STUCK_MS = 2_000;
const WATCH_MS = 100;

/** A refused body is read to its end before the answer, so that the sender gets to read it; but not for longer. */
const DRAIN_MS = 30_000;

export function answerRoutes({ storage, auth, receiver, config, addressOf, idleMs = 30_000 }: AnswerRoutesDeps): Hono {
  const { store, takes } = storage;
  const app = new Hono();

  app.post(paths.uploadOne, async (c) => {
    const source = incomingOf(c);
    try {
      const savedAs = await readForm(
        source,
        c.req.header('content-type'),
        (fields, video, mimeType) => save(fields, video, mimeType, addressOf(incomingOf(c))),
        idleMs,
      );
      return c.json<UploadOneAnswer>({ ok: true, savedAs });
    } catch (error) {
      await pump(source, async () => {}, {
        maxBytes: config.maxAnswerBytes,
        idleMs: 5_000,
        signal: AbortSignal.timeout(DRAIN_MS),
      });
      throw toProblem(error);
    }
  });

  async function save(fields: Fields, video: Readable, mimeType: string, address: string): Promise<string> {
    const late = ['token', 'folder', 'questionIndex'].find((name) => !fields.has(name));
    if (late) throw problem('invalid-multipart', { detail: `The field ${late} must come before video.` });
    const token = await auth.authenticate(fields.get('token'), address);
    const session = await auth.requireSession(token, fields.get('folder'));
    const question = requireQuestion(fields.get('questionIndex'), session);
    if (session.finishedAt) throw problem('session-finished');
    await receiver.requireRoom();
    const id = await store.begin({
      sessionId: session.id,
      question,
      takeId: randomUUID(),
      filetype: mimeType,
      via: 'multipart',
      metadata: '',
    });
    try {
      const { offset, end } = await store.append(video, id, 0, {
        maxBytes: config.maxAnswerBytes,
        idleMs,
        onCommit: receiver.watch(id, 0),
      });
      if (end === 'too-large') throw problem('answer-too-large');
      if (end !== 'end') throw problem('invalid-multipart', { detail: 'The form ended early; send the answer again.' });
      await store.declareUploadLength(id, offset);
    } catch (error) {
      // Nobody can go on with it: what is left would only be litter.
      await store.remove(id);
      throw error;
    }
    const done = await storage.finish(id);
    if (done?.state === 'refused') {
      await store.remove(id);
      throw problem('not-a-recording');
    }
    if (done?.state !== 'recorded') throw problem('unavailable', { cause: done });
    // The name of the answer that counts: another take of the question may have come before this one was placed.
    const answer = answersOf(await takes.list(session.id)).find((take) => take.question === question);
    if (!answer?.fileName) throw problem('unavailable', { cause: done });
    return answer.fileName;
  }

  return app;
}

/**
 * Reads the form as it streams in: the text fields, then the file `video`, handed on while it arrives.
 * @throws Problem `invalid-multipart` when the form can't be read, lacks the file, or brings it before the fields
 */
async function readForm(
  source: Readable,
  contentType: string | undefined,
  onVideo: (fields: Fields, video: Readable, mimeType: string) => Promise<string>,
  idleMs: number,
): Promise<string> {
  if (!/^multipart\/form-data\s*;/i.test(contentType ?? '')) throw problem('invalid-multipart');
  const fields: Fields = new Map();
  return new Promise((resolve, reject) => {
    const unreadable = (cause: unknown) => {
      // A file that is being saved is told that no more will come, and its end is the answer.
      if (file) file.destroy();
      else reject(problem('invalid-multipart', { cause }));
    };
    let file: Readable | null = null;
    let saved: Promise<string> | null = null;
    let form: InstanceType<typeof Busboy>;
    try {
      form = new Busboy({
        headers: { 'content-type': contentType } as BusboyHeaders,
        limits: { fieldSize: 2_000, fields: 20, files: 1, headerSize: 8_192 },
      });
    } catch (cause) {
      unreadable(cause);
      return;
    }
    form.on('field', (name, value) => void fields.set(name, value));
    form.on('file', (name, video, _fileName, _encoding, mimeType) => {
      // A form that ends inside a file makes the file fail; an error that nobody hears ends the process.
      video.on('error', unreadable);
      if (name !== 'video') {
        video.resume();
        return;
      }
      file = video;
      saved = onVideo(fields, video, mimeType);
      // The rest of a refused file must flow, or the form never ends.
      saved.then(resolve, (error) => {
        video.resume();
        reject(error);
      });
    });
    form.on('finish', () => {
      if (!saved) reject(problem('invalid-multipart', { detail: 'The form has no file field "video".' }));
    });
    form.on('error', unreadable);
    // Some forms make the parser neither finish nor fail nor read on: bytes wait for it, or there are no more to come.
    let quietMs = 0;
    const watch = setInterval(() => {
      quietMs += WATCH_MS;
      const stuck = form.writableLength > 0 || source.readableEnded;
      if (saved) clearInterval(watch);
      if (saved || quietMs < (stuck ? Math.min(STUCK_MS, idleMs) : idleMs)) return;
      clearInterval(watch);
      source.unpipe(form).resume();
      unreadable(new Error('the form does not end'));
    }, WATCH_MS);
    source.on('data', () => {
      quietMs = 0;
    });
    form.on('finish', () => clearInterval(watch)).on('error', () => clearInterval(watch));
    source.on('error', unreadable);
    source.on('close', () => {
      if (source.readableEnded) return;
      // The form does not tell its file that nothing more will come.
      file?.destroy();
      form.destroy(new Error('the request was cut'));
    });
    source.pipe(form);
  });
}
