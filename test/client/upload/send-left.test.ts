/** What a closed page left in the spool, sent by fetch alone as the background worker sends it, to a real server. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import { createFetchStack } from '../../../client/upload/fetch-stack.ts';
import { type SendLeftOptions, sendLeft } from '../../../client/upload/send-left.ts';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { recording, until } from '../../support/tus/tus.ts';

const app = useApp();
const session = useSession(app);

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A spool that holds takes of these lengths, in bytes, of the questions from 1 on. */
async function spoolOf(takes: Array<{ bytes: number; ended: boolean }>) {
  const spool = Object.assign(createMemorySpool(), { digests: [] as string[] });
  const { digests } = spool;
  for (const [at, { bytes, ended }] of takes.entries()) {
    const takeId = crypto.randomUUID();
    const startedAt = `2026-01-01T00:00:0${at}Z`;
    await spool.create({ takeId, folder: session.folder, question: at + 1, mimeType: 'video/webm', startedAt });
    const recorded = new Uint8Array(bytes > 0 ? recording(bytes) : []);
    digests.push(sha256(recorded));
    if (bytes > 0) await spool.append(takeId, recorded.buffer, 1000);
    if (ended) await spool.end(takeId);
  }
  return spool;
}

function send(spool: Awaited<ReturnType<typeof spoolOf>>, more: Partial<SendLeftOptions> = {}) {
  const { folder, token } = session;
  const to = { folder, endpoint: `${app.url}/files`, token: () => token, httpStack: createFetchStack() };
  return sendLeft({ spool, signal: new AbortController().signal, ...to, ...more });
}

test('whole takes are placed and forgotten; of a take that was cut the bytes arrive, and it is left to the candidate', async () => {
  const spool = await spoolOf([
    { bytes: 400_000, ended: true },
    { bytes: 300_000, ended: false },
    { bytes: 0, ended: false },
    { bytes: 90_000, ended: true },
  ]);
  expect(await send(spool)).toBe('nothing');
  const left = await spool.list(session.folder);
  expect(left.map(({ question }) => question)).toEqual([2, 3]);
  const head = await fetch(left[0]?.uploadUrl ?? '', {
    method: 'HEAD',
    headers: { 'Tus-Resumable': '1.0.0', Authorization: `Bearer ${session.token}` },
  });
  expect([head.headers.get('upload-offset'), head.headers.get('upload-length')]).toEqual(['300000', null]);
  for (const question of [1, 4])
    expect(sha256(await readFile(`${session.path}/Q${question}.webm`))).toBe(spool.digests[question - 1]);
});

test('the page that opens ends the sending, and sends the rest itself', async () => {
  const spool = await spoolOf([{ bytes: 400_000, ended: true }]);
  const page = new AbortController();
  let asked = 0;
  // The second request is under way for as long as it may be.
  const fetchOnce: typeof fetch = (input, init) => {
    asked += 1;
    return asked < 2 ? fetch(input, init) : new Promise(() => {});
  };
  const sending = send(spool, { fetch: fetchOnce, httpStack: createFetchStack(fetchOnce), signal: page.signal });
  await until(() => asked === 2);
  page.abort();
  expect(await sending).toBe('later');
  expect(await spool.list(session.folder)).toMatchObject([{ bytes: 400_000 }]);
  expect(await send(spool)).toBe('nothing');
  expect(await spool.list(session.folder)).toEqual([]);
});

test('what the server refuses for good stays in the spool, and the next take is sent', async () => {
  const spool = await spoolOf([
    { bytes: 1000, ended: true },
    { bytes: 1000, ended: true },
  ]);
  const refused: typeof fetch = async (input, init) =>
    asked++ === 0 ? Response.json({ code: 'question-unknown', status: 404 }, problem) : fetch(input, init);
  let asked = 0;
  const problem = { status: 422, headers: { 'Content-Type': 'application/problem+json' } };
  expect(await send(spool, { fetch: refused })).toBe('nothing');
  expect((await spool.list(session.folder)).map(({ question }) => question)).toEqual([1]);
});

test('where the server knows the token no more, or the session is finished, nothing is sent and nothing is lost', async () => {
  const spool = await spoolOf([
    { bytes: 1000, ended: true },
    { bytes: 1000, ended: false },
  ]);
  expect(await send(spool, { token: () => 'an earlier secret' })).toBe('refused');
  expect((await spool.list(session.folder)).map(({ bytes }) => bytes)).toEqual([1000, 1000]);
  await app.storage.finishSession((await app.storage.sessions.getByFolder(session.folder))?.id ?? '');
  expect(await send(spool)).toBe('refused');
  expect((await spool.list(session.folder)).map(({ bytes }) => bytes)).toEqual([1000, 1000]);
});
