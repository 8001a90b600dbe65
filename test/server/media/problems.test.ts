/** What is missing in a recording is counted and said: a copy is read by the same eyes as its recording. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { scanBytes } from '../../../server/media/byte-scan.ts';
import { probe } from '../../support/media/media.ts';
import * as job from '../../support/media/media-job.ts';

const jobs = job.openMediaJobs();
afterAll(() => jobs.remove());
const live = (video: 'vp8' | 'h264') =>
  video === 'vp8'
    ? ({ video, audio: 'opus', format: job.LIKE_MEDIA_RECORDER } as const)
    : ({ video, audio: 'aac', format: job.FRAGMENTED_MP4 } as const);
const record = (name: string, more: Partial<job.Recipe> = {}) =>
  jobs.record(name, { ...live(name.endsWith('.mp4') ? 'h264' : 'vp8'), ...more });
function write(name: string, ...parts: Buffer[]): string {
  const file = path.join(jobs.root, name);
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

test.each(['webm', 'mp4'])(
  'two recordings one behind the other are joined, and that is said: %s',
  async (extension) => {
    const [one, other] = [record(`one.${extension}`), record(`other.${extension}`, { seconds: 2 })];
    const source = write(`both.${extension}`, readFileSync(one), readFileSync(other));
    const { copy, durationMs, problems } = await jobs.remux(source);
    expect(Math.abs(durationMs - 5_000)).toBeLessThan(150);
    const [first, second] = [job.judge(one).packets, job.judge(other).packets];
    expect(job.judge(copy).packets).toEqual(first.map((count, at) => count + (second[at] ?? 0)));
    expect((await probe(copy)).decodeErrors).toEqual([]);
    expect(problems).toEqual(['it is 2 recordings one behind the other, which the copy joins']);
    expect(Math.abs(((await jobs.extractSpeech(source))?.durationMs ?? 0) - 5_000)).toBeLessThan(150);
  },
);

test('a second recording of another kind is left out, and that is said', async () => {
  const voice = jobs.kind('voice.webm');
  const source = write('unlike.webm', readFileSync(record('first.webm')), readFileSync(voice));
  const { durationMs, problems } = await jobs.remux(source);
  expect(Math.abs(durationMs - 3_000)).toBeLessThan(100);
  expect(problems).toEqual([
    expect.stringMatching(/^it is 2 recordings .*; the copy has 1 of them, 1 \(\d+ kB\) is left out$/),
  ]);
});

test.each([
  ['webm', 'zeros', /^\d+ kB of it are damaged and can’t be read; its sound has a gap of/],
  ['webm', 'nothing', /its sound has a gap of/],
  ['mp4', 'zeros', /^\d+ kB of it are damaged and can’t be read|can’t be decoded$/],
  ['mp4', 'nothing', /damaged|gap|can’t be decoded$|breaks off|can’t be read/],
] as const)('of a %s, 8 kB in the middle are %s: that is said', async (extension, kind, said) => {
  const whole = readFileSync(record(`whole-${extension}.${extension}`, { seconds: 4 }));
  const at = Math.floor(whole.length / 2);
  const hole = kind === 'zeros' ? [Buffer.alloc(8_000)] : [];
  const source = write(`damaged.${extension}`, whole.subarray(0, at), ...hole, whole.subarray(at + 8_000));
  const { problems } = await jobs.remux(source).catch((error: Error) => ({ problems: [error.message] }));
  expect(problems.join('; ')).toMatch(said);
});

test('a gap of an hour is said; its sound is 16 kHz within the memory of a job', { timeout: 120_000 }, async () => {
  const source = record('slept.webm', {
    seconds: 4,
    vf: "settb=1/1000,setpts='PTS+if(gte(T,2),3600000,0)'",
    af: "asetpts='PTS+if(gte(T,2),3600,0)/TB'",
  });
  const { durationMs, problems, leftOut } = await jobs.remux(source, { normalizeAudio: true });
  expect(Math.round(durationMs / 1_000)).toBe(3_604);
  expect(problems).toEqual(['its sound has a gap of 3600.0 s at 0:02', 'its picture has a gap of 3600.0 s at 0:02']);
  expect(leftOut).toEqual(['its loudness is as recorded: its sound has too long a gap']);
  expect(Math.round(((await jobs.extractSpeech(source))?.durationMs ?? 0) / 1_000)).toBe(3_604);
});

test('a gap of more than 7,000 s ends in words, not in wrong times', async () => {
  const source = jobs.record('long.webm', {
    audio: 'opus',
    af: "asetpts='PTS+if(gte(T,2),7100,0)/TB'",
    format: job.LIKE_MEDIA_RECORDER,
  });
  await expect(jobs.extractSpeech(source)).rejects.toMatchObject({
    message: 'its sound has a gap of 118 minutes; 116 are allowed',
    final: true,
  });
});

test.each([
  ['its picture ends 2.0 s before its sound', { vf: "settb=1/1000,select='lt(t,2)'", seconds: 4 }],
  ['its sound ends 2.0 s before its picture', { af: 'atrim=end=2', seconds: 4 }],
])('%s', async (said, recipe) => {
  const { problems } = await jobs.remux(record(`${said.slice(4, 9)}.webm`, recipe));
  expect(problems).toEqual([said]);
});

test('a recording that begins late on its clock does not break off', async () => {
  const format = ['-output_ts_offset', '20', '-f', 'webm'];
  const { durationMs, problems } = await jobs.remux(record('late.webm', { format }));
  expect(Math.abs(durationMs - 3_000)).toBeLessThan(100);
  expect(problems).toEqual([]);
});

test('the bytes of honest recordings have no zeros and one beginning; room that is kept free does not count', async () => {
  const { signal } = new AbortController();
  for (const name of ['vp8.webm', 'fragments.mp4', 'end.mp4'])
    expect(await scanBytes(jobs.kind(name), job.containerOf(jobs.kind(name)), signal)).toEqual({
      starts: [0],
      zeroBytes: 0,
    });
  const roomy = record('roomy.webm', { format: ['-reserve_index_space', '20000', '-f', 'webm'] });
  expect(await scanBytes(roomy, 'webm', signal)).toEqual({ starts: [0], zeroBytes: 0 });
  // Portions end within zeros and within a head.
  const head = readFileSync(jobs.kind('vp8.webm'));
  const source = write(
    'far.webm',
    head,
    Buffer.alloc((256 << 10) - head.length - 20 - 30_000, 0x55),
    Buffer.alloc(30_000),
    Buffer.alloc(10, 0x55),
    head,
  );
  expect(await scanBytes(source, 'webm', signal)).toEqual({ starts: [0, (256 << 10) - 10], zeroBytes: 30_000 });
});
