/** The `openai` engine against a real HTTP server that answers as OpenAI and whisper-server do. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KEY, openSpeechServer, type SpeechServer } from '../../support/speech-server.ts';

let server: SpeechServer;
beforeEach(async () => {
  server = await openSpeechServer();
});
afterEach(() => server.close());

/** As OpenAI answers: words of all segments in one list, without punctuation. */
const OPENAI_ANSWER = {
  task: 'transcribe',
  language: 'vietnamese',
  duration: 2,
  text: 'Xin chào, tôi là An. Tôi ở Huế.',
  words: [
    { word: 'Xin', start: 0, end: 0.2 },
    { word: 'chào', start: 0.2, end: 0.4 },
    { word: 'tôi', start: 0.5, end: 0.6 },
    { word: 'là', start: 0.6, end: 0.7 },
    { word: 'An', start: 0.7, end: 0.9 },
    { word: 'Tôi', start: 1, end: 1.2 },
    { word: 'Huế', start: 1.4, end: 1.8 },
  ],
  segments: [
    {
      id: 0,
      seek: 0,
      start: 0,
      end: 1,
      text: ' Xin chào, tôi là An.',
      tokens: [1],
      avg_logprob: -0.2,
      no_speech_prob: 0.01,
    },
    { id: 1, seek: 0, start: 1, end: 2, text: ' Tôi ở Huế.', tokens: [2], avg_logprob: -0.2, no_speech_prob: 0.7 },
  ],
};

/** As whisper-server answers: tokens in each segment, which it cut inside a word. */
const WHISPER_SERVER_ANSWER = {
  task: 'transcribe',
  language: 'english',
  duration: 2,
  text: ' hello world\n',
  detected_language: 'english',
  detected_language_probability: 0.99,
  language_probabilities: { en: 0.99 },
  segments: [
    {
      ...{
        id: 0,
        text: ' hello wor',
        start: 0,
        end: 0.8,
        tokens: [1, 2],
        temperature: 0,
        avg_logprob: -0.1,
        no_speech_prob: 0.2,
      },
      words: [
        { word: ' hello', start: 0, end: 0.5, t_dtw: -1, probability: 0.9 },
        { word: ' wor', start: 0.5, end: 0.8, t_dtw: -1, probability: 0.8 },
      ],
    },
    {
      ...{
        id: 1,
        text: 'ld.',
        start: 0.8,
        end: 1,
        tokens: [3, 4],
        temperature: 0,
        avg_logprob: -0.1,
        no_speech_prob: 0,
      },
      words: [
        { word: 'ld', start: 0.8, end: 0.9, t_dtw: -1, probability: 0.6 },
        { word: '.', start: 0.9, end: 1, t_dtw: -1, probability: 0.7 },
      ],
    },
  ],
};

test('it posts the sound once, as OpenAI’s clients do', async () => {
  server.answersJson(200, OPENAI_ANSWER);
  await server.recognise({ baseUrl: `${server.baseUrl}/` }, { language: 'vi-VN' });
  const [{ url, authorization, fields } = { fields: new FormData() }] = server.heard;
  expect({ url, authorization, requests: server.heard.length }).toEqual({
    ...{ url: '/v1/audio/transcriptions', authorization: `Bearer ${KEY}`, requests: 1 },
  });
  const file = fields.get('file') as File;
  expect([file.name, file.type, file.size]).toEqual(['answer.wav', 'audio/wav', 64_044]);
  expect([...fields].filter(([name]) => name !== 'file')).toEqual([
    ['model', 'whisper-1'],
    ['response_format', 'verbose_json'],
    ['timestamp_granularities[]', 'word'],
    ['timestamp_granularities[]', 'segment'],
    ['language', 'vi'],
  ]);
});

test('without a key it sends none; a language is sent only where the interview demands it', async () => {
  server.answersJson(200, OPENAI_ANSWER);
  await server.recognise({ apiKey: null }, { languageHint: 'th' });
  expect(server.heard[0]?.authorization).toBeUndefined();
  expect(server.heard[0]?.fields.has('language')).toBe(false);
  // OpenAI does not say how sure it is: what it detected counts.
  expect(server.heard).toHaveLength(1);
});

test('OpenAI’s answer: words get the punctuation of the text, a word that it did not list goes with the one before', async () => {
  server.answersJson(200, OPENAI_ANSWER);
  const { language, segments } = await server.recognise();
  expect(language).toBe('vi');
  expect(segments.map(({ text, startMs, endMs, noSpeech }) => [text, startMs, endMs, noSpeech])).toEqual([
    ['Xin chào, tôi là An.', 0, 1_000, 0.01],
    ['Tôi ở Huế.', 1_000, 2_000, 0.7],
  ]);
  expect(segments.map(({ words }) => words.map(({ text }) => text))).toEqual([
    ['Xin', 'chào,', 'tôi', 'là', 'An.'],
    ['Tôi', 'ở', 'Huế.'],
  ]);
  expect(segments[0]?.words[1]).toMatchObject({ startMs: 200, confidence: null });
  expect(segments[1]?.words[2]).toMatchObject({ startMs: 1_400 });
});

test('whisper-server’s answer: its tokens become words, also where a segment ends inside one', async () => {
  server.answersJson(200, WHISPER_SERVER_ANSWER);
  expect(await server.recognise()).toEqual({
    language: 'en',
    segments: [
      {
        ...{ text: 'hello world.', startMs: 0, endMs: 1_000, noSpeech: 0.2 },
        words: [
          { text: 'hello', startMs: 0, endMs: 500, confidence: 0.9 },
          { text: 'world.', startMs: 500, endMs: 900, confidence: 0.7 },
        ],
      },
    ],
  });
});

test('where the server is not sure of the language, or heard another one, it is asked again for the likely one', async () => {
  const languages = () => server.heard.map(({ fields }) => fields.get('language'));
  server.answersJson(200, { ...WHISPER_SERVER_ANSWER, detected_language_probability: 0.3 });
  await server.recognise({}, { languageHint: 'vi' });
  expect(languages()).toEqual([null, 'vi']);
  server.heard.length = 0;
  // Not started with `-l auto`: it took Thai for English.
  server.answersJson(200, { ...WHISPER_SERVER_ANSWER, detected_language: 'thai' });
  await server.recognise({}, { languageHint: 'vi' });
  expect(languages()).toEqual([null, 'th']);
  server.heard.length = 0;
  server.answersJson(200, WHISPER_SERVER_ANSWER);
  await server.recognise({}, { languageHint: 'vi' });
  await server.recognise({}, { language: 'en', languageHint: 'vi' });
  expect(languages()).toEqual([null, 'en']);
});

test('a server without segments or words has one segment, or the times of its words', async () => {
  server.answersJson(200, { text: ' Hello there. ' });
  expect(await server.recognise()).toEqual({
    language: null,
    segments: [{ text: 'Hello there.', startMs: 0, endMs: 2_000, words: [], noSpeech: null }],
  });
  server.answersJson(200, { text: '', segments: [], words: null, language: 'en' });
  expect(await server.recognise()).toEqual({ language: 'en', segments: [] });
});
