/** Log-in, start and finish over HTTP. */
import { readdir, readFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Interview } from '../../../storage/types.ts';
import { useApp } from '../../support/server/use-app.ts';
import { createTusClient, openSession, recording, refusalOf } from '../../support/tus/tus.ts';

let now = DateTime.fromISO('2025-12-03T06:39:00Z');
const app = useApp({ now: () => now });
beforeEach(() => {
  now = now.plus({ minutes: 1 }).startOf('minute');
});

const post = (path: string, body: unknown) =>
  fetch(`${app.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const verify = (token: unknown) => post('/api/verify-token', { token });
const start = (token: unknown, userName: unknown) => post('/api/session/start', { token, userName });
const finish = (token: unknown, folder: unknown, questionsCount: unknown = 5) =>
  post('/api/session/finish', { token, folder, questionsCount });

test('a token is verified without telling whose it is', async () => {
  const { secret } = await app.token('Nguyễn Văn A');
  const response = await verify(secret);
  expect(response.status).toBe(200);
  const unsaid = { organization: null, logo: null, contact: null, privacyUrl: null, intro: null, language: null };
  expect(await response.json()).toEqual({
    ok: true,
    interview: { title: 'First interview', questionCount: 5, ...unsaid },
  });
});

test('a start gives the folder, the questions and where to upload', async () => {
  const { secret } = await app.token('Nguyễn Văn A');
  const response = await start(secret, 'nguyen van a');
  expect(response.status).toBe(200);
  const body = (await response.json()) as { folder: string; questions: object[] };
  expect(body).toMatchObject({ ok: true, resumed: false, answered: [], uploadEndpoint: '/files' });
  expect(body.folder).toBe(`${now.setZone('Asia/Bangkok').toFormat('dd_MM_yyyy_HH_mm')}_nguyen_van_a`);
  expect(body.questions).toHaveLength(5);
  expect(body.questions[0]).toEqual({
    index: 1,
    text: expect.stringMatching(/\w{3}/),
    maxSeconds: 600,
    readSeconds: 0,
    thinkSeconds: 0,
    maxTakes: 1,
  });
  const meta = JSON.parse(await readFile(`${app.dataDir}/sessions/${body.folder}/meta.json`, 'utf8'));
  expect(meta).toMatchObject({ userName: 'nguyen van a', tokenOwner: 'Nguyễn Văn A', status: 'started' });
});

test('a start tells the largest answer, and when the token expires', async () => {
  const expiresAt = now.plus({ days: 3 });
  const answers = [await app.token('Anna Parker', { expiresAt }), await app.token('Anna Parker')].map(
    async ({ secret }) => (await start(secret, 'Anna Parker')).json(),
  );
  expect(await Promise.all(answers)).toMatchObject([
    { maxBytes: 500_000_000, expiresAt: expiresAt.toUTC().toISO() },
    { maxBytes: 500_000_000, expiresAt: null },
  ]);
});

/** An interview that says all that it can. */
const told: Interview = {
  slug: 'told',
  title: 'Told before',
  gate: 'each',
  keepTakes: true,
  language: 'vi',
  organization: 'Công ty Hoa Sen',
  logo: 'https://hoasen.example/logo.png',
  contact: '+84 28 1234 5678',
  privacyUrl: 'https://hoasen.example/privacy',
  intro: 'Chào bạn!',
  outro: 'Cảm ơn bạn!',
  allowAudioOnly: true,
  consent: { text: 'I agree.', version: '2026-11' },
  questions: [{ text: 'Who?', readSeconds: 5, thinkSeconds: 3, maxSeconds: 60, maxTakes: 1 }],
};

test('log-in and start tell what the interview says of itself', async () => {
  await app.storage.interviews.create(told);
  const { secret } = await app.token('Anna Parker', { interview: 'told' });
  const { slug, keepTakes, questions, ...said } = told;
  const { gate, outro, allowAudioOnly, consent, ...greeting } = said;
  expect(await (await verify(secret)).json()).toEqual({ ok: true, interview: { ...greeting, questionCount: 1 } });
  expect(await (await start(secret, 'Anna Parker')).json()).toMatchObject({ interview: said, consented: null });
});

test('a consent is kept once, with its text, version and time, in meta.json', async () => {
  await app.storage.interviews.create(told);
  const { secret } = await app.token('Anna Parker', { interview: 'told' });
  const agree = async (consent?: unknown) => {
    const response = await post('/api/session/start', { token: secret, userName: 'Anna Parker', consent });
    expect(response.status).toBe(200);
    const { folder, consented } = (await response.json()) as { folder: string; consented: string | null };
    const meta = JSON.parse(await readFile(`${app.dataDir}/sessions/${folder}/meta.json`, 'utf8'));
    return { consented, kept: (meta as { consent?: object }).consent };
  };
  for (const nothing of [undefined, null, 'another version', 7, {}])
    expect(await agree(nothing)).toEqual({ consented: null, kept: undefined });
  const kept = { ...told.consent, agreedAt: now.toUTC().toISO() };
  expect(await agree('2026-11')).toEqual({ consented: '2026-11', kept });
  now = now.plus({ hours: 1 });
  expect(await agree('2026-11'), 'the first time counts').toEqual({ consented: '2026-11', kept });
  expect(await agree()).toEqual({ consented: '2026-11', kept });
});

test('one person has more time and more takes', async () => {
  await app.storage.interviews.create(told);
  const { secret } = await app.token('Anna Parker', { interview: 'told', timeFactor: 1.5, extraTakes: 2 });
  expect(await (await start(secret, 'Anna Parker')).json()).toMatchObject({
    timeFactor: 1.5,
    extraTakes: 2,
    questions: [{ readSeconds: 8, thinkSeconds: 5, maxSeconds: 90, maxTakes: 3 }],
  });
});

test('unknown, expired, revoked and another’s name: one answer for all four', async () => {
  const good = await app.token('Anna Parker');
  const expired = await app.token('Anna Parker', { expiresAt: now.minus({ seconds: 1 }) });
  const revoked = await app.token('Anna Parker');
  await app.storage.tokens.revoke(revoked.id, true);
  const bodies = new Set<string>();
  for (const response of [
    await start('unknown', 'Anna Parker'),
    await start(expired.secret, 'Anna Parker'),
    await start(revoked.secret, 'Anna Parker'),
    await start(good.secret, 'Anna Barker'),
    await start(good.secret, '../'),
    await start(good.secret, '\ud800'),
    await verify('unknown'),
    await verify(expired.secret),
    await verify(revoked.secret),
    await verify(''),
    await verify('x'.repeat(201)),
    await finish('unknown', 'folder'),
  ])
    bodies.add(JSON.stringify(await refusalOf(response)));
  expect([...bodies].map((body) => JSON.parse(body))).toMatchObject([{ status: 401, code: 'unauthorized' }]);
  expect([...bodies].join()).not.toContain('Anna');
});

test('a second start gives the same folder with resumed, also on another device a day later', async () => {
  const { secret } = await app.token('Anna Parker');
  const { folder } = (await (await start(secret, 'Anna Parker')).json()) as { folder: string };
  now = now.plus({ days: 1 });
  const again = await (await start(secret, 'ANNA  parker')).json();
  expect(again).toMatchObject({ ok: true, folder, resumed: true, answered: [] });
});

test('a resumed start lists the answered questions', async () => {
  const session = await openSession(app, 'Answered Some');
  await session.tus.send(recording(100), { question: 4 });
  await session.tus.send(recording(100), { question: 2 });
  await session.tus.begin({ question: 1 });
  expect(await (await start(session.token, 'Answered Some')).json()).toMatchObject({ resumed: true, answered: [2, 4] });
});

test('two candidates with one name in one minute get two folders', async () => {
  const [one, two] = await Promise.all([openSession(app, 'Trần Thị Bình'), openSession(app, 'Tran Thi Binh')]);
  expect([one.folder, two.folder].sort()).toEqual(
    [one.folder, two.folder].map((name) => name.replace(/_2$/, '')).map((name, at) => (at === 0 ? name : `${name}_2`)),
  );
  await one.tus.send(recording(100));
  expect(await readdir(one.path)).toContain('Q1.webm');
  expect(await readdir(two.path)).toEqual(['meta.json']);
});

test('a token whose sessions are used up is 409; one for any number begins again', async () => {
  const once = await openSession(app, 'Just Once');
  for (let question = 1; question <= 5; question++) await once.tus.send(recording(50), { question });
  expect((await finish(once.token, once.folder)).status).toBe(200);
  expect(await refusalOf(await start(once.token, 'Just Once'))).toMatchObject({
    status: 409,
    code: 'sessions-used-up',
    finished: true,
    finishedAt: now.toUTC().toISO(),
    answers: 5,
  });
  const { secret } = await app.token('Often', { maxSessions: 0 });
  const { folder } = (await (await start(secret, 'Often')).json()) as { folder: string };
  const session = await app.storage.sessions.getByFolder(folder);
  await app.storage.finishSession(session?.id ?? '');
  expect(await (await start(secret, 'Often')).json()).toMatchObject({ resumed: false, folder: `${folder}_2` });
});

test('finish: 409 lists what is missing, then 200, and 200 again', async () => {
  const session = await openSession(app, 'Finisher');
  const { tus, token, folder } = session;
  expect(await refusalOf(await finish(token, folder))).toMatchObject({
    status: 409,
    code: 'answers-missing',
    missing: [1, 2, 3, 4, 5],
  });
  for (const question of [1, 3, 5]) await tus.send(recording(50), { question });
  // Bytes alone are no answer: it must be whole.
  await tus.patch(await tus.begin({ question: 2 }), 0, recording(50));
  expect(await refusalOf(await finish(token, folder))).toMatchObject({ missing: [2, 4] });
  for (const question of [2, 4]) await tus.send(recording(50), { question });
  const receipts = new Set<string>();
  for (let time = 0; time < 2; time++) {
    const response = await finish(token, folder);
    expect(response.status).toBe(200);
    receipts.add(await response.text());
    now = now.plus({ seconds: 1 });
  }
  expect(receipts.size).toBe(1);
  now = now.minus({ seconds: 2 });
  const meta = JSON.parse(await readFile(`${session.path}/meta.json`, 'utf8'));
  expect(meta).toMatchObject({ status: 'finished', endTime: now.setZone('Asia/Bangkok').toISO() });
});

test('another’s folder, or none, is 404 on finish', async () => {
  const { folder } = await openSession(app, 'Owner');
  const { secret } = await app.token('Other');
  for (const name of [folder, 'nothing', '../../etc', ''])
    expect(await refusalOf(await finish(secret, name))).toMatchObject({ status: 404, code: 'session-not-found' });
});

test('an expired token stays valid for its started session until 7 days after the last activity', async () => {
  const expiresAt = now.plus({ hours: 1 });
  const { secret } = await app.token('Late Lee', { expiresAt });
  const { folder } = (await (await start(secret, 'Late Lee')).json()) as { folder: string };
  now = now.plus({ days: 6 });
  expect((await verify(secret)).status).toBe(200);
  expect(await (await start(secret, 'Late Lee')).json()).toMatchObject({ resumed: true, folder });
  const tus = createTusClient({ url: app.url, token: secret, folder });
  await tus.send(recording(50), { question: 1 });
  // Seven days count from that answer, not from the start.
  now = now.plus({ days: 6, hours: 23 });
  expect(await refusalOf(await finish(secret, folder))).toMatchObject({ status: 409, missing: [2, 3, 4, 5] });
  for (let question = 2; question <= 5; question++) await tus.send(recording(50), { question });
  expect((await finish(secret, folder)).status).toBe(200);
  // Finished: no new session, but a repeat of the finish is answered.
  expect(await refusalOf(await start(secret, 'Late Lee'))).toMatchObject({ code: 'unauthorized' });
  expect((await finish(secret, folder)).status).toBe(200);
  now = now.plus({ days: 7, minutes: 1 });
  expect(await refusalOf(await finish(secret, folder))).toMatchObject({ code: 'unauthorized' });
});

test('an expired token without a session begins none', async () => {
  const { secret } = await app.token('Too Late', { expiresAt: now.plus({ minutes: 5 }) });
  now = now.plus({ minutes: 5 });
  expect(await refusalOf(await start(secret, 'Too Late'))).toMatchObject({ status: 401 });
});

test('an expired token that once finished may not use the grace of an old session for a new one', async () => {
  const { secret } = await app.token('Twice', { expiresAt: now.plus({ hours: 1 }), maxSessions: 0 });
  const { folder } = (await (await start(secret, 'Twice')).json()) as { folder: string };
  const session = await app.storage.sessions.getByFolder(folder);
  await app.storage.finishSession(session?.id ?? '');
  now = now.plus({ hours: 2 });
  for (const response of [await verify(secret), await start(secret, 'Twice')])
    expect(await refusalOf(response)).toMatchObject({ status: 401, code: 'unauthorized' });
});

test('a revoked token stops the session at once; once restored, the same session continues', async () => {
  const session = await openSession(app, 'Revoked Roe');
  await app.storage.tokens.revoke(session.tokenId, true);
  for (const response of [await start(session.token, 'Revoked Roe'), await finish(session.token, session.folder)])
    expect(await refusalOf(response)).toMatchObject({ status: 401, code: 'unauthorized' });
  await app.storage.tokens.revoke(session.tokenId, false);
  expect(await (await start(session.token, 'Revoked Roe')).json()).toMatchObject({
    resumed: true,
    folder: session.folder,
  });
});

test.each([
  ['', 400, 'invalid-json'],
  ['{', 400, 'invalid-json'],
  ['{"token": "a", }', 400, 'invalid-json'],
  ['null', 400, 'invalid-field'],
  ['[]', 400, 'invalid-field'],
  ['"text"', 400, 'invalid-field'],
  ['{}', 400, 'invalid-field'],
  ['{"token": 7, "userName": "Anna"}', 400, 'invalid-field'],
  ['{"token": ["a"], "userName": "Anna"}', 400, 'invalid-field'],
  ['{"token": "abcd"}', 400, 'invalid-field'],
  ['{"token": "abcd", "userName": null}', 400, 'invalid-field'],
  [`{"token": "${'x'.repeat(70_000)}", "userName": "Anna"}`, 400, 'invalid-json'],
])('the body %.30s is %i %s', async (body, status, code) => {
  expect(await refusalOf(await post('/api/session/start', body))).toMatchObject({ status, code });
});

test('the problem of a wrong body is in words for people', async () => {
  const finishOf = (count: unknown) =>
    post('/api/session/finish', { token: 'abcd', folder: 'x', questionsCount: count });
  const responses = await Promise.all([
    ...['[]', 'null', '"text"', '7', '{}', '{"token": []}', '{"token": "abcd"}'].map((body) =>
      post('/api/session/start', body),
    ),
    ...[0, -1, 1.5, 1e9, '5', null, undefined].map(finishOf),
  ]);
  for (const response of responses)
    expect((await refusalOf(response)).detail).not.toMatch(/expected|received|invalid|too (small|big)/i);
});

test.each(['', '   ', 'a\u0000b', '\u0000', 'a\nb', 'x'.repeat(1_001)])('the name %.20j is 400', async (name) => {
  const { secret } = await app.token('Anna Parker');
  expect(await refusalOf(await start(secret, name))).toMatchObject({ status: 400, code: 'invalid-field' });
});

test.each([
  ['x'.repeat(300), `_${'x'.repeat(60)}`],
  ['😀😀', '_candidate'],
  ['محمد علي', '_mhmd_ly'],
  ['‏‮דוד‬ כהן', '_dvd_khhn'],
  ['../', '_candidate'],
  ['../../../etc/passwd', '_etc_passwd'],
  ['王', '_wang'],
  ["Robert'); DROP TABLE tokens;--", '_robert_drop_table_tokens'],
])('the name %.30j gets a plain folder inside the data folder', async (name, ending) => {
  const { secret } = await app.token(name);
  const { folder } = (await (await start(secret, name)).json()) as { folder: string };
  expect(folder.replace(/_2$/, '')).toBe(now.setZone('Asia/Bangkok').toFormat('dd_MM_yyyy_HH_mm') + ending);
  expect(await readdir(`${app.dataDir}/sessions/${folder}`)).toEqual(['meta.json']);
  expect(await (await start(secret, name)).json()).toMatchObject({ resumed: true, folder });
});

test.each([0, -1, 1.5, '5', null])('questionsCount %j is 400', async (count) => {
  const { token, folder } = await openSession(app, 'Counter');
  expect(await refusalOf(await finish(token, folder, count))).toMatchObject({ status: 400, code: 'invalid-field' });
});

test('an address that nothing lives at is 404 as problem+json', async () => {
  expect(await refusalOf(await fetch(`${app.url}/api/nothing`))).toMatchObject({ status: 404, code: 'not-found' });
  expect(await refusalOf(await fetch(`${app.url}/api/verify-token`))).toMatchObject({ status: 404, code: 'not-found' });
});

test('each log-in has a number, by which an earlier device sees that another one continues the session', async () => {
  const { token } = await openSession(app, 'Two Devices');
  const ask = async (login?: number) => {
    const response = await post('/api/session/start', { token, userName: 'Two Devices', login });
    return ((await response.json()) as { login: number }).login;
  };
  expect(await ask(), 'programs that count no log-ins').toBe(0);
  expect(await ask(0)).toBe(1);
  expect(await ask(1)).toBe(1);
  expect(await ask(0), 'the other device').toBe(2);
  expect(await ask(1), 'the first device looks again').toBe(2);
});

test('a question is arriving while bytes of a take come, and for 10 s more', async () => {
  const session = await openSession(app, 'Still Arriving');
  const arriving = async () =>
    ((await (await start(session.token, 'Still Arriving')).json()) as { arriving: number[] }).arriving;
  const take = await session.tus.begin({ question: 2 });
  expect(await arriving(), 'a take without a byte').toEqual([]);
  await session.tus.patch(take, 0, recording(100));
  expect(await arriving()).toEqual([2]);
  now = now.plus({ seconds: 11 });
  expect(await arriving()).toEqual([]);
});

test('an answer that another device is just ending is named until it is answered: in every step, and between two looks', async () => {
  const session = await openSession(app, 'Just Ending');
  const lists = async () => {
    const body = await (await start(session.token, 'Just Ending')).json();
    const { arriving, answered } = body as { arriving: number[]; answered: number[] };
    return { arriving, answered };
  };
  const upload = await session.tus.begin({ question: 2 });
  await session.tus.patch(upload, 0, recording(100));
  const id = upload.split('/').at(-1) ?? '';
  for (const state of ['received', 'placed'] as const) {
    await app.storage.takes.update(id, { state, fileName: 'Q2.webm' });
    expect(await lists(), state).toEqual({ arriving: [2], answered: [] });
  }
  await app.storage.takes.update(id, { state: 'receiving', fileName: null });
  // The answer ends while the server collects what it tells.
  const ends = async <T>(looked: Promise<T>) => {
    const list = await looked;
    await session.tus.patch(upload, 100, new Uint8Array(), { length: 100 });
    return list;
  };
  const { answered, arriving } = app.storage;
  vi.spyOn(app.storage, 'answered').mockImplementationOnce((of) => ends(answered(of)));
  vi.spyOn(app.storage, 'arriving').mockImplementationOnce((of) => ends(arriving(of)));
  const told = await lists();
  expect([...told.arriving, ...told.answered]).toContain(2);
  vi.restoreAllMocks();
  expect(await lists()).toEqual({ arriving: [], answered: [2] });
});

test('a page that continues a finished session gets no other one, whatever the token allows', async () => {
  const { secret } = await app.token('Once More', { maxSessions: 0 });
  const begun = (await (await start(secret, 'Once More')).json()) as { folder: string };
  const tus = createTusClient({ url: app.url, token: secret, folder: begun.folder });
  for (let question = 1; question <= 5; question++) await tus.send(recording(50), { question });
  expect((await finish(secret, begun.folder)).status).toBe(200);
  const look = await post('/api/session/start', { token: secret, userName: 'Once More', folder: begun.folder });
  expect(await refusalOf(look)).toMatchObject({ status: 409, code: 'sessions-used-up' });
  expect(await (await start(secret, 'Once More')).json()).toMatchObject({ ok: true, resumed: false });
});
