/** Which names log in, over HTTP: the token is right, and the name is what people make of the one in the invitation. */
import { expect, test } from 'vitest';
import { useApp } from '../../support/server/use-app.ts';
import { refusalOf } from '../../support/tus/tus.ts';

const app = useApp();

const start = (token: string, userName: string) =>
  fetch(`${app.url}/api/session/start`, { method: 'POST', body: JSON.stringify({ token, userName }) });

test.each([
  ['Nguyễn Văn An', 'An Nguyễn Văn'],
  ['Nguyễn Văn An', 'Nguyen An'],
  ['Nguyễn Văn An', 'Mr. Nguyen Van An'],
  ['Nguyễn Văn An', 'nguyenvanan'],
  ['Nguyễn Văn An', 'Nguyen V. An'],
  ["Anne-Marie O'Neill", 'anne marie oneill'],
  ['Müller, Jürgen', 'Jürgen Müller'],
  ['Müller, Jürgen', 'Mueller Juergen'],
  ['สมชาย ใจดี', 'สมชายใจดี'],
  ['สมชาย ใจดี', 'นายสมชายใจดี'],
])('of %j, %j logs in, on a second device, too', async (name, typed) => {
  const { secret } = await app.token(name);
  const first = (await (await start(secret, typed)).json()) as { ok: boolean; folder: string; resumed: boolean };
  expect(first).toMatchObject({ ok: true, resumed: false });
  const second = await start(secret, name);
  expect(await second.json()).toMatchObject({ folder: first.folder, resumed: true });
});

test.each([
  ['Nguyễn Văn An', 'Tran Binh'],
  ['Nguyễn Văn An', 'An'],
  ['Müller, Jürgen', 'Herr Müller'],
  ['สมชาย ใจดี', 'คุณสมชาย'],
])('of %j, %j does not, and begins nothing; the token stays good', async (name, typed) => {
  const { secret, id } = await app.token(name);
  expect(await refusalOf(await start(secret, typed))).toMatchObject({ status: 401, code: 'unauthorized' });
  const overview = await app.storage.lists.token(id);
  expect(overview?.sessions).toEqual([]);
  expect((await start(secret, name)).status).toBe(200);
});
