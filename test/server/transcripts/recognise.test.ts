/** In which language a recording is heard, and when it is heard a second time. */
import { expect, test } from 'vitest';
import type { Engine, EngineContext, Heard } from '../../../server/transcripts/engines/engine.ts';
import { recognise } from '../../../server/transcripts/recognise.ts';

const context = {} as EngineContext;

/** The languages that an engine is asked for, in order; `first` is its result where it has to detect the language. */
async function languagesAsked(
  first: { used: string | null; detected: Heard['detected'] },
  { language = null, hint = null }: { language?: string | null; hint?: string | null },
): Promise<(string | null)[]> {
  const asked: (string | null)[] = [];
  const engine: Engine = {
    name: 'test',
    async hear(wanted) {
      asked.push(wanted);
      return { recognition: { language: wanted ?? first.used, segments: [] }, detected: first.detected };
    },
  };
  const recording = { wavFile: 'speech.wav', durationMs: 1_000, language, languageHint: hint };
  const { language: heardIn } = await recognise(engine, recording, context);
  expect(heardIn).toBe(asked.at(-1) ?? first.used);
  return asked;
}

const detects = (language: string | null, probability: number, used = language) => ({
  used,
  detected: { language, probability },
});

test('a language that the interview demands is used, however unsure the detection is', async () => {
  expect(await languagesAsked(detects('en', 0.1), { language: 'vi', hint: 'th' })).toEqual(['vi']);
});

test('a sure detection counts, an unsure one counts less than the page’s language', async () => {
  expect(await languagesAsked(detects('en', 0.5), { hint: 'th' })).toEqual([null]);
  expect(await languagesAsked(detects('en', 0.499), { hint: 'th' })).toEqual([null, 'th']);
  expect(await languagesAsked(detects('en', 0.1), {})).toEqual([null]);
  expect(await languagesAsked({ used: 'en', detected: null }, { hint: 'th' })).toEqual([null]);
});

test('the recording is heard once where the likely language was used, or is unknown to Whisper', async () => {
  expect(await languagesAsked(detects('en', 0.1), { hint: 'en-GB' })).toEqual([null]);
  expect(await languagesAsked(detects('en', 0.1), { hint: 'tlh' })).toEqual([null]);
});

test('an engine that used another language than it detected hears the recording again', async () => {
  expect(await languagesAsked(detects('th', 0.99, 'en'), { hint: 'vi' })).toEqual([null, 'th']);
});

test('an engine that does not say which language it used has used the one that it detected', async () => {
  expect(await languagesAsked(detects('th', 0.99, null), { hint: 'vi' })).toEqual([null]);
  expect(await languagesAsked(detects('th', 0.1, null), { hint: 'vi' })).toEqual([null, 'vi']);
  expect(await languagesAsked(detects(null, 0.1, null), { hint: 'vi' })).toEqual([null, 'vi']);
});
