/** The length of real recordings that come in pieces, by their own clock. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { createRecordedTime } from '../../../client/capture/recorded-time.ts';
import { createChance } from '../../support/chance.ts';
import { ffmpegPath, sampleVideo } from '../../support/media/media.ts';
import { createRandom } from '../../support/scale.ts';

/** What ffmpeg writes to its standard output. */
const ffmpeg = (...args: string[]) =>
  execFileSync(ffmpegPath(), ['-v', 'error', ...args, 'pipe:1'], { maxBuffer: 1e8 });
const FRAGMENTED = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4'];

const recordings: Record<string, Buffer> = {};
beforeAll(async () => {
  recordings.webm = readFileSync(await sampleVideo({ seconds: 4, format: 'webm' }));
  const mp4 = await sampleVideo({ seconds: 4, format: 'mp4' });
  recordings.mp4 = ffmpeg('-i', mp4, '-c', 'copy', ...FRAGMENTED);
  // A recorder that was stopped and began again 9 s later in the same file: 5 s of sound, and nothing for 9 s.
  const tone = (at: number) => ['-f', 'lavfi', '-i', `sine=440:d=${at}`];
  const hole = ['-c:a', 'libopus', '-af', "asetpts='if(gte(T,2),PTS+9/TB,PTS)'", '-f', 'webm'];
  recordings.hole = ffmpeg(...tone(5), ...hole);
}, 60_000);

/** The bytes in pieces of any size, some of one byte. */
function* pieces(bytes: Buffer, seed: number): Generator<ArrayBuffer> {
  const chance = createChance(createRandom(seed));
  for (let at = 0; at < bytes.length; ) {
    const size = chance.is(0.3) ? 1 : chance.int(1, 5000);
    yield new Uint8Array(bytes.subarray(at, at + size)).buffer;
    at += size;
  }
}

describe.each([
  ['webm', 'video/webm;codecs=vp8,opus'],
  ['mp4', 'video/mp4'],
])('%s', (name, mimeType) => {
  test.each([1, 2, 3])('has 4 s of sound and picture, however its bytes are cut (%i)', (seed) => {
    const time = createRecordedTime(mimeType);
    const bytes = recordings[name] as Buffer;
    for (const piece of pieces(bytes, seed)) time.add(piece);
    expect(time.recordedMs()).toBeGreaterThan(3850);
    expect(time.recordedMs()).toBeLessThan(4200);
    expect(time.pictureMs()).toBeGreaterThan(3850);
  });
});

test('a hole counts for nothing', () => {
  const time = createRecordedTime('audio/webm');
  for (const piece of pieces(recordings.hole as Buffer, 4)) time.add(piece);
  expect(time.recordedMs()).toBeGreaterThan(4800);
  expect(time.recordedMs()).toBeLessThan(5100);
  expect(time.pictureMs(), 'there is none').toBeNull();
});

test('bytes that are no recording have no length, and do no harm', () => {
  const chance = createChance(createRandom(7));
  for (const mimeType of ['video/webm', 'video/mp4', '']) {
    for (let run = 0; run < 200; run++) {
      const time = createRecordedTime(mimeType);
      for (let piece = 0; piece < 5; piece++) time.add(new Uint8Array(chance.bytes(chance.int(0, 300))).buffer);
      expect(() => time.recordedMs()).not.toThrow();
    }
    const time = createRecordedTime(mimeType);
    time.add(new TextEncoder().encode('some bytes of a test').buffer);
    expect(time.recordedMs()).toBeNull();
  }
});
