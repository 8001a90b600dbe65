/** Several takes of one question over tus: the last whole one counts, in the order they were created. */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type AppFixture, openAppInTest } from '../../support/server/use-app.ts';
import { type OpenSession, openSession, recording } from '../../support/tus/tus.ts';

let app: AppFixture;

/** A session of two questions; three takes of each are allowed. */
async function openRetakes(keepTakes: boolean): Promise<OpenSession> {
  app = await openAppInTest();
  const question = { thinkSeconds: 0, maxSeconds: 60, maxTakes: 3 };
  const questions = ['One?', 'Two?'].map((text) => ({ text, ...question }));
  await app.storage.interviews.create({ slug: 'retakes', title: 'Retakes', gate: 'end', keepTakes, questions });
  const create = app.storage.tokens.create.bind(app.storage.tokens);
  app.storage.tokens.create = (from) => create({ ...from, interview: 'retakes' });
  return openSession(app);
}

/** An upload that is created now and sent later. */
async function begin({ tus }: OpenSession, question: number, size: number) {
  const takeId = randomUUID();
  const location = await tus.begin({ question, takeId });
  const bytes = recording(size);
  return {
    bytes,
    part: async () => void (await tus.patch(location, 0, bytes.subarray(0, size / 2))),
    async send(): Promise<Response> {
      const offset = Number((await tus.head(location)).headers.get('upload-offset'));
      await tus.patch(location, offset, bytes.subarray(offset));
      return tus.patch(location, size, new Uint8Array(), { length: size });
    },
  };
}

const meta = async ({ path }: OpenSession) => JSON.parse(await readFile(`${path}/meta.json`, 'utf8'));
const files = async ({ path }: OpenSession) =>
  (await readdir(path, { recursive: true })).filter((name) => name.includes('.')).sort();
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test.each([true, false])('three takes that end out of order: the last created counts (kept: %s)', async (keepTakes) => {
  const session = await openRetakes(keepTakes);
  const takes = [await begin(session, 1, 100), await begin(session, 1, 200), await begin(session, 1, 300)] as const;
  // The third ends first, then the first, then the second: each is confirmed to its sender all the same.
  for (const take of [takes[2], takes[0], takes[1]]) {
    const done = await take.send();
    expect([done.status, done.headers.get('upload-complete')]).toEqual([204, '?1']);
    expect(await readFile(`${session.path}/Q1.webm`)).toEqual(takes[2].bytes);
  }
  expect(await files(session)).toEqual([
    'Q1.webm',
    'meta.json',
    ...(keepTakes ? ['takes/Q1-1.webm', 'takes/Q1-2.webm'] : []),
  ]);
  expect(await meta(session)).toMatchObject({
    files: [{ questionIndex: 1, bytes: 300, sha256: digest(takes[2].bytes) }],
    takes: keepTakes
      ? [
          { number: 1, sha256: digest(takes[0].bytes) },
          { number: 2, sha256: digest(takes[1].bytes) },
        ]
      : [],
  });
});

test.each([true, false])('a later take that breaks off leaves the answer as it is (kept: %s)', async (keepTakes) => {
  const session = await openRetakes(keepTakes);
  const first = await begin(session, 2, 100);
  await first.send();
  const second = await begin(session, 2, 200);
  await second.part();
  expect(await readFile(`${session.path}/Q2.webm`)).toEqual(first.bytes);
  expect(await files(session)).toEqual(['Q2.webm', 'meta.json']);
  await second.send();
  expect(await readFile(`${session.path}/Q2.webm`)).toEqual(second.bytes);
  expect(await files(session)).toEqual(['Q2.webm', 'meta.json', ...(keepTakes ? ['takes/Q2-1.webm'] : [])]);
});

test('HEAD gives the digest of a take that was not kept, too', async () => {
  const session = await openRetakes(false);
  const location = await session.tus.begin();
  const bytes = recording(100);
  await session.tus.patch(location, 0, bytes);
  await session.tus.patch(location, 100, new Uint8Array(), { length: 100 });
  await session.tus.send(recording(120));
  const { headers } = await session.tus.head(location);
  expect(headers.get('upload-complete')).toBe('?1');
  expect(headers.get('repr-digest')).toBe(`sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`);
});

test('takes that broke off cost little room: forty of them, each sent to its end, and the questions are still answered', async () => {
  app = await openAppInTest({ config: { maxAnswerBytes: 10_000 } });
  const session = await openSession(app);
  // As an answer that a reload ends after a tenth of its time, again and again.
  for (let time = 0; time < 40; time++)
    expect((await session.tus.send(recording(1_000), { question: 1 })).status).toBe(204);
  for (let question = 1; question <= 5; question++)
    expect((await session.tus.send(recording(10_000), { question })).status).toBe(204);
});
