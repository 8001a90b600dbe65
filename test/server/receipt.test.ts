/** What a finish answers with: the server's own account of every answer, the same at every repeat. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { afterEach, expect, test } from 'vitest';
import { openApp, type TestApp } from '../support/server.ts';
import { openSitting, recording, type Sitting } from '../support/tus.ts';

let now = DateTime.fromISO('2025-12-03T06:39:00Z');
let app: TestApp;
afterEach(() => app.close());

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function finish({ token, folder }: Sitting, more: object = { receipt: true }): Promise<unknown> {
  const response = await fetch(`${app.url}/api/session/finish`, {
    method: 'POST',
    body: JSON.stringify({ token, folder, questionsCount: 5, ...more }),
  });
  expect(response.status).toBe(200);
  return response.json();
}

test('the receipt tells of every answer that counts, in question order, and never changes', async () => {
  app = await openApp({ now: () => now });
  const sitting = await openSitting(app, 'Anna');
  const answers: object[] = [];
  // The last question first, and an earlier take of question 2 that no longer counts.
  await sitting.tus.send(recording(40), { question: 2 });
  for (const question of [5, 4, 3, 2, 1]) {
    now = now.plus({ seconds: 10 });
    const bytes = recording(100 + question);
    await sitting.tus.send(bytes, { question });
    const receivedAt = now.toUTC().toISO();
    answers.unshift({
      question,
      fileName: `Q${question}.webm`,
      bytes: 100 + question,
      sha256: sha256(bytes),
      receivedAt,
    });
  }
  now = now.plus({ minutes: 1 });
  const receipt = { folder: sitting.folder, finishedAt: now.toUTC().toISO(), answers };
  expect(await finish(sitting)).toEqual({ ok: true, receipt });
  now = now.plus({ days: 2 });
  expect(await finish(sitting)).toEqual({ ok: true, receipt });
  // The original front end asks for none, and its answer is what it always was.
  expect(await finish(sitting, {})).toEqual({ ok: true });

  const meta = JSON.parse(await readFile(`${sitting.path}/meta.json`, 'utf8')) as {
    files: Array<{ questionIndex: number; fileName: string; bytes: number; sha256: string; uploadedAt: string }>;
  };
  const told = meta.files.map(({ questionIndex: question, fileName, bytes, sha256, uploadedAt }) => {
    return { question, fileName, bytes, sha256, receivedAt: DateTime.fromISO(uploadedAt).toUTC().toISO() };
  });
  expect(told).toEqual(answers);
});
