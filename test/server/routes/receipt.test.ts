/** What a finish answers with: the server's own account of every answer, the same at every repeat. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import { type AppFixture, openAppInTest } from '../../support/server/use-app.ts';
import { type OpenSession, openSession, recording } from '../../support/tus/tus.ts';

let now = DateTime.fromISO('2025-12-03T06:39:00Z');
let app: AppFixture;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function finish({ token, folder }: OpenSession, more: object = { receipt: true }): Promise<unknown> {
  const response = await fetch(`${app.url}/api/session/finish`, {
    method: 'POST',
    body: JSON.stringify({ token, folder, questionsCount: 5, ...more }),
  });
  expect(response.status).toBe(200);
  return response.json();
}

test('the receipt has every answer that counts, in question order, and never changes', async () => {
  app = await openAppInTest({ now: () => now });
  const session = await openSession(app, 'Anna');
  const answers: object[] = [];
  // The last question first, and an earlier take of question 2 that no longer counts.
  await session.tus.send(recording(40), { question: 2 });
  for (const question of [5, 4, 3, 2, 1]) {
    now = now.plus({ seconds: 10 });
    const bytes = recording(100 + question);
    await session.tus.send(bytes, { question });
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
  const receipt = { folder: session.folder, finishedAt: now.toUTC().toISO(), answers };
  expect(await finish(session)).toEqual({ ok: true, receipt });
  now = now.plus({ days: 2 });
  expect(await finish(session)).toEqual({ ok: true, receipt });
  // The original front end asks for none, and its answer is what it always was.
  expect(await finish(session, {})).toEqual({ ok: true });

  const meta = JSON.parse(await readFile(`${session.path}/meta.json`, 'utf8')) as {
    files: Array<{ questionIndex: number; fileName: string; bytes: number; sha256: string; uploadedAt: string }>;
  };
  const listed = meta.files.map(({ questionIndex: question, fileName, bytes, sha256, uploadedAt }) => {
    return { question, fileName, bytes, sha256, receivedAt: DateTime.fromISO(uploadedAt).toUTC().toISO() };
  });
  expect(listed).toEqual(answers);
});

test('how long the candidate spoke is kept beside the answers that count; what cannot be read stops no finish', async () => {
  app = await openAppInTest({ now: () => now });
  const answer = async (spokenMs: unknown) => {
    const session = await openSession(app);
    await session.tus.send(recording(40), { question: 1 });
    for (const question of [1, 2, 3, 4, 5]) await session.tus.send(recording(50), { question });
    await finish(session, { spokenMs });
    const meta = JSON.parse(await readFile(`${session.path}/meta.json`, 'utf8'));
    return [...meta.files, ...meta.takes].map(({ spokenMs }: { spokenMs?: number }) => spokenMs ?? null);
  };
  expect(await answer({ 1: 25_001, 4: 3000, 99: 1 })).toEqual([25_001, null, null, 3000, null, null]);
  for (const nonsense of [{ 1: 'long' }, { x: 1 }, { 1: -1 }, [5], 'all of it', null])
    expect(await answer(nonsense)).toEqual(Array(6).fill(null));
});
