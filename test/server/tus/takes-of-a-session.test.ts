/** What one candidate may leave in the catalog: takes, refused ones too, and the texts that come with them. */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import BetterSqlite3 from 'better-sqlite3';
import { expect, test } from 'vitest';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { metadataHeader, recording, refusalOf } from '../../support/tus/tus.ts';

/** The session of five questions with one take each: 400 takes, and eight for each that its questions allow. */
const MAX_TAKES = 440;
const MAX_BYTES = 10_000;
const MAX_SESSION_BYTES = 40 * MAX_BYTES;

const app = useApp({ config: { maxAnswerBytes: MAX_BYTES } });
const session = useSession(app);

const text = new Uint8Array(Buffer.from('this is no recording at all'));
const refusedTakes = () => app.storage.takes.listByState(['refused']);

/** Runs SQL on the catalog, beside the server. */
function sql<Row>(statement: string, ...values: unknown[]): Row[] {
  const catalog = new BetterSqlite3(`${app.dataDir}/tresgo.db`);
  const prepared = catalog.prepare<unknown[], Row>(statement);
  const rows = prepared.reader ? prepared.all(...values) : [];
  if (!prepared.reader) prepared.run(...values);
  catalog.close();
  return rows;
}

const set = (column: 'takes_made' | 'stored_bytes', value: number) =>
  sql(`update sessions set ${column} = ? where folder = ?`, value, session.folder);
const columnOf = (column: 'takes_made' | 'stored_bytes') =>
  sql<{ value: number }>(`select ${column} as value from sessions where folder = ?`, session.folder)[0]?.value;

function answer(bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  const form = new FormData();
  const fields = { token: session.token, folder: session.folder, questionIndex: '1' };
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('video', new Blob([bytes]));
  return fetch(`${app.url}/api/upload-one`, { method: 'POST', body: form });
}

test('a creation that is refused without takeId leaves no entry, and long metadata is shortened', async () => {
  for (const body of [text, text.subarray(0, 2)])
    expect(await refusalOf(await session.tus.create({ body, length: body.length }))).toMatchObject({ status: 415 });
  expect(await refusedTakes()).toEqual([]);
  const own = { folder: session.folder, questionIndex: '1', filetype: `video/webm;${'x'.repeat(1_000)}`, note: 'kept' };
  const header = metadataHeader({ ...own, long: 'y'.repeat(7_000) });
  const created = await session.tus.create({ headers: { 'Upload-Metadata': header } });
  expect(created.status).toBe(201);
  const location = created.headers.get('location') ?? '';
  expect((await session.tus.head(location)).headers.get('upload-metadata')).toBe(metadataHeader(own));
  const [take] = sql<{ filetype: string; metadata: string }>('select * from takes where id = ?', location.slice(7));
  expect(take?.filetype).toHaveLength(200);
  expect(take?.metadata.length).toBeLessThanOrEqual(2_048);
});

test('of refused takes with a takeId the newest 64 are remembered, and no list reads them', async () => {
  const first = randomUUID();
  const last = randomUUID();
  for (const takeId of [first, ...Array.from({ length: 64 }, () => randomUUID()), last])
    expect((await session.tus.create({ takeId, body: text })).status).toBe(415);
  expect(await refusedTakes()).toHaveLength(64);
  const entry = await app.storage.sessions.getByFolder(session.folder);
  expect(await app.storage.takes.list(entry?.id ?? '')).toEqual([]);
  expect((await session.tus.create({ takeId: last })).status).toBe(415);
  expect((await session.tus.create({ takeId: first })).status).toBe(201);
});

test('a session has a number of takes, refused ones too: then 429, also for upload-one, and a DELETE makes room', async () => {
  const location = await session.tus.begin();
  set('takes_made', MAX_TAKES - 1);
  expect((await session.tus.create({ body: text })).status).toBe(415);
  for (const refused of [
    await session.tus.create(),
    await session.tus.create({ body: text }),
    await answer(recording(100)),
  ]) {
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refusalOf(refused)).toMatchObject({ status: 429, code: 'too-many-uploads' });
  }
  // What is there goes on.
  expect((await session.tus.patch(location, 0, recording(10))).status).toBe(204);
  expect((await session.tus.remove(location)).status).toBe(204);
  expect((await answer(recording(100))).status).toBe(200);
});

test('an equal answer, a removed take and a refused form do not count', async () => {
  const bytes = recording(200);
  for (let again = 0; again < 3; again++) expect((await answer(bytes)).status).toBe(200);
  expect((await answer(text)).status).toBe(415);
  await session.tus.remove(await session.tus.begin());
  expect(columnOf('takes_made')).toBe(1);
});

test('upload-one knows the limit of the session’s bytes, and leaves nothing of what is over it', async () => {
  const uploads = await readdir(`${app.dataDir}/uploads`);
  set('stored_bytes', MAX_SESSION_BYTES - 3_000);
  expect((await answer(recording(2_000))).status).toBe(200);
  expect(await refusalOf(await answer(recording(1_001)))).toMatchObject({ status: 413, code: 'session-too-large' });
  expect(columnOf('stored_bytes')).toBe(MAX_SESSION_BYTES - 1_000);
  // Two that come at once find room each, and together none.
  const statuses = (await Promise.all([answer(recording(900)), answer(recording(901))])).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200).length).toBeLessThan(2);
  expect(columnOf('stored_bytes')).toBeLessThanOrEqual(MAX_SESSION_BYTES);
  expect(await readdir(`${app.dataDir}/uploads`)).toEqual(uploads);
});

test('the bytes of a session are those of its files, whatever became of its takes', async () => {
  const { tus } = session;
  for (const size of [1_000, 2_000, 3_000]) await tus.send(recording(size));
  await answer(recording(500));
  await answer(text);
  const open = await tus.begin({ question: 2 });
  await tus.patch(open, 0, recording(700));
  await tus.patch(open, 700, recording(50));
  const gone = await tus.begin({ question: 3 });
  await tus.patch(gone, 0, recording(4_000));
  await tus.remove(gone);
  await tus.patch(await tus.begin({ question: 4 }), 0, text);
  const entry = await app.storage.sessions.getByFolder(session.folder);
  const sessionBytes = () => app.storage.liveTakes.sessionBytes(entry?.id ?? '');
  expect(sessionBytes()).toBe(1_000 + 2_000 + 3_000 + 500 + 750);
  set('stored_bytes', 7);
  expect(sessionBytes()).toBe(757);
  await app.storage.recover();
  expect(sessionBytes()).toBe(7_250);
});

test('what a start and a PATCH read does not grow with the refused takes of a session', async () => {
  const location = await session.tus.begin();
  const [row] = sql<Record<string, unknown>>('select * from takes where id = ?', location.slice(7));
  sql(`
    insert into takes (${Object.keys(row ?? {}).join()})
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
    select ${Object.keys(row ?? {})
      .map((column) =>
        column === 'id' || column === 'take_id'
          ? `'x' || i`
          : column === 'state'
            ? `'refused'`
            : column === 'number'
              ? 'i + 1'
              : column === 'metadata'
                ? `hex(zeroblob(1000))`
                : column,
      )
      .join()}
    from n, takes where takes.id = '${location.slice(7)}'`);
  const entry = await app.storage.sessions.getByFolder(session.folder);
  const start = performance.now();
  for (let round = 0; round < 20; round++) {
    expect(await app.storage.takes.list(entry?.id ?? '')).toHaveLength(1);
    expect((await app.storage.liveTakes.get(location.slice(7)))?.offset).toBe(0);
    expect(await app.storage.takes.listPending()).toEqual([]);
  }
  // 20 rounds that read 10,000 rows took 5 to 17 s; rounds that read one row take some 20 ms.
  expect(performance.now() - start).toBeLessThan(2_000);
  expect((await session.tus.patch(location, 0, recording(10))).status).toBe(204);
  expect((await session.tus.create({ question: 1 })).status).toBe(201);
  sql(`delete from takes where state = 'refused'`);
});
