/** Transcripts and captions of an engine's result. */
import { expect, test } from 'vitest';
import type { Recognition } from '../../../server/transcripts/engines/engine.ts';
import { createEngine, shapeTranscript, silentTranscript } from '../../../server/transcripts/index.ts';
import { transcriptOf } from '../../../server/transcripts/transcript.ts';
import type { Segment } from '../../../server/transcripts/words/segments.ts';
import { createChance } from '../../support/chance.ts';
import { createRandom } from '../../support/scale.ts';
import { loudFor, openRecording, readVtt, wavOf } from '../../support/speech/speech.ts';

const word = (text: string, startMs: number, endMs: number) => ({ text, startMs, endMs, confidence: 0.5 });
const segment = (text: string, startMs: number, endMs: number, words: Segment['words'] = []): Segment => ({
  ...{ text, startMs, endMs, words, noSpeech: null },
});
const transcribe = (segments: Segment[], durationMs: number) =>
  transcriptOf({ language: 'en', segments }, { durationMs, loudness: loudFor(durationMs), engine: 'test' });

test('times are moved into the recording, and segments that begin after its end are removed', () => {
  const { segments, ...rest } = transcribe(
    [
      segment('One two.', -100, 1_500.4, [word('One', -100, 700), word('two.', 650, 2_900)]),
      segment('Three', 1_200, 30_000, [word('Three', 1_100, 30_000)]),
      segment('You', 3_000, 5_000),
    ],
    3_000,
  );
  expect(rest).toEqual({ engine: 'test', language: 'en', durationMs: 3_000, text: 'One two. Three' });
  expect(segments).toEqual([
    { text: 'One two.', startMs: 0, endMs: 1_200, words: [word('One', 0, 700), word('two.', 650, 1_200)] },
    { text: 'Three', startMs: 1_200, endMs: 3_000, words: [word('Three', 1_200, 3_000)] },
  ]);
});

test.each(Array.from({ length: 20 }, (_, seed) => seed))(
  'any times become ordered times inside the recording (seed %i)',
  (seed) => {
    const chance = createChance(createRandom(seed));
    const durationMs = chance.int(1, 20_000);
    const any = () => chance.int(-2_000, 25_000) + chance.pick([0, 0.25]);
    const segments = Array.from({ length: chance.int(0, 10) }, (_, at) =>
      segment(`Nr ${at}`, any(), any(), [word('Nr', any(), any()), word(`${at}`, any(), any())]),
    );
    let passedMs = 0;
    for (const { startMs, endMs, words } of transcribe(segments, durationMs).segments) {
      expect(startMs).toBeGreaterThanOrEqual(passedMs);
      expect(endMs).toBeGreaterThanOrEqual(startMs);
      for (const each of words) {
        expect(each.startMs).toBeGreaterThanOrEqual(startMs);
        expect(each.endMs).toBeGreaterThanOrEqual(each.startMs);
        expect(each.endMs).toBeLessThanOrEqual(endMs);
      }
      passedMs = endMs;
    }
    expect(passedMs).toBeLessThanOrEqual(durationMs);
  },
);

test('a long pause begins a new paragraph', () => {
  const segments = [segment('One.', 0, 1_000), segment('Two.', 1_500, 2_000), segment('Three.', 6_000, 7_000)];
  expect(transcribe(segments, 8_000).text).toBe('One. Two.\n\nThree.');
});

test('segments in silence are removed, from the JSON and from the captions', async () => {
  const wav = wavOf([
    { seconds: 2, dbfs: -20 },
    { seconds: 4, dbfs: null },
  ]);
  const { recording, close } = await openRecording({ wav, durationMs: 6_000.9 });
  try {
    const recognition: Recognition = {
      language: 'vi',
      segments: [segment('Tôi tên là An', 0, 2_000), segment('Cảm ơn các bạn đã theo dõi!', 3_000, 30_000)],
    };
    const { transcript, vtt } = await shapeTranscript({ ...recording, recognition, engine: 'test' });
    expect(transcript).toEqual({
      ...{ engine: 'test', language: 'vi', durationMs: 6_000, text: 'Tôi tên là An' },
      segments: [{ text: 'Tôi tên là An', startMs: 0, endMs: 2_000, words: [] }],
    });
    expect(readVtt(vtt)).toEqual([{ startMs: 0, endMs: 2_400, lines: ['Tôi tên là An'] }]);
    expect(vtt).toContain('NOTE language: vi');
  } finally {
    await close();
  }
});

test('an answer without sound has a transcript without words', () => {
  const { transcript, vtt } = silentTranscript(4_000);
  expect(transcript).toEqual({ engine: null, language: null, durationMs: 4_000, text: '', segments: [] });
  expect(readVtt(vtt)).toEqual([]);
});

test('the configuration chooses the engine', () => {
  expect(createEngine({ kind: 'off' }, [])).toBeNull();
  expect(createEngine({ kind: 'whisper-cli', model: 'model.bin' }, [])?.name).toBe('whisper-cli');
  expect(createEngine({ kind: 'openai', baseUrl: 'http://127.0.0.1:1/v1', apiKey: null }, [])?.name).toBe('openai');
});
