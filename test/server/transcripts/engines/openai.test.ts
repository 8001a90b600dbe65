/** The `openai` engine against a real HTTP server that responds as OpenAI and whisper-server do. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { wavOf } from '../../../support/speech/speech.ts';
import { KEY, openSpeechServer, type SpeechServer } from '../../../support/speech/speech-server.ts';

let server: SpeechServer;
beforeEach(async () => {
  server = await openSpeechServer();
});
afterEach(() => server.close());

/** OpenAI's response: the words of all segments in one list, without punctuation. */
const OPENAI_RESPONSE = {
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

/** whisper-server's response: tokens in each segment, and a segment that ends inside a word. */
const WHISPER_SERVER_RESPONSE = {
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

test('the engine posts the sound once, with the fields of OpenAI’s clients', async () => {
  server.answersJson(200, OPENAI_RESPONSE);
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

test('no key is sent where there is none; a language is sent only where the interview demands it', async () => {
  server.answersJson(200, OPENAI_RESPONSE);
  await server.recognise({ apiKey: null }, { languageHint: 'th' });
  expect(server.heard[0]?.authorization).toBeUndefined();
  expect(server.heard[0]?.fields.has('language')).toBe(false);
  // OpenAI does not say how probable the detected language is: it is used as detected.
  expect(server.heard).toHaveLength(1);
});

test('OpenAI’s words get the punctuation of the text, and a word that is not listed joins the word before it', async () => {
  server.answersJson(200, OPENAI_RESPONSE);
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

test('whisper-server’s tokens become words, also where a segment ends inside a word', async () => {
  server.answersJson(200, WHISPER_SERVER_RESPONSE);
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

test('the server is asked again in the likely language where it is not sure, or used another one', async () => {
  const languages = () => server.heard.map(({ fields }) => fields.get('language'));
  server.answersJson(200, { ...WHISPER_SERVER_RESPONSE, detected_language_probability: 0.3 });
  await server.recognise({}, { languageHint: 'vi' });
  expect(languages()).toEqual([null, 'vi']);
  server.heard.length = 0;
  // Not started with `-l auto`, the server used English although it detected Thai.
  server.answersJson(200, { ...WHISPER_SERVER_RESPONSE, detected_language: 'thai' });
  await server.recognise({}, { languageHint: 'vi' });
  expect(languages()).toEqual([null, 'th']);
  server.heard.length = 0;
  server.answersJson(200, WHISPER_SERVER_RESPONSE);
  await server.recognise({}, { languageHint: 'vi' });
  await server.recognise({}, { language: 'en', languageHint: 'vi' });
  expect(languages()).toEqual([null, 'en']);
});

test('a response without segments becomes one segment, and an empty one no segment', async () => {
  server.answersJson(200, { text: ' Hello there. ' });
  expect(await server.recognise()).toEqual({
    language: null,
    segments: [{ text: 'Hello there.', startMs: 0, endMs: 2_000, words: [], noSpeech: null }],
  });
  server.answersJson(200, { text: '', segments: [], words: null, language: 'en' });
  expect(await server.recognise()).toEqual({ language: 'en', segments: [] });
});

const texts = async (...given: Parameters<SpeechServer['recognise']>) =>
  (await server.recognise(...given)).segments.map(({ text, startMs, endMs }) => [text, startMs, endMs]);

test('the model is the one that is set', async () => {
  server.answersJson(200, OPENAI_RESPONSE);
  await server.recognise({ model: 'openai/whisper-large-v3' });
  expect(server.heard[0]?.fields.get('model')).toBe('openai/whisper-large-v3');
});

test('of a partly wrong response, what is understood is kept, and it is asked for once', async () => {
  server.answersJson(
    200,
    `{"text": null, "language": 7, "segments": [
      {"text": " One two.", "start": "0.5", "end": NaN, "no_speech_prob": "low",
       "words": [{"word": " One", "start": "0.5", "end": null, "probability": Infinity}, {"word": " two.", "start": "soon"}]},
      null, {"start": 1}, {"text": " Three.", "start": null, "end": null, "words": "none"},
      {"text": " It is NaN.", "start": 1.5, "end": -Infinity}], "words": [{"text": "Four"}, 5]}`,
  );
  const { segments } = await server.recognise();
  expect(segments.map(({ text, startMs, endMs }) => [text, startMs, endMs])).toEqual([
    ['One two.', 500, 500],
    ['Three.', 500, 1_500],
    ['It is NaN.', 1_500, 2_000],
  ]);
  expect(segments[0]?.words.map(({ text, startMs }) => [text, startMs])).toEqual([
    ['One', 500],
    ['two.', 500],
  ]);
  expect(server.heard).toHaveLength(1);
});

test('a text alone, segments alone and plain text are one segment, or the segments without words', async () => {
  server.answersJson(200, {
    text: ' Words without times. ',
    words: [{ word: 'Words' }, { word: 'without', start: null }],
  });
  expect(await texts()).toEqual([['Words without times.', 0, 2_000]]);
  server.answersJson(200, { segments: [{ text: 'Only this.', start: 0, end: 1 }] });
  expect(await texts()).toEqual([['Only this.', 0, 1_000]]);
  server.answersJson(200, { text: 'Hello.', segments: [{ text: 7 }] });
  expect(await texts()).toEqual([['Hello.', 0, 2_000]]);
  server.answersJson(200, 'Just text.\n', { 'Content-Type': 'text/plain; charset=utf-8' });
  expect(await texts()).toEqual([['Just text.', 0, 2_000]]);
  server.answersJson(200, '"A string."');
  expect(await texts()).toEqual([['A string.', 0, 2_000]]);
});

test('a model that knows no verbose_json, or no times of words, is asked in the way that it knows, from then on', async () => {
  const asked = () =>
    server.heard.map(({ fields }) => [
      fields.get('response_format'),
      fields.getAll('timestamp_granularities[]').length,
    ]);
  const { engine, hear } = server.engine();
  server.answersJson(400, { error: { message: 'timestamp_granularities is not supported' } });
  server.thenAnswersJson(400, { error: { message: "response_format 'verbose_json' is not compatible" } });
  server.thenAnswersJson(200, { text: 'Hello.' });
  expect((await hear()).segments.map(({ text }) => text)).toEqual(['Hello.']);
  server.answersJson(200, { text: 'Again.' });
  expect((await hear()).segments.map(({ text }) => text)).toEqual(['Again.']);
  expect(asked()).toEqual([
    ['verbose_json', 2],
    ['verbose_json', 0],
    ['json', 0],
    ['json', 0],
  ]);
  expect(engine.name).toBe('openai');
});

test('sound above the limit is sent in parts that are cut in the quiet, and their times are moved', async () => {
  const wav = wavOf([
    { seconds: 5, dbfs: -20 },
    { seconds: 1, dbfs: null },
    { seconds: 6, dbfs: -20 },
  ]);
  await server.withSound(wav);
  server.answers((response) => {
    const part = server.heard.length;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const words = [{ word: `Part${part}`, start: 1, end: 2 }];
    const segments = [
      { text: ` Part${part}.`, start: 1, end: 60, words },
      { text: ' Made up.', start: 40, end: 41 },
    ];
    response.end(
      JSON.stringify({ text: '', language: part === 1 ? 'en' : 'vi', segments: segments.slice(0, part === 1 ? 1 : 2) }),
    );
  });
  const { segments, language } = await server.recognise({ maxFileBytes: 8 * 32_000 + 44 }, { durationMs: 12_000 });
  const sizes = server.heard.map(({ fields }) => (fields.get('file') as File).size - 44);
  expect(sizes).toHaveLength(2);
  expect(sizes[0]).toBeGreaterThanOrEqual(5.4 * 32_000);
  expect(sizes[0]).toBeLessThanOrEqual(5.6 * 32_000);
  expect((sizes[0] ?? 0) + (sizes[1] ?? 0)).toBe(12 * 32_000);
  const cutMs = (sizes[0] ?? 0) / 32;
  expect(segments.map(({ text, startMs, endMs }) => [text, startMs, endMs])).toEqual([
    ['Part1.', 1_000, cutMs],
    ['Part2.', cutMs + 1_000, 12_000],
  ]);
  expect(segments[1]?.words[0]).toMatchObject({ text: 'Part2.', startMs: cutMs + 1_000 });
  expect(language).toBe('en');
});

test('a server that takes less is sent less', async () => {
  await server.withSound(wavOf([{ seconds: 70, dbfs: -20 }]));
  server.answers((response) => {
    const file = server.heard.at(-1)?.fields.get('file');
    const size = file instanceof File ? file.size : 0;
    response.writeHead(size > 1_200_000 ? 413 : 200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ text: `It is ${Math.round(size / 32_000)} s.` }));
  });
  expect((await texts({}, { durationMs: 70_000 })).length).toBeGreaterThan(1);
  expect(server.heard.length).toBeLessThan(7);
});
