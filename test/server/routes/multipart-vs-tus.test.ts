/** The original front end's exact calls, and that both ways in for an answer end in the same folder. */
import { readdir, readFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import { sampleVideo } from '../../support/media/media.ts';
import { useApp } from '../../support/server/use-app.ts';
import { openSession } from '../../support/tus/tus.ts';

const now = DateTime.fromISO('2025-12-03T06:39:00Z');
const app = useApp({ every: 'test', now: () => now });

const QUESTIONS = [1, 2, 3, 4, 5];

/** Five real recordings, the last one as phones make them. */
async function recordings(): Promise<Uint8Array<ArrayBuffer>[]> {
  const formats = ['webm', 'webm', 'webm', 'webm', 'mp4'] as const;
  const files = formats.map((format, at) => sampleVideo({ seconds: at === 4 ? 1 : at + 1, format }));
  return Promise.all(files.map(async (file) => new Uint8Array(await readFile(await file))));
}

async function json(path: string, body: object): Promise<unknown> {
  const response = await fetch(app.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return response.json();
}

/** The original page, call by call. Returns its folder. */
async function originalSession(userName: string): Promise<string> {
  const { secret: token } = await app.token('Nguyễn Văn A');
  expect(await json('/api/verify-token', { token })).toMatchObject({ ok: true });
  const { folder } = (await json('/api/session/start', { token, userName })) as { folder: string };
  for (const [at, bytes] of (await recordings()).entries()) {
    const form = new FormData();
    form.append('token', token);
    form.append('folder', folder);
    form.append('questionIndex', String(at + 1));
    form.append('video', new Blob([bytes], { type: 'video/webm' }), `Q${at + 1}.webm`);
    const response = await fetch(`${app.url}/api/upload-one`, { method: 'POST', body: form });
    expect([response.status, await response.json()]).toEqual([
      200,
      { ok: true, savedAs: at === 4 ? 'Q5.mp4' : `Q${at + 1}.webm` },
    ]);
  }
  expect(await json('/api/session/finish', { token, folder, questionsCount: 5 })).toEqual({ ok: true });
  return folder;
}

/** The same by tus. */
async function tusSession(userName: string): Promise<string> {
  const { tus, token, folder } = await openSession(app, userName);
  for (const [at, bytes] of (await recordings()).entries()) {
    const response = await tus.send(bytes, { question: at + 1 });
    expect(response.headers.get('upload-complete')).toBe('?1');
  }
  await json('/api/session/finish', { token, folder, questionsCount: 5 });
  return folder;
}

test('the original front end’s calls work unmodified and leave its folder', async () => {
  const folder = await originalSession('nguyen van a');
  expect(folder).toBe('03_12_2025_13_39_nguyen_van_a');
  const path = `${app.dataDir}/sessions/${folder}`;
  expect((await readdir(path)).sort()).toEqual(['Q1.webm', 'Q2.webm', 'Q3.webm', 'Q4.webm', 'Q5.mp4', 'meta.json']);
  const bytes = await recordings();
  for (const [at, name] of ['Q1.webm', 'Q2.webm', 'Q3.webm', 'Q4.webm', 'Q5.mp4'].entries())
    expect((await readFile(`${path}/${name}`)).equals(bytes[at] ?? Buffer.of())).toBe(true);
  const meta = JSON.parse(await readFile(`${path}/meta.json`, 'utf8'));
  expect(meta).toMatchObject({
    userName: 'nguyen van a',
    tokenOwner: 'Nguyễn Văn A',
    startTime: '2025-12-03T13:39:00.000+07:00',
    endTime: '2025-12-03T13:39:00.000+07:00',
    status: 'finished',
    totalQuestions: 5,
  });
  expect(meta.files.map((file: { questionIndex: number }) => file.questionIndex)).toEqual(QUESTIONS);
  for (const file of meta.files) expect(file.fileSize).toMatch(/^\d+\.\d\d KB$/);
});

test('both ways in give the same folder: the same names, bytes and meta.json', async () => {
  const [one, two] = [await originalSession('Nguyễn Văn A'), await tusSession('Nguyễn Văn A')];
  expect(two).toBe(`${one}_2`);
  const [left, right] = [`${app.dataDir}/sessions/${one}`, `${app.dataDir}/sessions/${two}`];
  const names = await readdir(left, { recursive: true });
  expect(await readdir(right, { recursive: true })).toEqual(names);
  expect(names).toHaveLength(6);
  for (const name of names.filter((file) => file !== 'meta.json'))
    expect((await readFile(`${left}/${name}`)).equals(await readFile(`${right}/${name}`))).toBe(true);
  const [ours, theirs] = await Promise.all([left, right].map((path) => readFile(`${path}/meta.json`, 'utf8')));
  expect(ours).toBe(theirs);
});
