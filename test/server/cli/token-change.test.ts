/** `tresgo token update`, `reissue`, and how a token is named. */
import { DateTime } from 'luxon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectRefusal, inThisProcess } from '../../support/server/in-this-process.ts';
import { openApp, startSession, type TestApp, temporaryFolder } from '../../support/server/server.ts';
import { createTusClient, recording, refusalOf } from '../../support/tus/tus.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let app: TestApp;
beforeEach(async () => {
  root = await temporaryFolder();
  app = await openApp({ dataDir: root.path });
});
afterEach(async () => {
  await app.close();
  await root.remove();
});

const run = (...args: string[]) => inThisProcess(['token', ...args, '--data-dir', root.path]);

/** Runs a command that must succeed. Returns its JSON document. */
async function json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  const outcome = await run(...args, '--json');
  expect(outcome.status, outcome.stderr).toBe(0);
  return JSON.parse(outcome.stdout) as T;
}

const post = (route: string, body: object) =>
  fetch(`${app.url}/api/${route}`, { method: 'POST', body: JSON.stringify(body) });

test('reissue: a half-done session goes on by the new link; the old one stops', async () => {
  const { id, secret } = await app.token('Anna');
  const folder = await startSession(app.url, secret, 'Anna');
  const tus = createTusClient({ url: app.url, token: secret, folder });
  await tus.send(recording(1_000), { question: 1 });
  const half = recording(60_000);
  const location = await tus.begin({ question: 2 });
  await tus.patch(location, 0, half.subarray(0, 20_000));

  const made = await json<{ token: string; link: string }>('reissue', id);
  expect(made).toMatchObject({ id, name: 'Anna', expiresAt: null });
  expect(made.link).toMatch(new RegExp(`/#t=${made.token}$`));
  expect(made.token).not.toBe(secret);
  expect(await refusalOf(await post('verify-token', { token: secret }))).toMatchObject({ status: 401 });
  expect((await tus.head(location)).status).toBe(401);
  expect((await tus.patch(location, 20_000, half.subarray(20_000))).status).toBe(401);

  const resumed = await post('session/start', { token: made.token, userName: 'Anna' });
  expect(await resumed.json()).toMatchObject({ folder, resumed: true, answered: [1] });
  const again = createTusClient({ url: app.url, token: made.token, folder });
  expect((await again.head(location)).headers.get('upload-offset')).toBe('20000');
  const last = await again.patch(location, 20_000, half.subarray(20_000), { length: half.length });
  expect(last.headers.get('upload-complete')).toBe('?1');
  expect(await json('show', id)).toMatchObject({ state: 'in-progress', answered: 2, sessions: [folder] });

  const { stdout } = await run('reissue', id);
  expect(stdout).toContain('the old link has stopped');
});

test('links of an interview that names a language open the page in it, the new ones too', async () => {
  const made = await json<{ id: string; link: string }>('create', '--name', 'Anna', '--interview', 'default-vi');
  const again = await json<{ link: string }>('reissue', made.id);
  for (const { link } of [made, again]) expect(link).toMatch(/\/\?lang=vi#t=.{32}$/);
});

test('reissue says of a token that is revoked or expired what else is to do', async () => {
  const { id } = await app.token('Anna');
  await run('revoke', id);
  expect((await run('reissue', id)).stderr).toContain(
    'is revoked, so the link opens nothing yet: "tresgo token restore"',
  );
  const old = await app.token('Bao', { expiresAt: DateTime.now().minus({ days: 1 }) });
  expect((await run('reissue', old.id)).stderr).toContain('is expired, so the link opens nothing yet');
});

test('update changes what a token allows at the next log-in, and its link stays', async () => {
  const { id, secret } = await app.token('Anna Maria');
  await json('update', id, '--time-factor', '1.5', '--extra-takes', '2', '--name', 'Anna Marie', '--max-sessions', '0');
  const response = await post('session/start', { token: secret, userName: 'Anna Marie' });
  const started = (await response.json()) as { questions: object[] };
  expect(started).toMatchObject({ timeFactor: 1.5, extraTakes: 2 });
  expect(started.questions[0]).toMatchObject({ maxSeconds: 900, maxTakes: 3 });
  expect(await json('show', id)).toMatchObject({ name: 'Anna Marie', maxSessions: 0, timeFactor: 1.5, extraTakes: 2 });
  const [session] = JSON.parse(
    (await inThisProcess(['session', 'list', '--json', '--data-dir', root.path])).stdout,
  ) as object[];
  expect(session).toMatchObject({ tokenOwner: 'Anna Marie' });
});

test('update moves the expiry: later than it is, from now, to a day, to never', async () => {
  const expiresAt = DateTime.now().plus({ days: 1 });
  const { id } = await app.token('Anna', { expiresAt });
  const expiry = async (when: string) => {
    const { expiresAt: at } = await json<{ expiresAt: string | null }>('update', id, '--expires', when);
    return at === null ? null : DateTime.fromISO(at);
  };
  expect((await expiry('+3d'))?.toMillis()).toBe(expiresAt.plus({ days: 3 }).toMillis());
  const week = (await expiry('7d'))?.diffNow('hours').hours ?? 0;
  expect(week).toBeGreaterThan(167);
  expect(week).toBeLessThanOrEqual(168);
  expect((await expiry('2099-12-31'))?.toFormat('yyyy-MM-dd HH:mm')).toBe('2099-12-31 23:59');
  expect(await expiry('never')).toBeNull();
  expectRefusal(await run('update', id, '--expires', '+3d'), /this token never expires: give --expires 3d/);
  const past = await app.token('Bao', { expiresAt: DateTime.now().minus({ days: 30 }) });
  expect(await json('update', past.id, '--expires', '+2d')).toMatchObject({ state: 'invited' });
});

test.each([
  [['update', 'x'], /say what to change/],
  [['update', 'x', '--expires', '+3x'], /\+3d or \+2w/],
  [['update', 'x', '--expires', '2020-01-01'], /still to come/],
  [['update', 'x', '--time-factor', '0.5'], /from 1 to 4/],
  [['update', 'x', '--time-factor', '5'], /from 1 to 4/],
  [['update', 'x', '--extra-takes', '6'], /from 0 to 5/],
  [['create', '--name', 'A', '--time-factor', '1e0'], /from 1 to 4/],
  [['list', '--state', 'lost'], /It takes invited, opened/],
  [['list', '--sort', 'size'], /It takes created, name/],
  [['list', '--since', 'soon'], /30m, 24h, 7d/],
])('wrong usage %j ends with status 2', async (args, words) => {
  const { status, stdout, stderr } = await run(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(words);
});

test('an id may be shortened to what is unique', async () => {
  const ids: string[] = [];
  // Of seventeen ids two begin with the same digit.
  for (let count = 0; count < 17; count++) ids.push((await app.token('Anna')).id);
  const start = (id: string) => {
    for (let length = 1; ; length++)
      if (ids.filter((other) => other.startsWith(id.slice(0, length))).length === 1) return id.slice(0, length);
  };
  const [id = ''] = ids;
  expect(await json('show', start(id))).toMatchObject({ id });
  const shared = ids.map((one) => one.slice(0, 1)).find((digit, at, all) => all.indexOf(digit) !== at) ?? '';
  for (const command of [['show'], ['revoke'], ['restore'], ['reissue'], ['update', '--max-sessions', '2']]) {
    const [name = '', ...options] = command;
    expectRefusal(await run(name, shared, ...options), /begins \w+ and \w+, at least: give more of it/);
    expectRefusal(await run(name, 'nope', ...options), /there is no token "nope": "tresgo token list" shows them/);
  }
});
