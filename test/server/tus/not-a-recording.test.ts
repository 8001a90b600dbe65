/** Uploads that are no recording: their bytes are removed at once, and their take stays refused. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { recording, refusalOf } from '../../support/tus/tus.ts';

const app = useApp();
const session = useSession(app);

const text = (size: number) => new Uint8Array(Buffer.alloc(size, 'text '));
const uploads = () => readdir(`${app.dataDir}/uploads`);

test('a text is refused while it arrives: its bytes are removed, and from then on every method is 415', async () => {
  const takeId = randomUUID();
  const location = await session.tus.begin({ takeId });
  const live = await session.tus.openPatch(location, 0, 50_000_000);
  await live.write(text(100));
  // The first bytes are enough.
  expect(await live.status).toBe(415);
  live.socket.destroy();
  expect(await uploads()).toEqual([]);
  expect((await session.tus.head(location)).status).toBe(415);
  for (const response of [
    await session.tus.patch(location, 100, recording(10)),
    await session.tus.patch(location, 0, recording(10)),
    await session.tus.create({ takeId }),
  ])
    expect(await refusalOf(response)).toMatchObject({ status: 415, code: 'not-a-recording' });
  expect((await session.tus.remove(location)).status).toBe(204);
  expect((await session.tus.head(location)).status).toBe(404);
  expect((await session.tus.remove(await session.tus.begin({ takeId }))).status).toBe(204);
});

test('a whole text is refused as well: of declared length, of few bytes, and in two pieces', async () => {
  const whole = await session.tus.begin({ length: 1_000 });
  expect((await session.tus.patch(whole, 0, text(1_000))).status).toBe(415);
  const few = await session.tus.begin();
  await session.tus.patch(few, 0, text(3));
  expect((await session.tus.patch(few, 3, new Uint8Array(), { length: 3 })).status).toBe(415);
  const pieces = await session.tus.begin();
  expect((await session.tus.patch(pieces, 0, recording(4))).status).toBe(204);
  expect((await session.tus.patch(pieces, 4, text(10))).status).toBe(204);
  const late = await session.tus.begin();
  expect((await session.tus.patch(late, 0, text(4))).status).toBe(204);
  expect((await session.tus.patch(late, 4, text(10))).status).toBe(415);
  for (const location of [whole, few, late]) {
    expect((await session.tus.head(location)).status).toBe(415);
    expect((await session.tus.remove(location)).status).toBe(204);
  }
  await session.tus.remove(pieces);
  expect(await uploads()).toEqual([]);
});

test('a text sent by upload-one is refused before its rest is stored', async () => {
  const form = new FormData();
  const fields = { token: session.token, folder: session.folder, questionIndex: '1' };
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('video', new Blob([text(5_000_000)]));
  const response = await fetch(`${app.url}/api/upload-one`, { method: 'POST', body: form });
  expect(await refusalOf(response)).toMatchObject({ status: 415, code: 'not-a-recording' });
  expect(await uploads()).toEqual([]);
  const entry = await app.storage.sessions.getByFolder(session.folder);
  expect(await app.storage.takes.list(entry?.id ?? '')).toEqual([]);
});

test('a text sent as video is 415 at its first bytes, and nothing is placed', async () => {
  const words = new Uint8Array(Buffer.from('This is no recording, whatever the label says.'));
  const location = await session.tus.begin({ filetype: 'video/webm' });
  expect(await refusalOf(await session.tus.patch(location, 0, words))).toMatchObject({
    status: 415,
    code: 'not-a-recording',
  });
  const more = await session.tus.patch(location, words.length, words, { length: 2 * words.length });
  expect(await refusalOf(more)).toMatchObject({ status: 415, code: 'not-a-recording' });
  expect((await session.tus.head(location)).status).toBe(415);
  const short = await session.tus.create({ length: 2, body: words.subarray(0, 2) });
  expect(await refusalOf(short)).toMatchObject({ status: 415, code: 'not-a-recording' });
  const none = await session.tus.create({ length: 0 });
  expect(await refusalOf(none)).toMatchObject({ status: 415, code: 'not-a-recording' });
  expect(await readdir(session.path)).toEqual(['meta.json']);
  expect(JSON.parse(await readFile(`${session.path}/meta.json`, 'utf8')).files).toEqual([]);
});
