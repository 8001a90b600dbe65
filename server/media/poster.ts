/** A picture of the candidate for lists: early, and not the black one that cameras begin with. */
import path from 'node:path';
import type { Contents } from './contents.ts';
import { limitsFor } from './limits.ts';
import type { Input, Tools, Workplace } from './tools.ts';

const NAME = 'poster.jpg';
const WIDTH = 640;
/** Mean brightness from 0 to 255. Black is 16 in most video, and a camera in a dark room well over this. */
const BLACK = 24;
const FIRST_MS = 1_000;

/** @returns its path; null where the recording has no picture. @throws JobError */
export async function makePoster(
  tools: Tools,
  contents: Contents,
  input: Input,
  workplace: Workplace,
): Promise<string | null> {
  const { video } = contents;
  if (!video) return null;
  const shownMs = video.lastMs - video.startMs;
  const limits = limitsFor({ sourceBytes: input.bytes, decodedMs: shownMs });
  const make = async (atMs: number) => {
    const said = await tools.ffmpeg(input, {
      ...workplace,
      before: ['-ss', (atMs / 1_000).toFixed(3)],
      args: [
        ...['-map', '0:V:0', '-frames:v', '1', '-update', '1', '-map_metadata', '-1'],
        ...['-vf', `scale='min(${WIDTH},iw)':-2,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-`],
        // JPEG has the full range of brightness; video mostly not.
        ...['-pix_fmt', 'yuvj420p', '-q:v', '4', '-f', 'image2', '-c:v', 'mjpeg', NAME],
      ],
      limits,
    });
    return Number(/YAVG=([\d.]+)/.exec(said)?.[1] ?? 0);
  };
  const first = Math.min(FIRST_MS, shownMs / 2);
  for (const atMs of [first, shownMs / 4, shownMs / 2, (shownMs * 3) / 4])
    if ((await make(atMs)) > BLACK) return path.join(workplace.folder, NAME);
  await make(first);
  return path.join(workplace.folder, NAME);
}
