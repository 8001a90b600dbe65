/** The loudness of WAV files. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loudnessOf } from '../../../../server/transcripts/cleaning/loudness.ts';
import { type OpenRecording, openRecording, wavOf } from '../../../support/speech/speech.ts';

let recording: OpenRecording;
beforeEach(async () => {
  recording = await openRecording();
});
afterEach(() => recording.close());

async function levelsOf(wav: Buffer): Promise<readonly number[]> {
  const file = path.join(recording.folder, 'any.wav');
  await writeFile(file, wav);
  return (await loudnessOf(file)).levels;
}

test('each 100 ms has a level; digital silence is -100 dBFS; a shorter window at the end counts', async () => {
  const levels = await levelsOf(
    wavOf([
      { seconds: 0.2, dbfs: -20 },
      { seconds: 0.1, dbfs: null },
      { seconds: 10, dbfs: -40 },
      { seconds: 0.05, dbfs: -30 },
    ]),
  );
  expect(levels).toHaveLength(104);
  expect(levels.slice(0, 4).map(Math.round)).toEqual([-20, -20, -100, -40]);
  expect(levels.slice(-2).map(Math.round)).toEqual([-40, -30]);
});

test('other chunks are skipped, and a length that is too large ends with the file', async () => {
  const wav = wavOf([{ seconds: 0.3, dbfs: -20 }], { extra: Buffer.from('INFOISFT') });
  wav.writeUInt32LE(0xffff_ffff, wav.indexOf('data') + 4);
  expect((await levelsOf(wav)).map(Math.round)).toEqual([-20, -20, -20]);
  expect(await levelsOf(wavOf([]))).toEqual([]);
});

test('a file that is no WAV of 16 bit PCM is refused with the reason', async () => {
  const wav = wavOf([{ seconds: 0.1, dbfs: -20 }]);
  const floats = Buffer.from(wav);
  floats.writeUInt16LE(3, 20);
  await expect(levelsOf(floats)).rejects.toThrow('not 16 bit PCM');
  await expect(levelsOf(Buffer.from('<html>not found</html>'))).rejects.toThrow('no WAV');
  await expect(levelsOf(wav.subarray(0, 20))).rejects.toThrow('ends early');
  await expect(levelsOf(Buffer.alloc(0))).rejects.toThrow('ends early');
});
