/**
 * A connection that is cut in the middle of a PATCH (platform note 8): a FIN right after N bytes loses none of them, a reset
 * loses none that the server has written, and at most 5 % of those that have left the sender.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRandom, scale, seed } from '../support/scale.ts';
import { type Candidate, openCandidate } from '../support/server/candidate.ts';
import { openApp, spawnServer, type TestServer, temporaryFolder } from '../support/server/server.ts';
import { recording, until } from '../support/tus/tus.ts';

const RUNS = scale(30, 300);
const SMALLEST = 1_000;
const LARGEST = 4_000_000;

const random = createRandom();
/** Small sizes are drawn as often as large ones. */
const size = () => Math.round(SMALLEST * (LARGEST / SMALLEST) ** random());
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Bytes of each upload whose size does not matter. */
const SENT = 300_000;

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
let candidate: Candidate;
beforeAll(async () => {
  console.log(`cut-connection: seed ${seed}`);
  root = await temporaryFolder();
  // The server is a process of its own, which reads while this one sends: one event loop for both would take turns.
  server = await spawnServer({ dataDir: root.path, env: { TRESGO_LOG_LEVEL: 'debug' } });
  candidate = await openCandidate(server, 'Anna');
});
afterAll(async () => {
  await server.stop();
  await root.remove();
});

/** Bytes that our kernel has taken and the server's kernel has not acknowledged: a reset throws them away. */
function unacknowledgedBytes({ localPort = 0 }: Socket): number {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const line = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .find((row) => row.includes(`:${hex(localPort)} `) && row.includes(`:${hex(server.port)} 01 `));
  const waiting = line?.match(/ 01 ([0-9A-F]{8}):/)?.[1];
  if (waiting === undefined) throw new Error(`no established connection has the port ${localPort}`);
  return Number.parseInt(waiting, 16);
}

/** Waits until the server has finished the PATCH: its log has a line at the end of each request. */
async function ended(location: string): Promise<void> {
  const isEnd = (line: string) => line.includes('"method":"PATCH"') && line.includes(`"path":"${location}"`);
  await until(() => server.stderr().split('\n').some(isEnd), 15_000);
}

/** Bytes that are kept of an upload, after it is shown that they are the beginning of what was sent. */
async function keptBytes(location: string, sent: Buffer): Promise<number> {
  const kept = Number((await candidate.tus(server).head(location)).headers.get('upload-offset'));
  const onDisk = await readFile(candidate.uploadFile(location));
  expect(onDisk.length).toBe(kept);
  expect(sha256(onDisk)).toBe(sha256(sent.subarray(0, kept)));
  return kept;
}

test(`FIN right after N bytes, ${RUNS} times: every byte is kept`, async () => {
  let sent = 0;
  for (let run = 0; run < RUNS; run++) {
    const tus = candidate.tus(server);
    const bytes = recording(size());
    const location = await tus.begin();
    const live = await tus.openPatch(location, 0, bytes.length + 1);
    live.socket.end(bytes);
    // The body is a byte short: the server can't take it for whole.
    expect(await live.status).not.toBe(204);
    await ended(location);
    expect(await keptBytes(location, bytes)).toBe(bytes.length);
    sent += bytes.length;
    await tus.remove(location);
  }
  console.log(`FIN: ${sent} bytes sent, all kept`);
}, 120_000);

test.each(['at once', 'once all has left'])(
  `RST right after N bytes, ${RUNS} times, %s: 95 % of what left is kept`,
  async (when) => {
    const total = { sent: 0, left: 0, kept: 0, worst: 1 };
    for (let run = 0; run < RUNS; run++) {
      const tus = candidate.tus(server);
      const bytes = recording(size());
      const location = await tus.begin();
      const live = await tus.openPatch(location, 0, bytes.length + 1);
      await live.write(bytes);
      if (when === 'once all has left') await until(() => unacknowledgedBytes(live.socket) === 0, 10_000, 1);
      const left = Math.max(0, bytes.length - unacknowledgedBytes(live.socket));
      live.socket.resetAndDestroy();
      expect(await live.status).toBe(null);
      await ended(location);
      const kept = await keptBytes(location, bytes);
      total.sent += bytes.length;
      total.left += left;
      // Bytes that were acknowledged between our look and the reset do not count in the server's favour.
      total.kept += Math.min(kept, left);
      if (left > 0) total.worst = Math.min(total.worst, kept / left);
      await tus.remove(location);
    }
    console.log(
      `RST ${when}: ${JSON.stringify(total)}, kept ${((100 * total.kept) / total.left).toFixed(2)} % of what left`,
    );
    // Bytes that did not leave can't be kept: without enough of them that left, the share says nothing.
    expect(total.left).toBeGreaterThan(10_000 * RUNS);
    expect(total.kept / total.left).toBeGreaterThanOrEqual(0.95);
  },
  120_000,
);

const mounts = {
  'the application in this process': async () => {
    const app = await openApp();
    return { url: app.url, dataDir: app.dataDir, close: () => app.close() };
  },
  'the real server': async () => ({ url: server.url, dataDir: server.dataDir, close: async () => {} }),
};

describe.each(Object.entries(mounts))('%s', (_, open) => {
  let mount: Awaited<ReturnType<typeof open>>;
  let owner: Candidate;
  beforeAll(async () => {
    mount = await open();
    owner = await openCandidate(mount, 'Berta');
  });
  afterAll(() => mount.close());

  const offsetOf = async (location: string) =>
    Number((await owner.tus(mount).head(location)).headers.get('upload-offset'));

  test('FIN at once behind the bytes, 5 times: every byte is kept', async () => {
    for (let round = 0; round < 5; round++) {
      const tus = owner.tus(mount);
      const bytes = recording(SENT);
      const location = await tus.begin();
      const live = await tus.openPatch(location, 0, SENT + 50_000);
      // The end follows the data at once: the server meets both together.
      live.socket.end(bytes);
      await until(async () => (await offsetOf(location)) === SENT);
      expect((await readFile(owner.uploadFile(location))).equals(bytes)).toBe(true);
      await tus.remove(location);
    }
  });

  test('RST once the server has written all: every byte is kept, in order, and the upload continues', async () => {
    for (let round = 0; round < 5; round++) {
      const tus = owner.tus(mount);
      const bytes = recording(SENT);
      const location = await tus.begin();
      const live = await tus.openPatch(location, 0, SENT + 50_000);
      await live.write(bytes);
      const read = async () => (await readFile(owner.uploadFile(location))).length;
      await until(async () => (await read()) === SENT);
      live.socket.resetAndDestroy();
      await until(async () => (await offsetOf(location)) === SENT);
      const last = await tus.patch(location, SENT, new Uint8Array(), { length: SENT });
      expect(last.headers.get('upload-complete')).toBe('?1');
      expect((await readFile(`${owner.path}/Q1.webm`)).equals(bytes)).toBe(true);
    }
  });

  test('cut before the first byte: the upload is untouched', async () => {
    const tus = owner.tus(mount);
    const location = await tus.begin();
    await tus.patch(location, 0, recording(10));
    for (const how of ['end', 'resetAndDestroy'] as const) {
      const live = await tus.openPatch(location, 10, 1_000);
      live.socket[how]();
      await live.status;
      expect(await offsetOf(location)).toBe(10);
    }
    expect((await tus.patch(location, 10, recording(5))).headers.get('upload-offset')).toBe('15');
  });
});
