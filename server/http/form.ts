/** Reads the one form of the API while it arrives: text fields, then the file `video`. */
import type { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { problem } from './problem.ts';

/** The text fields that came before the file. */
export type Fields = Map<string, string>;

/** What may come before the file, in bytes: nobody has said yet who sends it. */
const MAX_BEFORE_BYTES = 64 << 10;
/** The file must begin within this time. */
const BEFORE_MS = 15_000;
/** After its first minute a file must have brought this much a second, which is an eighth of GPRS. */
const MIN_BYTES_PER_SECOND = 1_000;
const GRACE_MS = 60_000;
/**
 * A parser is given up after this time when it reads nothing although bytes wait for it, or does not end although it
 * has all.
 */
const STUCK_MS = 2_000;
/** How often the form is checked. */
const WATCH_MS = 100;

/**
 * Reads the form as it streams in: the text fields, then the file `video`, which is handed to `onVideo` while it
 * arrives.
 * @param idleMs the form is given up after this time without a byte
 * @returns what `onVideo` resolves to
 * @throws Problem `invalid-multipart` when the form can't be read, brings more than 64 KiB or another file before the
 * video, or lacks it; `unavailable` when it is too slow
 */
export async function readForm(
  source: Readable,
  contentType: string | undefined,
  onVideo: (fields: Fields, video: Readable, mimeType: string) => Promise<string>,
  { idleMs }: { idleMs: number },
): Promise<string> {
  if (!/^multipart\/form-data\s*;/i.test(contentType ?? '')) throw problem('invalid-multipart');
  const fields: Fields = new Map();
  return new Promise((resolve, reject) => {
    let file: Readable | null = null;
    let receivedBytes = 0;
    let [quietMs, elapsedMs] = [0, 0];

    const unreadable = (cause: unknown) => {
      // A file that is being saved ends here, and the error of its save becomes the response.
      if (file) file.destroy();
      else reject(problem('invalid-multipart', { cause }));
    };
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
    // What is left of the request is for the error's handler to read.
    const giveUp = (why: unknown) => {
      clearInterval(watch);
      source.unpipe(form);
      reject(why);
      file?.destroy();
    };
    const tooSlow = () => giveUp(problem('unavailable', { detail: 'The form did not arrive in time; send it again.' }));
    const watch = setInterval(() => {
      quietMs += WATCH_MS;
      elapsedMs += WATCH_MS;
      if (file) {
        if (receivedBytes < ((elapsedMs - GRACE_MS) / 1_000) * MIN_BYTES_PER_SECOND) tooSlow();
        return;
      }
      // With some forms the parser neither finishes nor fails nor reads: bytes wait for it, or none are left to come.
      const isStuck = form.writableLength > 0 || source.readableEnded;
      if (isStuck && quietMs >= Math.min(STUCK_MS, idleMs))
        giveUp(problem('invalid-multipart', { cause: new Error('the form does not end') }));
      else if (quietMs >= idleMs || elapsedMs >= BEFORE_MS) tooSlow();
    }, WATCH_MS);

    form.on('field', (name, value) => void fields.set(name, value));
    form.on('file', (name, video, _fileName, _encoding, mimeType) => {
      // A form that ends inside a file makes the file fail, and an 'error' event without a listener ends the process.
      video.on('error', unreadable);
      if (name !== 'video') {
        video.resume();
        giveUp(problem('invalid-multipart', { detail: 'The form’s file field is called "video".' }));
        return;
      }
      file = video;
      [receivedBytes, elapsedMs] = [0, 0];
      video.on('close', () => clearInterval(watch)).on('end', () => clearInterval(watch));
      onVideo(fields, video, mimeType).then(resolve, giveUp);
    });
    form.on('finish', () => {
      clearInterval(watch);
      if (!file) reject(problem('invalid-multipart', { detail: 'The form has no file field "video".' }));
    });
    form.on('error', (cause: unknown) => {
      clearInterval(watch);
      unreadable(cause);
    });
    source.on('data', (chunk: Buffer) => {
      quietMs = 0;
      if (!file && receivedBytes > MAX_BEFORE_BYTES)
        giveUp(problem('invalid-multipart', { detail: 'More than 64 KiB came before the file "video".' }));
      receivedBytes += chunk.length;
    });
    source.on('error', unreadable);
    source.on('close', () => {
      if (source.readableEnded) return;
      // The parser does not end its file when the request is cut.
      file?.destroy();
      form.destroy(new Error('the request was cut'));
    });
    source.pipe(form);
  });
}
