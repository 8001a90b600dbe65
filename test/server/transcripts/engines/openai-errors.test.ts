/** The `openai` engine against real HTTP servers that refuse, send nonsense or never respond. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KEY, NOW, openSpeechServer, type SpeechServer } from '../../../support/speech/speech-server.ts';

let server: SpeechServer;
beforeEach(async () => {
  server = await openSpeechServer();
});
afterEach(() => server.close());

test.each([401, 403])(
  '%i names the variable to set and the way to retry, and does not show the key',
  async (status) => {
    server.answersJson(status, { error: { message: `Incorrect API key provided: ${KEY}.` } });
    const error = await server.failure();
    expect(error.final).toBe(true);
    expect(error.message).toMatch(/TRESGO_OPENAI_API_KEY.*tresgo job retry/);
  },
);

test.each([
  [400, { error: { message: `Bad ${KEY}\n file` } }, /400: “Bad … file”/],
  [404, { detail: 'Not Found' }, /404 for \/v1\/audio\/transcriptions: “Not Found”: correct TRESGO_OPENAI_BASE_URL/],
  [413, { error: 'too long' }, /413: “too long”/],
  [415, '<html><h1>no</h1></html>', /415$/],
  [422, 'x'.repeat(5_000), /422: “x{200}…”/],
] as const)('%i is final and quotes the response briefly', async (status, body, message) => {
  server.answersJson(status, body);
  const error = await server.failure();
  expect(error).toMatchObject({ final: true, message: expect.stringMatching(message) });
  expect(error.message.length).toBeLessThan(500);
});

test.each([
  [
    404,
    { error: { message: 'The model `whisper-1` does not exist' } },
    /404: “The model.*: set TRESGO_OPENAI_MODEL.*“whisper-1”/,
  ],
  [404, 'Not Found', /correct TRESGO_OPENAI_BASE_URL.*or set TRESGO_OPENAI_MODEL.*tresgo job retry/],
  [400, { error: 'unknown model' }, /400: “unknown model”: set TRESGO_OPENAI_MODEL/],
] as const)('%i that may be of the model names the setting', async (status, body, message) => {
  server.answersJson(status, body);
  expect(await server.failure()).toMatchObject({ final: true, message: expect.stringMatching(message) });
});

test('of a refusal’s text, the key goes first, whatever its form, then what looks like one, then controls', async () => {
  const apiKey = 'my-own-key-CANARY-55';
  const said = `no ${apiKey}, no sk-abc123\u001b[2J\u009b31m\u202e\u2028 here`;
  server.answersJson(500, { error: { message: said } });
  const { message } = await server.failure({ apiKey });
  expect(message).toMatch(/500: “no …, no … \[2J ?31m here”$|500: “no …, no …\[2J31m here”$/);
});

test.each([
  ['bytes', JSON.stringify({ text: 'x'.repeat(5_000_000) }), /more than 108000 bytes to 2 s of sound/],
  ['words', JSON.stringify({ text: 'no '.repeat(5_000) }), /more words than can be said in 2 s/],
  ['letters', JSON.stringify({ text: 'ก'.repeat(30_000) }), /more words than can be said in 2 s/],
  [
    'segments',
    JSON.stringify({ segments: Array.from({ length: 1_000 }, () => ({ text: 'a', start: 0, end: 1 })) }),
    /more words/,
  ],
  [
    'tokens',
    JSON.stringify({ text: 'a', words: Array.from({ length: 1_000 }, () => ({ word: 'a', start: 0, end: 1 })) }),
    /more words/,
  ],
])(
  'a response with too many %s is refused before anything is made of it, and not asked for again',
  async (_, body, message) => {
    server.answersJson(200, body);
    expect(await server.failure()).toMatchObject({ final: true, message: expect.stringMatching(message) });
    expect(server.heard).toHaveLength(1);
  },
);

test.each([
  ['7', 7_000],
  [new Date(NOW + 90_000).toUTCString(), 90_000],
  [new Date(NOW - 90_000).toUTCString(), 0],
  ['999999999', 86_400_000],
  ['soon', 0],
  [undefined, 0],
])('429 may pass, after Retry-After %s', async (value, retryAfterMs) => {
  server.answersJson(429, { error: { message: 'slow down' } }, value === undefined ? {} : { 'Retry-After': value });
  expect(await server.failure()).toMatchObject({ final: false, retryAfterMs });
});

test.each([408, 409, 423, 425, 500, 502, 503])('%i may pass', async (status) => {
  server.answersJson(status, 'oops');
  expect(await server.failure()).toMatchObject({ final: false, message: expect.stringContaining(`${status}: “oops”`) });
});

test('a redirect is not followed: its target would get the key', async () => {
  server.answersJson(307, '', { Location: `${server.baseUrl}/elsewhere` });
  expect(await server.failure()).toMatchObject({
    final: true,
    message: expect.stringContaining('TRESGO_OPENAI_BASE_URL'),
  });
  expect(server.heard).toHaveLength(1);
});

test.each(['', 'not json', '[]', '{"segments":[{"text":1}],"text":""}', '<html></html>'])(
  'the response %o may pass',
  async (body) => {
    server.answersJson(200, body);
    expect(await server.failure()).toMatchObject({ final: false, message: expect.stringContaining('no verbose_json') });
  },
);

test('a response that never begins or never ends is given up', async () => {
  server.answers(() => {});
  expect(await server.failure({ limitMs: () => 200 })).toMatchObject({
    final: false,
    message: expect.stringContaining('took longer'),
  });
  server.answers((response) => void response.writeHead(200).write('{"text":'));
  expect(await server.failure({ limitMs: () => 200 })).toMatchObject({
    final: false,
    message: expect.stringContaining('took longer'),
  });
});

test('a connection that is closed early, and a port without a server, may pass', async () => {
  server.answers((_response, request) => void request.socket.destroy());
  expect(await server.failure()).toMatchObject({ final: false, message: expect.stringContaining('can’t be asked') });
  server.answers((response, request) => {
    response.writeHead(200, { 'Content-Length': 1_000 }).write('{"text":');
    setImmediate(() => request.socket.destroy());
  });
  expect(await server.failure()).toMatchObject({ final: false, message: expect.stringContaining('can’t be asked') });
  expect(await server.failure({ baseUrl: 'http://127.0.0.1:1/v1' })).toMatchObject({ final: false, retryAfterMs: 0 });
});

test('a refusal that comes before the server has read the sound is understood', async () => {
  server.http.removeAllListeners('request');
  server.http.on('request', (_request, response: ServerResponse) => {
    response.writeHead(413, { Connection: 'close' }).end('too large');
  });
  expect(await server.failure()).toMatchObject({ final: true, message: expect.stringContaining('413') });
});

test('a stopped job ends at once and throws the stop’s reason', async () => {
  const stopped = new Error('the server stops');
  server.answers(() => server.abort.abort(stopped));
  await expect(server.recognise()).rejects.toBe(stopped);
  await expect(server.recognise()).rejects.toBe(stopped);
  expect(server.heard).toHaveLength(1);
});
