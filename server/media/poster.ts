/** A still picture of the candidate for lists: an early one, but not the black one that cameras begin with. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { JobError } from '../job-error.ts';
import { NEEDS, requireParts } from './abilities.ts';
import type { Contents } from './contents.ts';
import { limitsFor } from './limits.ts';
import type { Input, Tools, Workplace } from './tools.ts';

const NAME = 'poster.jpg';
const WIDTH = 640;
/** The picture at `SMALL` x `SMALL` points, one byte each: all builds of ffmpeg can write it, and it has the mean brightness. */
const SMALL_NAME = 'poster.gray';
const SMALL = 32;
/** A picture with a lower mean brightness (0 to 255) counts as black. A dark room is well above. */
const BLACK = 9;
/** The time of the picture that is tried first. */
const FIRST_MS = 1_000;

/** A poster, or why there is none. */
export interface Poster {
  /** The poster's path; null where there is none. */
  file: string | null;
  /** Why there is none, for people; null where there is one, and where the recording has no picture. */
  problem: string | null;
}

/**
 * Makes a poster of a copy. Without a poster the copy is as good: an error is a result.
 * @throws the signal's reason where the signal was aborted
 */
export async function makePoster(
  tools: Tools,
  contents: Contents,
  input: Input,
  workplace: Workplace,
): Promise<Poster> {
  if (!contents.video) return { file: null, problem: null };
  try {
    return { file: await make(tools, contents.video, input, workplace), problem: null };
  } catch (error) {
    workplace.signal.throwIfAborted();
    await rm(path.join(workplace.folder, NAME), { force: true });
    const problem = error instanceof JobError ? error.message : 'the program can’t be started';
    return { file: null, problem: `it has no poster: ${problem}` };
  } finally {
    await rm(path.join(workplace.folder, SMALL_NAME), { force: true });
  }
}

async function make(
  tools: Tools,
  video: NonNullable<Contents['video']>,
  input: Input,
  workplace: Workplace,
): Promise<string> {
  requireParts(tools.abilities, NEEDS.poster);
  tools.requireDecoder(video.codec);
  const shownMs = video.lastMs - video.startMs;
  const limits = limitsFor({ sourceBytes: input.bytes, decodedMs: shownMs });
  const first = ['-map', '0:V:0', '-frames:v', '1', '-update', '1', '-map_metadata', '-1', '-f', 'image2'];
  const brightnessAt = async (atMs: number) => {
    await tools.ffmpeg(input, {
      ...workplace,
      before: ['-ss', (atMs / 1_000).toFixed(3)],
      args: [
        // JPEG uses the full range of brightness, video mostly does not.
        ...[...first, '-vf', `scale='min(${WIDTH},iw)':-2`, '-pix_fmt', 'yuvj420p', '-q:v', '4', '-c:v', 'mjpeg', NAME],
        ...[...first, '-vf', `scale=${SMALL}:${SMALL}:flags=area`, '-pix_fmt', 'gray', '-c:v', 'rawvideo', SMALL_NAME],
      ],
      limits,
    });
    const points = await readFile(path.join(workplace.folder, SMALL_NAME));
    return points.reduce((sum, point) => sum + point, 0) / points.length;
  };
  const firstMs = Math.min(FIRST_MS, shownMs / 2);
  for (const atMs of [firstMs, shownMs / 4, shownMs / 2, (shownMs * 3) / 4])
    if ((await brightnessAt(atMs)) > BLACK) return path.join(workplace.folder, NAME);
  await brightnessAt(firstMs);
  return path.join(workplace.folder, NAME);
}
