/** An answer as a phone records it, as the input of jobs. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ffmpegPath, spokenWords } from '../../test/support/media/media.ts';

const MEDIA_KBIT = 1_500;
/** Seconds that are encoded; the rest of an answer repeats them. */
const PIECE_SECONDS = 20;

/** Makes a WebM (VP8, Opus) of 640x480 with a voice, about 1.5 Mbit/s, in the system's temporary folder; returns its path. */
export async function makeAnswer(seconds: number): Promise<string> {
  const [piece, whole] = ['piece', 'answer'].map((name) =>
    path.join(tmpdir(), `tresgo-bench-${name}-${randomUUID()}.webm`),
  );
  const run = (...args: string[]) => promisify(execFile)(ffmpegPath(), ['-nostdin', '-v', 'error', ...args]);
  await run(
    ...['-f', 'lavfi', '-i', `testsrc2=size=640x480:rate=30:duration=${PIECE_SECONDS}`],
    ...['-f', 'lavfi', '-i', `flite=voice=slt:text='${spokenWords}',apad=whole_dur=${PIECE_SECONDS}`],
    ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', `${MEDIA_KBIT}k`, '-minrate', '1000k'],
    ...['-c:a', 'libopus', '-ar', '48000', '-t', String(PIECE_SECONDS), piece as string],
  );
  await run(
    '-stream_loop',
    String(Math.ceil(seconds / PIECE_SECONDS) - 1),
    '-i',
    piece as string,
    '-c',
    'copy',
    whole as string,
  );
  return whole as string;
}

/** Sends an answer as the original front end does. */
export async function sendAnswer(
  url: string,
  { token, folder }: { token: string; folder: string },
  file: string,
): Promise<void> {
  const form = new FormData();
  form.set('token', token);
  form.set('folder', folder);
  form.set('questionIndex', '1');
  form.set('video', await openAsBlob(file), 'Q1.webm');
  const response = await fetch(`${url}/api/upload-one`, { method: 'POST', body: form });
  if (!response.ok) throw new Error(`upload-one: ${response.status} ${await response.text()}`);
}
