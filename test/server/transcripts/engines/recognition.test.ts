/** Real recognition: speech of ffmpeg's flite, recognised by Debian's pocketsphinx behind the interface of engines. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { recognise, shapeTranscript } from '../../../../server/transcripts/index.ts';
import { fakeMedia, ffmpegPath } from '../../../support/media/media.ts';
import { createPocketsphinx } from '../../../support/speech/pocketsphinx.ts';
import { openRecording, readVtt } from '../../../support/speech/speech.ts';

test('keywords of spoken sentences are recognised, with their times, in the JSON and in the captions', {
  timeout: 120_000,
}, async () => {
  const speech = await openRecording({ isContained: false });
  try {
    // "My name is Anna Parker and I come from a small town near the sea. For the last four years …", about 11 s.
    const { voice } = await fakeMedia();
    const wavFile = path.join(speech.folder, 'spoken.wav');
    await promisify(execFile)(ffmpegPath(), [
      '-v',
      'error',
      '-i',
      voice,
      '-ar',
      '16000',
      '-ac',
      '1',
      '-c:a',
      'pcm_s16le',
      wavFile,
    ]);
    const durationMs = ((await readFile(wavFile)).length - 44) / 32;
    const engine = createPocketsphinx();
    const recognition = await recognise(engine, { ...speech.recording, wavFile, durationMs }, speech.context);
    const { transcript, vtt } = await shapeTranscript({ recognition, wavFile, durationMs, engine: engine.name });

    const keywords = [
      'name',
      'small',
      'town',
      'last',
      'four',
      'years',
      'worked',
      'engineer',
      'enjoy',
      'solving',
      'problems',
      'people',
    ];
    const words = transcript.segments.flatMap((segment) => segment.words);
    const heard = keywords.filter((keyword) => words.some(({ text }) => text === keyword));
    expect(heard.length).toBeGreaterThanOrEqual(9);
    // "name" is spoken within 1.5 s, "engineer" in the second half.
    expect(words.find(({ text }) => text === 'name')?.startMs).toBeLessThan(1_500);
    expect(words.find(({ text }) => text === 'engineer')?.startMs ?? 0).toBeGreaterThan(durationMs / 2);
    const cues = readVtt(vtt);
    expect(cues.length).toBeGreaterThan(1);
    expect(cues.at(-1)?.endMs).toBeLessThanOrEqual(durationMs);
    expect(cues.flatMap(({ lines }) => lines).join(' ')).toBe(transcript.text);
  } finally {
    await speech.close();
  }
});
