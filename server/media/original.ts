/** A recording as an input of ffmpeg, and what its bytes say that ffmpeg does not. */
import { createReadStream, createWriteStream } from 'node:fs';
import { constants, copyFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { containerOf, MAGIC_BYTES, readHead } from '../../storage/index.ts';
import type { Container } from '../../storage/types.ts';
import { JobError } from '../job-error.ts';
import { type ByteScan, scanBytes } from './byte-scan.ts';
import { isIndexInFront } from './container-layout.ts';
import { type Contents, readContents } from './contents.ts';
import { type Input, madeInput, type Tools, type Workplace } from './tools.ts';

/** Where a recording is, and where a job works on it. */
interface Source extends Workplace {
  source: string;
  container: Container;
}

/** What the bytes of a recording say. */
export interface Findings {
  /** How many recordings the file has, one behind the other; 1 = it is one recording. */
  recordings: number;
  /** How many of them are left out, and their bytes. */
  leftOut: number;
  leftOutBytes: number;
  /** The bytes in blocks of zeros. */
  zeroBytes: number;
}

/** A file with more recordings one behind the other is no answer: the first one alone is read. */
const MAX_RECORDINGS = 16;
const LIST = 'original.txt';

/**
 * Gives `use` the recording as an input. Recordings one behind the other are joined where their tracks are the same. An MP4
 * with its index at the end can't be read from a pipe: it is copied into the folder until `use` has ended (ffmpeg's own
 * protocol for this, `cache`, leaves a copy in /tmp).
 * @throws JobError, final, where the recording is empty, or its first bytes name another container
 */
export async function withOriginal<T>(
  tools: Tools,
  from: Source,
  use: (input: Input, findings: Findings) => Promise<T>,
): Promise<T> {
  const { source, container, folder, signal } = from;
  const { size: bytes } = await stat(source);
  if (bytes === 0) throw new JobError('it is empty', { final: true });
  const head = await readHead(source, MAGIC_BYTES);
  // A shorter file has the whole header of neither container.
  if (head.length < MAGIC_BYTES || containerOf(head) !== container)
    throw new JobError(`it is no ${container} file`, { final: true });
  const scan = await scanBytes(source, container, signal);
  const made: string[] = [];
  try {
    const joined = await join(tools, from, scan, bytes, made);
    if (joined) return await use(joined.input, joined.findings);
    const findings = { ...alone(scan, bytes), zeroBytes: scan.zeroBytes };
    if (container === 'webm' || (await isIndexInFront(source, container)))
      return await use({ container, bytes, stdin: source, name: null }, findings);
    const name = `original.${container}`;
    made.push(name);
    await copyFile(source, path.join(folder, name), constants.COPYFILE_FICLONE);
    return await use({ container, bytes, stdin: null, name }, findings);
  } finally {
    for (const name of made) await rm(path.join(folder, name), { force: true });
  }
}

function alone({ starts }: ByteScan, bytes: number) {
  const leftOutBytes = starts.length > 1 ? bytes - (starts[1] ?? bytes) : 0;
  return { recordings: starts.length, leftOut: starts.length - 1, leftOutBytes };
}

/**
 * Cuts the file into its recordings, each a file in the folder, and lists those that can be read and have the first one's
 * codecs; the files of the others are removed again.
 * @param made gets the names of the files that were made
 * @returns null where there is one recording, or the first one can't be read
 */
async function join(
  tools: Tools,
  { source, container, folder, signal }: Source,
  { starts, zeroBytes }: ByteScan,
  bytes: number,
  made: string[],
): Promise<{ input: Input; findings: Findings } | null> {
  if (starts.length === 1 || starts.length > MAX_RECORDINGS || tools.abilities.lacks(['demuxer concat']).length > 0)
    return null;
  const listed: string[] = [];
  let [first, leftOut, leftOutBytes]: [Contents | null, number, number] = [null, 0, 0];
  for (const [at, start] of starts.entries()) {
    const end = (starts[at + 1] ?? bytes) - 1;
    const name = `original-${at + 1}.${container}`;
    made.push(name);
    const target = createWriteStream(path.join(folder, name), { mode: 0o600 });
    await pipeline(createReadStream(source, { start, end }), target, { signal });
    const contents = await readContents(tools, await madeInput(folder, name, container), { folder, signal }).catch(
      (error: unknown) => {
        if (error instanceof JobError && error.final && !error.isProgramsFault) return null;
        throw error;
      },
    );
    if (at === 0 && !contents) return null;
    first ??= contents;
    if (contents && first && isAlike(contents, first)) {
      listed.push(`file ${name}\nduration ${(spanMs(contents) / 1_000).toFixed(3)}\n`);
    } else {
      leftOut += 1;
      leftOutBytes += end + 1 - start;
      await rm(path.join(folder, name), { force: true });
    }
  }
  made.push(LIST);
  await writeFile(path.join(folder, LIST), `ffconcat version 1.0\n${listed.join('')}`, { mode: 0o600 });
  const findings = { recordings: starts.length, leftOut, leftOutBytes, zeroBytes };
  return { input: { container, bytes, stdin: null, name: LIST, isList: true }, findings };
}

/** The time until the next recording may begin: recordings often do not say how long their last packet lasts. */
function spanMs({ video, audio, startMs, durationMs }: Contents): number {
  const ends = [video, audio].map((track) => (track ? track.lastMs + track.lastStepMs - startMs : 0));
  return Math.max(durationMs, ...ends);
}

/** Whether the tracks are the same, in the same order. */
function isAlike(one: Contents, other: Contents): boolean {
  const tracks = ({ video, audio }: Contents) => [video?.codec, video?.index, audio?.codec, audio?.index].join();
  return tracks(one) === tracks(other);
}
