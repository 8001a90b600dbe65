/** The last request of an upload is cut inside its body, or its response is lost: the upload ends as one whole file (platform note 4). */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Network, openNetwork } from '../support/network/network.ts';
import { requestLength } from '../support/network/request-follower.ts';
import { createRandom, scale, seed } from '../support/scale.ts';
import { useApp } from '../support/server/use-app.ts';
import { openRequest, type RawRequest } from '../support/tus/raw-connection.ts';
import {
  createTusClient,
  metadataHeader,
  type OpenSession,
  openSession,
  recording,
  refusalOf,
  reprDigest,
  until,
} from '../support/tus/tus.ts';

const RUNS = 200;
const CREATIONS = scale(30, 200);
const LOST_RESPONSES = scale(12, 100);
const QUESTIONS = 5;
const LANES = 4;
const TYPE = 'Content-Type: application/offset+octet-stream';
const empty = new Uint8Array();

/** Requests that the server has finished, whether or not a client read the response: `PATCH /files/…` and its status. */
const done: Array<{ method: string; path: string; status: number }> = [];

console.log(`final-cut: seed ${seed}`);
const debug = (details: object) => void done.push(details as (typeof done)[number]);
const app = useApp({ log: { debug, info() {}, warn() {}, error() {} } });
let relay: Network;
beforeAll(async () => {
  relay = await openNetwork({ to: { host: '127.0.0.1', port: Number(new URL(app.url).port) } });
});
afterAll(() => relay.close());

/** One run: a question without an answer; each earlier question of its session has one. */
interface Run extends OpenSession {
  run: number;
  question: number;
  random: () => number;
  /** A whole number in [from, to]. */
  between: (from: number, to: number) => number;
}

/** Runs `work` `runs` times, in parallel lanes, each with sessions of its own. */
async function repeat(runs: number, lanes: number, work: (run: Run) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    let session: OpenSession | null = null;
    for (let question = 1; next < runs; question = (question % QUESTIONS) + 1) {
      const run = next++;
      if (question === 1 || !session) session = await openSession(app, `Anna ${run}`);
      const random = createRandom(seed + run);
      const between = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
      await work({ ...session, run, question, random, between });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

const statuses = (method: string, path: string) =>
  done.filter((request) => request.method === method && request.path === path).map(({ status }) => status);
const offsetOf = async ({ tus }: Run, location: string) =>
  Number((await tus.head(location)).headers.get('upload-offset'));

function openFinalPatch({ token }: Run, location: string, offset: number, length: number): Promise<RawRequest> {
  return openRequest(app.url, [
    `PATCH ${location} HTTP/1.1`,
    `Authorization: Bearer ${token}`,
    'Tus-Resumable: 1.0.0',
    `Upload-Offset: ${offset}`,
    `Upload-Length: ${length}`,
    TYPE,
    `Content-Length: ${length - offset}`,
  ]);
}

function openCreation({ token, folder, question }: Run, takeId: string, size: string[]): Promise<RawRequest> {
  const metadata = { folder, questionIndex: String(question), filetype: 'video/webm', takeId };
  return openRequest(app.url, [
    'POST /files HTTP/1.1',
    `Authorization: Bearer ${token}`,
    'Tus-Resumable: 1.0.0',
    `Upload-Metadata: ${metadataHeader(metadata)}`,
    ...size,
  ]);
}

const manners = ['fin', 'rst'] as const;
type Manner = (typeof manners)[number];

/** Sends the bytes and cuts right behind them, without waiting for the server. Returns the status that was read; else null. */
async function sendAndCut({ socket, write, status }: RawRequest, bytes: Uint8Array, how: Manner) {
  if (how === 'fin') socket.end(bytes);
  else {
    await write(bytes);
    socket.resetAndDestroy();
  }
  const read = await status;
  socket.destroy();
  return read;
}

/** Each question so far has one answer: one file, one entry in meta.json, one take. */
async function expectOneAnswer(run: Run, location: string, bytes: Buffer): Promise<void> {
  const { path, question } = run;
  const names = Array.from({ length: question }, (_, at) => `Q${at + 1}.webm`);
  expect((await readdir(path)).sort()).toEqual([...names, 'meta.json']);
  expect((await readFile(`${path}/Q${question}.webm`)).equals(bytes)).toBe(true);
  const { files } = JSON.parse(await readFile(`${path}/meta.json`, 'utf8'));
  expect(files.map((file: { fileName: string }) => file.fileName)).toEqual(names);
  expect(files.at(-1)).toMatchObject({ questionIndex: question, bytes: bytes.length });
  expect(await takesOf(run)).toEqual([location.split('/').at(-1)]);
  expect(await readdir(`${app.dataDir}/uploads`)).not.toContain(location.split('/').at(-1));
}

/** Ids of this question's takes. */
async function takesOf({ folder, question }: Run): Promise<string[]> {
  const session = await app.storage.sessions.getByFolder(folder);
  const takes = session ? await app.storage.takes.list(session.id) : [];
  return takes.filter((take) => take.question === question).map((take) => take.id);
}

/** Checks a cut request: no success was sent, and a part of its bytes is stored; after a FIN, all of them. */
function expectCut(status: number | null, how: Manner, offset: number, { from, sent }: { from: number; sent: number }) {
  expect([null, 400, 503]).toContain(status);
  expect(offset).toBeGreaterThanOrEqual(from);
  expect(offset).toBeLessThanOrEqual(from + sent);
  if (how === 'fin') expect(offset).toBe(from + sent);
}

/** Continues as a client without a response does: from HEAD's offset, with the length again. */
async function continueUpload(run: Run, location: string, bytes: Buffer<ArrayBuffer>): Promise<void> {
  const at = await offsetOf(run, location);
  const rest = await run.tus.patch(location, at, bytes.subarray(at), { length: bytes.length });
  expect(rest.status).toBe(204);
  expect(rest.headers.get('upload-complete')).toBe('?1');
  expect(rest.headers.get('repr-digest')).toBe(reprDigest(bytes));
}

test(`${RUNS} final PATCHes cut in mid-body: each upload ends with the right digest and file`, async () => {
  const cuts = { fin: 0, rst: 0, sent: 0, kept: 0 };
  await repeat(RUNS, LANES, async (run) => {
    const { tus, question, between, random } = run;
    const how = manners[run.run % 2] as Manner;
    const bytes = recording(between(100, 200_000));
    const from = random() < 0.5 ? 0 : between(1, bytes.length - 2);
    const location = await tus.begin({ question });
    if (from > 0) expect((await tus.patch(location, 0, bytes.subarray(0, from))).status).toBe(204);

    // Half of the cuts are at the edges: an off-by-one mistake shows one byte before the end.
    const last = bytes.length - from - 1;
    const sent = random() < 0.2 ? last : between(0, last);
    const live = await openFinalPatch(run, location, from, bytes.length);
    const status = await sendAndCut(live, bytes.subarray(from, from + sent), how);
    const answered = from > 0 ? [204, 503] : [503];
    await until(() => statuses('PATCH', location).length === answered.length);
    expect(statuses('PATCH', location)).toEqual(answered);
    const head = await tus.head(location);
    const offset = Number(head.headers.get('upload-offset'));
    expectCut(status, how, offset, { from, sent });
    expect(head.headers.get('upload-complete')).toBe('?0');
    expect(head.headers.get('upload-length')).toBe(String(bytes.length));
    cuts[how] += 1;
    cuts.sent += sent;
    cuts.kept += offset - from;

    if (run.run % 10 === 0) {
      const other = await tus.patch(location, offset, empty, { length: bytes.length + 1 });
      expect(other.status).toBe(400);
    }
    await continueUpload(run, location, bytes);
    await expectOneAnswer(run, location, bytes);
  });
  console.log(`final PATCHes cut: ${JSON.stringify(cuts)}`);
  expect([cuts.fin, cuts.rst]).toEqual([RUNS / 2, RUNS / 2]);
}, 120_000);

test(`${CREATIONS} creations cut inside their body: the repeated POST finds the upload, which continues`, async () => {
  await repeat(CREATIONS, 1, async (run) => {
    const { tus, question, between, random } = run;
    const how = manners[run.run % 2] as Manner;
    const takeId = randomUUID();
    const bytes = recording(between(100, 200_000));
    const sent = between(0, bytes.length - 1);
    const size = [random() < 0.5 ? `Upload-Length: ${bytes.length}` : 'Upload-Defer-Length: 1'];
    done.length = 0;
    const live = await openCreation(run, takeId, [...size, TYPE, `Content-Length: ${bytes.length}`]);
    const status = await sendAndCut(live, bytes.subarray(0, sent), how);
    await until(() => statuses('POST', '/files').length === 1);
    const location = await tus.begin({ question, takeId });
    expectCut(status, how, await offsetOf(run, location), { from: 0, sent });
    await continueUpload(run, location, bytes);
    await expectOneAnswer(run, location, bytes);
  });
}, 120_000);

test(`${LOST_RESPONSES} last responses that are lost: the repeat is 204 with ?1, one file, one entry`, async () => {
  await repeat(LOST_RESPONSES, 1, async (run) => {
    const { tus, question, between } = run;
    const lossy = createTusClient({ url: relay.url, token: run.token, folder: run.folder });
    const bytes = recording(between(100, 100_000));
    // The last PATCH carries the length alone, as our page sends it, or also the last data.
    const from = run.run % 2 === 0 ? bytes.length : between(1, bytes.length - 1);
    const location = await tus.begin({ question });
    await tus.patch(location, 0, bytes.subarray(0, from));
    done.length = 0;

    const cutsBefore = relay.stats.cuts;
    // A FIN, so that the server can't know that the client does not read.
    relay.setCut({
      how: 'fin',
      times: 1,
      match: (head, body) => head.startsWith('PATCH') && body === requestLength(head),
    });
    const last = () => lossy.patch(location, from, bytes.subarray(from), { length: bytes.length });
    await expect(last()).rejects.toThrow();
    expect(relay.stats.cuts).toBe(cutsBefore + 1);
    await until(() => statuses('PATCH', location).length === 1);

    // The same request again: the offset has moved, unless only the length was sent.
    const verbatim = await last();
    expect(verbatim.status).toBe(from === bytes.length ? 204 : 409);
    if (verbatim.status === 409) expect(await refusalOf(verbatim)).toMatchObject({ code: 'offset-conflict' });
    else expect(verbatim.headers.get('repr-digest')).toBe(reprDigest(bytes));
    await continueUpload(run, location, bytes);
    await continueUpload(run, location, bytes);
    await expectOneAnswer(run, location, bytes);
  });
}, 120_000);

test(`${LOST_RESPONSES} clients that leave right after the last byte: whatever the server did with it, the answer is whole and stored once`, async () => {
  await repeat(LOST_RESPONSES, LANES, async (run) => {
    const { tus, question, between } = run;
    const bytes = recording(between(100, 100_000));
    const location = await tus.begin({ question });
    const live = await openFinalPatch(run, location, 0, bytes.length);
    await sendAndCut(live, bytes, manners[run.run % 2] as Manner);
    // Without a pause: the repeat may arrive while the first request is still handled.
    await until(async () => (await offsetOf(run, location)) === bytes.length);
    await continueUpload(run, location, bytes);
    expect((await tus.head(location)).headers.get('upload-complete')).toBe('?1');
    await expectOneAnswer(run, location, bytes);
  });
}, 120_000);

test(`${LOST_RESPONSES} lost 201s with a takeId: the repeats find one upload`, async () => {
  await repeat(LOST_RESPONSES, 1, async (run) => {
    const { tus, question } = run;
    done.length = 0;
    const takeId = randomUUID();
    const bytes = recording(5_000);
    const live = await openCreation(run, takeId, ['Upload-Defer-Length: 1', 'Content-Length: 0']);
    const waits = run.run % 2 === 0;
    if (waits) {
      live.socket.pause();
      await until(() => statuses('POST', '/files').length === 1);
      expect(statuses('POST', '/files')).toEqual([201]);
    }
    live.socket.resetAndDestroy();
    expect(await live.status).toBe(null);
    const locations = await Promise.all([1, 2, 3].map(() => tus.begin({ question, takeId })));
    const [location = ''] = locations;
    expect(new Set(locations).size).toBe(1);
    await until(() => statuses('POST', '/files').length === 4);
    expect(await takesOf(run)).toEqual([location.split('/').at(-1)]);
    expect(await readdir(`${app.dataDir}/uploads`)).toEqual(await takesOf(run));
    await continueUpload(run, location, bytes);
    await expectOneAnswer(run, location, bytes);
  });
}, 120_000);
