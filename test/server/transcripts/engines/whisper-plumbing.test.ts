/**
 * Real whisper.cpp behind both engines: plumbing only. Its hand-made model gives the same two sentences for every sound; see
 * recognition.test.ts for an engine that really recognises speech.
 */
import { beforeAll, expect, test } from 'vitest';
import type { Engine, Recording } from '../../../../server/transcripts/engines/engine.ts';
import { createOpenAi } from '../../../../server/transcripts/engines/openai.ts';
import { createWhisperCli } from '../../../../server/transcripts/engines/whisper-cli.ts';
import { recognise, shapeTranscript } from '../../../../server/transcripts/index.ts';
import { openRecording, readVtt, wavOf } from '../../../support/speech/speech.ts';
import { buildWhisper, openWhisperServer, WHISPER_BUILD_MS, type Whisper } from '../../../support/speech/whisper.ts';
import { SENTENCES } from '../../../support/speech/whisper-fixture.mjs';

const TIMEOUT = { timeout: 300_000 };
/** The second sentence lasts longer than the recording. */
const DURATION_MS = 4_000;
const TEXT = SENTENCES.map(({ text }) => text).join(' ');

let whisper: Whisper;
beforeAll(async () => {
  whisper = await buildWhisper();
}, WHISPER_BUILD_MS);

/** Lets an engine hear 4 s of a tone, and checks the transcript and the captions. */
async function expectPlumbed(engine: Engine, more: Partial<Recording> = {}) {
  const wav = wavOf([{ seconds: DURATION_MS / 1_000, dbfs: -20 }]);
  const { recording, context, progress, close } = await openRecording({ wav, durationMs: DURATION_MS, ...more });
  try {
    const recognition = await recognise(engine, recording, context);
    expect(recognition.segments.map(({ text }) => text).join(' ')).toBe(TEXT);
    const { transcript, vtt } = await shapeTranscript({ ...recording, recognition, engine: engine.name });
    expect(transcript).toMatchObject({ engine: engine.name, durationMs: DURATION_MS, text: TEXT });
    const words = transcript.segments.flatMap((segment) => segment.words);
    expect(words.map(({ text }) => text).join(' ')).toBe(TEXT);
    expect(words.every(({ confidence }) => confidence !== null && confidence >= 0 && confidence <= 1)).toBe(true);
    const times = words.flatMap(({ startMs, endMs }) => [startMs, endMs]);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...times)).toBeLessThanOrEqual(DURATION_MS);
    const cues = readVtt(vtt);
    expect(cues.flatMap(({ lines }) => lines).join(' ')).toBe(TEXT);
    expect(cues.at(-1)?.endMs).toBeLessThanOrEqual(DURATION_MS);
    return { recognition, transcript, cues, progress };
  } finally {
    await close();
  }
}

test(
  'plumbing: whisper-cli gives segments, words with times and confidence, a language and progress',
  TIMEOUT,
  async () => {
    const engine = createWhisperCli({ command: whisper.cli, model: whisper.plumbingModel });
    const { recognition, progress } = await expectPlumbed(engine, { language: 'vi' });
    expect(recognition).toMatchObject({
      language: 'vi',
      segments: SENTENCES.map((sentence) => ({ ...sentence, noSpeech: null })),
    });
    expect(progress.at(-1)).toBe(1);
  },
);

test('plumbing: whisper-cli detects a language', TIMEOUT, async () => {
  const engine = createWhisperCli({ command: whisper.cli, model: whisper.plumbingModel });
  const { transcript } = await expectPlumbed(engine);
  expect(transcript.language).toMatch(/^[a-z]{2,3}$/);
});

test('plumbing: whisper-cli says that a file is no model', TIMEOUT, async () => {
  const { recording, context, close } = await openRecording();
  try {
    const engine = createWhisperCli({ command: whisper.cli, model: recording.wavFile });
    await expect(recognise(engine, recording, context)).rejects.toMatchObject({
      final: true,
      message: expect.stringContaining('TRESGO_WHISPER_MODEL'),
    });
  } finally {
    await close();
  }
});

test(
  'plumbing: whisper-server through the openai engine gives segments and words with times and confidence',
  TIMEOUT,
  async () => {
    const { baseUrl, close } = await openWhisperServer(whisper, '-l', 'auto');
    try {
      const engine = createOpenAi({ baseUrl, apiKey: null });
      const { recognition } = await expectPlumbed(engine, { language: 'th' });
      expect(recognition.language).toBe('th');
      expect(recognition.segments.every(({ noSpeech }) => noSpeech !== null)).toBe(true);
      await expectPlumbed(engine, { languageHint: 'vi' });
    } finally {
      await close();
    }
  },
);
