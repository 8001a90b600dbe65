/** The engine as a library: nothing in it knows a page, and it runs in Node unchanged. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createMemorySpool,
  createOverflowSpool,
  createUploadQueue,
  type UploadEvent,
  type UploadQueue,
} from '../../../client/upload/index.ts';
import { type Network, openNetwork } from '../../support/network/network.ts';
import { startSession } from '../../support/server/server.ts';
import { useApp } from '../../support/server/use-app.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** Every file of ours that `file` imports, directly or not, itself first; and the packages. */
function reachable(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.startsWith('/')) return seen;
  for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(/\bfrom '([^']+)'/g))
    reachable(target.startsWith('.') ? path.resolve(path.dirname(file), target) : target, seen);
  return seen;
}

/** Without comments, which may say `page` and `window`. */
const codeOf = (file: string) => readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');

test('nothing reachable from the engine touches a page', () => {
  const all = [...reachable(path.join(root, 'client/upload/index.ts'))];
  const files = all.filter((file) => file.startsWith('/'));
  expect(files.map((file) => path.relative(root, file))).toEqual(
    expect.arrayContaining([
      'client/upload/uploader.ts',
      'client/spool/indexeddb-spool.ts',
      'client/spool/spool.ts',
      'client/spool/overflow-spool.ts',
      'server/wire.ts',
    ]),
  );
  const rooms = /^client\/(upload|spool)\/|^client\/timers\.ts$|^server\/wire\.ts$/;
  expect(files.map((file) => path.relative(root, file)).filter((file) => !rooms.test(file))).toEqual([]);
  const page =
    /\b(document|window|navigator|localStorage|sessionStorage|HTMLElement|location\.|addEventListener\('(?!abort))/;
  const offenders = files.flatMap((file) =>
    codeOf(file)
      .split('\n')
      .filter((line) => page.test(line))
      .map((line) => `${path.relative(root, file)}: ${line.trim()}`),
  );
  expect(offenders).toEqual([]);
  const packages = all.filter((file) => !file.startsWith('/')).map((name) => name.split('/').slice(0, 2).join('/'));
  expect([...new Set(packages)].sort()).toEqual(['@noble/hashes', 'idb', 'tus-js-client']);
});

const app = useApp({ every: 'test' });
let relay: Network;
let queue: UploadQueue;
let folder: string;
let events: UploadEvent[];
let opened = false;

beforeEach(async () => {
  relay = await openNetwork({ to: { host: '127.0.0.1', port: Number(new URL(app.url).port) } });
  events = [];
});
afterEach(async () => {
  if (opened) queue.close();
  opened = false;
  await relay.close();
});

test('where nothing could ever be sent, the queue is not created, instead of waiting for ever', () => {
  const options = { spool: createMemorySpool(), folder: 'folder', token: () => 'secret', onEvent: () => {} };
  expect(() => createUploadQueue({ ...options, endpoint: '/files' })).toThrow('it must be absolute');
  const noXhr = { getName: () => 'XHRHttpStack', createRequest: () => expect.unreachable() };
  expect(() => createUploadQueue({ ...options, endpoint: 'http://127.0.0.1/files', httpStack: noXhr })).toThrow(
    'There is no XMLHttpRequest here',
  );
});

async function open(spool = createMemorySpool()): Promise<void> {
  const { secret } = await app.token('Node Candidate');
  folder = await startSession(app.url, secret, 'Node Candidate');
  queue = createUploadQueue({
    spool,
    folder,
    endpoint: `${relay.url}/files`,
    token: () => secret,
    onEvent: (event) => events.push(event),
  });
  opened = true;
}

/** EBML, then noise: the server checks the first bytes only. */
function noise(bytes: number, seed: number): Buffer {
  const data = Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + seed * 17) % 251));
  if (seed === 0) data.set([0x1a, 0x45, 0xdf, 0xa3]);
  return data;
}

/** Records `slices` of 30 kB, stops, and resolves to the whole recording once the gate is open. */
async function answer(question: number, slices: number, { atStop = () => {} } = {}): Promise<Buffer> {
  const takeId = crypto.randomUUID();
  const parts: Buffer[] = [];
  const add = async (seed: number) => {
    const part = noise(30_000, seed);
    parts.push(part);
    await queue.append(takeId, new Uint8Array(part).buffer, parts.length * 500);
  };
  await queue.create({ takeId, question, mimeType: 'video/webm', startedAt: new Date().toISOString() });
  for (let i = 0; i < slices; i++) {
    await add(i);
    await expect.poll(() => queue.status().ackedBytes, { timeout: 10_000 }).toBe(parts.length * 30_000);
  }
  queue.enterGate(takeId);
  atStop();
  await add(slices);
  await queue.end(takeId);
  await expect.poll(() => queue.status().gate.length, { timeout: 20_000 }).toBe(question);
  return Buffer.concat(parts);
}

const stored = (question: number) => readFile(path.join(app.dataDir, 'sessions', folder, `Q${question}.webm`));
const hex = (data: Buffer) => createHash('sha256').update(data).digest('hex');

test('in Node, against our server, the answer is placed byte for byte, and the gate record has its digest', async () => {
  await open();
  const recorded = await answer(1, 3);
  expect(hex(await stored(1))).toBe(hex(recorded));
  const { gate, takes, uplinkKbps, quietMs } = queue.status();
  expect(gate[0]).toMatchObject({
    bytes: 120_000,
    backlogBytes: 0,
    resentBytes: 0,
    recordedMs: 2000,
    sha256: hex(recorded),
  });
  expect(takes[0]).toMatchObject({ attempts: 1, sha256: hex(recorded), quietMs: 0 });
  expect([typeof uplinkKbps, quietMs]).toEqual(['number', 0]);
});

test('after a cut in the PATCH with both the last bytes and the length the upload continues: our server accepts the length twice', async () => {
  await open();
  let heads = 0;
  const recorded = await answer(1, 2, {
    atStop: () =>
      relay.setCut({
        times: 1,
        match(head, bodyBytes) {
          const last = /^PATCH[\s\S]*upload-length: 90000/i.test(head) && bodyBytes > 100;
          if (last) heads += 1;
          return last;
        },
      }),
  });
  expect([relay.stats.cuts, heads > 0]).toEqual([1, true]);
  expect(hex(await stored(1))).toBe(hex(recorded));
  expect(queue.status().takes[0]?.attempts).toBe(2);
  expect(events.filter(({ type }) => type === 'refused')).toEqual([]);
});

test('on a device that is full in the middle of a take the recording continues, and both parts are sent', async () => {
  const durable = createMemorySpool();
  let appends = 0;
  const overflowed: string[] = [];
  const full = {
    ...durable,
    append: (...chunk: Parameters<typeof durable.append>) =>
      appends++ < 2 ? durable.append(...chunk) : Promise.reject(new DOMException('full', 'QuotaExceededError')),
  };
  const spool = createOverflowSpool({ durable: full, onOverflow: (takeId) => overflowed.push(takeId) });
  await open(spool);
  const recorded = await answer(1, 4);
  expect(overflowed).toEqual([queue.status().takeId]);
  expect(hex(await stored(1))).toBe(hex(recorded));
  expect([await spool.list(folder), spool.overflowed(overflowed[0] ?? '')]).toEqual([[], false]);
});
