/** Other versions and builds of ffmpeg: what one lacks is done in another way or left out, and is no recording's fault. */
import path from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Abilities, askAbilities, leftOut } from '../../../server/media/abilities.ts';
import { isIndexInFront } from '../../../server/media/container-layout.ts';
import { createMedia } from '../../../server/media/index.ts';
import { createProcesses } from '../../../server/sandbox/process.ts';
import { limitedFfmpeg } from '../../support/media/limited-ffmpeg.ts';
import { ffmpegPath, probe, programFolders } from '../../support/media/media.ts';
import * as job from '../../support/media/media-job.ts';

const jobs = job.openMediaJobs();
afterAll(() => jobs.remove());
const processes = createProcesses({ programFolders, containment: job.eagerContainment() });
/** The arguments of each call of a program so far. */
const calls: (readonly string[])[] = [];
const run: typeof processes.run = (options) => {
  calls.push(options.args);
  return processes.run(options);
};
const ask = (ffmpeg: string) => askAbilities({ ffmpeg, run, signal: new AbortController().signal });

/** The media jobs of a limited ffmpeg, which was asked, and the arguments of its calls after that. */
async function withLimited(lack: Parameters<typeof limitedFfmpeg>[0]) {
  const limited = limitedFfmpeg(lack);
  onTestFinished(limited.remove);
  const abilities = await ask(limited.ffmpeg);
  const asked = calls.length;
  const media = createMedia({ ...limited, run, abilities });
  const options = async (source: string) => {
    const signal = new AbortController().signal;
    return { source, container: job.containerOf(source), folder: await jobs.newFolder(), signal };
  };
  return {
    abilities,
    calls: () => calls.slice(asked),
    remux: async (source: string, normalizeAudio = false) =>
      media.remux({ ...(await options(source)), normalizeAudio, onProgress: () => {} }),
    extractSpeech: async (source: string) => media.extractSpeech(await options(source)),
  };
}

test('the ffmpeg that is installed has everything', async () => {
  const abilities = await ask(ffmpegPath());
  expect(abilities).toMatchObject({ name: expect.stringMatching(/^ffmpeg \S+$/), canMoveCues: true });
  expect(leftOut(abilities)).toEqual([]);
});

test.each(['vp8.webm', 'voice.webm', 'h264.webm'])(
  'ffmpeg 4, which can’t move the index of a WebM: %s is copied with its index in front',
  async (name) => {
    const { abilities, remux } = await withLimited({ options: ['cues_to_front'], parts: ['setts'] });
    expect(abilities).toMatchObject({ canMoveCues: false, canSetDurations: false });
    const { copy, problems } = await remux(jobs.kind(name));
    expect(await isIndexInFront(copy, job.containerOf(copy))).toBe(true);
    expect(job.judge(copy).packets).toEqual(job.judge(jobs.kind(name)).packets);
    expect((await probe(copy)).decodeErrors).toEqual([]);
    expect(problems).toEqual([]);
  },
);

test('options that ffmpeg 5 to 8 removed are not used', async () => {
  const { remux, extractSpeech, calls } = await withLimited({});
  await remux(jobs.kind('h264.webm'), true);
  await extractSpeech(jobs.kind('vp8.webm'));
  const removed = [
    '-vsync',
    '-map_channel',
    '-psnr',
    '-qphist',
    '-top',
    '-deinterlace',
    '-ab',
    '-vol',
    '-adrift_threshold',
  ];
  expect(calls().length).toBeGreaterThan(5);
  expect(
    calls()
      .flat()
      .filter((arg) => removed.includes(arg)),
  ).toEqual([]);
});

describe('a build that lacks', () => {
  test.each([
    ['the filter for the size of posters', ['scale'], 'posters (it has no filter scale)'],
    ['the encoder of posters', ['mjpeg'], 'posters (it has no encoder mjpeg)'],
    ['the filters of which posters need none', ['signalstats', 'metadata'], null],
  ])('%s: the copy is made', async (_, parts, isSaid) => {
    const { abilities, remux } = await withLimited({ parts });
    expect(leftOut(abilities)).toEqual(isSaid === null ? [] : [isSaid]);
    const { poster, leftOut: told, problems } = await remux(jobs.kind('vp8.webm'));
    expect(poster === null).toBe(isSaid !== null);
    expect(told).toHaveLength(isSaid === null ? 0 : 1);
    expect(problems).toEqual([]);
  });

  test('what evens out the loudness: the sound is copied as it is, and that is said', async () => {
    const { abilities, remux } = await withLimited({ parts: ['loudnorm', 'libopus'] });
    expect(leftOut(abilities)).toEqual(['even loudness (it has no filter loudnorm, no encoder libopus)']);
    const { copy, leftOut: told } = await remux(jobs.kind('vp8.webm'), true);
    expect(job.judge(copy).packets).toEqual(job.judge(jobs.kind('vp8.webm')).packets);
    expect(told).toEqual([expect.stringMatching(/^its loudness is as recorded: ffmpeg \S+ has no filter loudnorm/)]);
  });

  test('a decoder: the copy is made without a look at its pictures; a transcript is refused for the program', async () => {
    const { abilities, remux, extractSpeech } = await withLimited({ parts: ['vp8', 'libvpx', 'opus', 'libopus'] });
    expect(leftOut(abilities)).toContain('posters, transcripts and checks of vp8, opus (it has no decoder)');
    const without: Abilities = abilities;
    expect(without.lacks(['decoder vp8', 'decoder h264'])).toEqual(['decoder vp8']);
    await expect(extractSpeech(jobs.kind('voice.webm'))).rejects.toMatchObject({
      message: expect.stringMatching(/^ffmpeg \S+ has no decoder for opus: install/),
      final: true,
      isProgramsFault: true,
    });
    const { copy, poster } = await remux(jobs.kind('vp8.webm'));
    expect([path.basename(copy), poster]).toEqual(['copy.webm', null]);
  });

  test('an option, and does not say so: the job ends for the program, not for the recording', async () => {
    const { abilities, remux } = await withLimited({ options: ['cues_to_front'], isSilent: true });
    expect(leftOut(abilities)).toEqual([]);
    await expect(remux(jobs.kind('vp8.webm'))).rejects.toMatchObject({
      message: expect.stringMatching(/^ffmpeg lacks what this needs .*cues_to_front.*: install a full ffmpeg/),
      final: true,
      isProgramsFault: true,
    });
  });
});
