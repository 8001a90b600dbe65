/** Bytes of a whole session: eight times what its questions allow, whatever the number of its takes. */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApp, type TestApp } from '../support/server.ts';
import { openSitting, recording, refusalOf } from '../support/tus.ts';

const ANSWER = 10_000;
/** Five questions of one take each, eight times. */
const SESSION = 40 * ANSWER;

let app: TestApp;
beforeAll(async () => {
  app = await openApp({ config: { maxAnswerBytes: ANSWER } });
});
afterAll(() => app.close());

test('what is beyond is 413, also without Content-Length, and what was there is kept', async () => {
  const { tus, path, token } = await openSitting(app, 'Anna');
  for (let take = 0; take < 39; take++) await tus.send(recording(ANSWER), { question: 5 });
  const location = await tus.begin();
  expect((await tus.patch(location, 0, recording(4_000))).status).toBe(204);
  const other = await tus.begin({ question: 2 });
  const over = await tus.patch(other, 0, recording(ANSWER - 3_999));
  expect(await refusalOf(over)).toMatchObject({ status: 413, code: 'session-too-large' });
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(recording(ANSWER - 1));
      controller.close();
    },
  });
  const chunked = await fetch(`${app.url}${other}`, {
    method: 'PATCH',
    headers: {
      'Tus-Resumable': '1.0.0',
      Authorization: `Bearer ${token}`,
      'Upload-Offset': '0',
      'Content-Type': 'application/offset+octet-stream',
    },
    body,
    duplex: 'half',
  } as RequestInit);
  expect(await refusalOf(chunked)).toMatchObject({ status: 413, code: 'session-too-large' });
  expect((await tus.head(other)).headers.get('upload-offset')).toBe('6000');
  expect(39 * ANSWER + 4_000 + 6_000).toBe(SESSION);
  // Room comes back with a DELETE.
  await tus.remove(other);
  expect((await tus.patch(location, 4_000, recording(6_000))).status).toBe(204);
  expect(await readdir(`${path}/takes`)).toHaveLength(38);
});

test('another session has room of its own', async () => {
  const { tus } = await openSitting(app, 'Bela');
  expect((await tus.send(recording(ANSWER))).status).toBe(204);
});
