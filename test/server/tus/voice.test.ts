/** Sound that goes ahead of its answer: stored whole and durable beside the answers, never one of them, gone once its answer is there. */
import { randomUUID } from 'node:crypto';
import { access, readFile, rm } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { beforeEach, expect, test, vi } from 'vitest';
import { checkData } from '../../../storage/index.ts';
import { startSession } from '../../support/server/server.ts';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { type NewUpload, recording, refusalOf, reprDigest, until } from '../../support/tus/tus.ts';

let now = DateTime.now();
beforeEach(() => {
  now = DateTime.now();
});
const app = useApp({ every: 'test', now: () => now });
const session = useSession(app, 'Anna Parker');

const voiceOf = (aheadOf?: string): NewUpload => ({
  ...{ takeId: randomUUID(), filetype: 'audio/webm;codecs=opus' },
  metadata: { part: 'voice', ...(aheadOf ? { aheadOf } : {}) },
});
const meta = async () => JSON.parse(await readFile(`${session.path}/meta.json`, 'utf8'));
const exists = (name: string) =>
  access(`${session.path}/${name}`).then(
    () => true,
    () => false,
  );
const overview = async () => {
  const started = await app.storage.sessions.getByFolder(session.folder);
  return started && app.storage.lists.session(started.id);
};
async function finish(questionsCount: number) {
  const body = JSON.stringify({ token: session.token, folder: session.folder, questionsCount });
  const headers = { 'Content-Type': 'application/json' };
  return fetch(`${app.url}/api/session/finish`, { method: 'POST', headers, body });
}

test('whole, it is durable in takes/ and confirmed with its digest; it is no answer, and gets no job', async () => {
  const sound = recording(3_000);
  const last = await session.tus.send(sound, voiceOf(randomUUID()));
  expect([last.status, last.headers.get('upload-complete'), last.headers.get('repr-digest')]).toEqual([
    ...[204, '?1', reprDigest(sound)],
  ]);
  expect((await readFile(`${session.path}/takes/Q1-1.voice.webm`)).equals(sound)).toBe(true);
  expect(await meta()).toMatchObject({
    files: [],
    takes: [{ questionIndex: 1, fileName: 'takes/Q1-1.voice.webm', part: 'voice', bytes: 3_000 }],
  });
  expect(await overview()).toMatchObject({
    answers: [],
    voices: [{ question: 1, fileName: 'takes/Q1-1.voice.webm', bytes: 3_000 }],
  });
  const token = await app.storage.lists.token(session.tokenId);
  expect(token?.sessions[0]?.answered).toBe(0);
  expect(await app.storage.jobs.list()).toEqual([]);
  const started = await app.storage.sessions.getByFolder(session.folder);
  expect(started && (await app.storage.answered(started))).toEqual([]);
  expect((await refusalOf(await finish(5))).missing).toEqual([1, 2, 3, 4, 5]);
});

test('its answer is placed: it is removed, from the folder and from the catalog, and later requests are 404', async () => {
  const takeId = randomUUID();
  const options = voiceOf(takeId);
  const location = await session.tus.begin(options);
  const sound = recording(900);
  await session.tus.patch(location, 0, sound, { length: 900 });
  const unfinished = await session.tus.begin(voiceOf(takeId));
  await session.tus.patch(unfinished, 0, recording(100));
  const video = recording(5_000);
  expect((await session.tus.send(video, { takeId })).headers.get('repr-digest')).toBe(reprDigest(video));
  expect(await exists('takes/Q1-1.voice.webm')).toBe(false);
  expect(await meta()).toMatchObject({ files: [{ fileName: 'Q1.webm' }], takes: [] });
  expect((await overview())?.voices).toEqual([]);
  for (const gone of [location, unfinished]) expect((await session.tus.head(gone)).status).toBe(404);
  expect((await session.tus.patch(unfinished, 100, recording(100))).status).toBe(404);
  // What comes after its answer is of no use.
  const late = await session.tus.begin(voiceOf(takeId));
  expect((await session.tus.patch(late, 0, recording(100), { length: 100 })).status).toBe(404);
  expect((await session.tus.head(late)).status).toBe(404);
  expect((await meta()).takes).toEqual([]);
});

test('the sound of a later take stays when an earlier take is placed', async () => {
  const [first, second] = [randomUUID(), randomUUID()];
  const location = await session.tus.begin({ takeId: first });
  await session.tus.send(recording(500), voiceOf(first));
  await session.tus.send(recording(600), voiceOf(second));
  await session.tus.patch(location, 0, recording(5_000), { length: 5_000 });
  expect((await overview())?.voices).toMatchObject([{ fileName: 'takes/Q1-3.voice.webm' }]);
  await session.tus.send(recording(6_000), { takeId: second });
  expect((await overview())?.voices).toEqual([]);
  expect(await meta()).toMatchObject({ files: [{ bytes: 6_000 }], takes: [{ fileName: 'takes/Q1-1.webm' }] });
});

test('an answer that never comes: the sound stays through the end of the session, and a check reads it', async () => {
  const sound = recording(700);
  await session.tus.send(sound, voiceOf(randomUUID()));
  for (const question of [2, 3, 4, 5]) await session.tus.send(recording(300), { question });
  expect((await refusalOf(await finish(5))).missing).toEqual([1]);
  const report = await checkData(app.dataDir);
  expect(report).toMatchObject({ recordings: 5, problems: [] });
  expect(report?.held.map(({ file }) => file)).toContain(`sessions/${session.folder}/takes/Q1-1.voice.webm`);
  await rm(`${session.path}/takes/Q1-1.voice.webm`);
  expect(await app.storage.findMissing()).toMatchObject([{ question: 1, problem: 'is missing' }]);
  const found = await app.storage.sessions.getByFolder(session.folder);
  expect(found && (await app.storage.repairSession(found.id))).toMatchObject({
    steps: [{ question: 1, outcome: 'dropped' }],
    reopened: false,
  });
});

test('given up half-way it is swept like every upload, and its answer removes it there, too', async () => {
  const takeId = randomUUID();
  const location = await session.tus.begin(voiceOf(takeId));
  await session.tus.patch(location, 0, recording(400));
  now = now.plus({ days: 8 });
  expect((await app.storage.sweepAbandoned()).swept).toHaveLength(1);
  expect(await exists('takes/Q1-1.partial.webm')).toBe(true);
  expect((await overview())?.voices).toEqual([]);
  await session.tus.send(recording(5_000), { takeId });
  expect(await exists('takes/Q1-1.partial.webm')).toBe(false);
});

test('its answer arrives while it is still being sent', async () => {
  const takeId = randomUUID();
  const location = await session.tus.begin(voiceOf(takeId));
  const sending = await session.tus.openPatch(location, 0, 2_000);
  await sending.write(recording(1_000));
  await until(async () => (await session.tus.head(location)).headers.get('upload-offset') === '1000');
  await session.tus.send(recording(5_000), { takeId });
  await sending.write(Buffer.alloc(1_000));
  expect(await sending.status).toBe(404);
  expect((await session.tus.head(location)).status).toBe(404);
  expect(await meta()).toMatchObject({ files: [{ fileName: 'Q1.webm' }], takes: [] });
});

test.each(['before', 'in the middle of'] as const)(
  'more of it comes at the very moment of its removal, which the body finds %s',
  async (moment) => {
    const location = await session.tus.begin(voiceOf(randomUUID()));
    await session.tus.patch(location, 0, recording(1_000));
    const { store, takes, liveTakes } = app.storage;
    const id = location.split('/').at(-1) ?? '';
    vi.spyOn(liveTakes, 'settle').mockImplementationOnce(async () => {
      if (moment === 'before') return store.discard(id);
      await takes.update(id, { state: 'removed' });
      store.forget(id);
      await rm(store.pathOf(id));
    });
    const late = await session.tus.patch(location, 1_000, Buffer.alloc(1_000));
    expect(await refusalOf(late)).toMatchObject({ status: 404, code: 'upload-not-found' });
  },
);

test('a creation is safe to repeat; one UUID is of one part', async () => {
  const options = voiceOf(randomUUID());
  const location = await session.tus.begin(options);
  expect(await session.tus.begin(options)).toBe(location);
  const { takeId } = options as { takeId: string };
  expect(await refusalOf(await session.tus.create({ takeId }))).toMatchObject({
    status: 400,
    code: 'invalid-metadata',
  });
  const other = await session.tus.create({ metadata: { part: 'picture' } });
  expect((await refusalOf(other)).detail).toContain('part must be');
  const wrong = await session.tus.create({ metadata: { part: 'voice', aheadOf: 'take 1' } });
  expect((await refusalOf(wrong)).detail).toContain('aheadOf must be a UUID');
  await startSession(app.url, session.token, 'Anna Parker');
});
