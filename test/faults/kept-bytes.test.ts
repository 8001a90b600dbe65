/** A connection that ends right after N bytes: a FIN loses none of them, a reset at most 5 % of what had left the sender. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRandom, scale, seed } from '../support/scale.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server.ts';
import { recording, until } from '../support/tus.ts';
import { type Candidate, openCandidate } from './candidate.ts';

const RUNS = scale(30, 300);
const SMALLEST = 1_000;
const LARGEST = 4_000_000;

const random = createRandom();
/** Small ones as often as large ones. */
const size = () => Math.round(SMALLEST * (LARGEST / SMALLEST) ** random());
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
let candidate: Candidate;
beforeAll(async () => {
  console.log(`kept-bytes: seed ${seed}`);
  root = await temporaryFolder();
  // A process of its own, which reads while we send: one loop for both would take turns.
  server = await spawnServer({ dataDir: root.path, env: { TRESGO_LOG_LEVEL: 'debug' } });
  candidate = await openCandidate(server, 'Anna');
});
afterAll(async () => {
  await server.stop();
  await root.remove();
});

/** Bytes that the kernel has taken and the other end's kernel has not acknowledged: a reset throws them away. */
function unacknowledgedBytes({ localPort = 0 }: Socket): number {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const line = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .find((row) => row.includes(`:${hex(localPort)} `) && row.includes(`:${hex(server.port)} 01 `));
  const waiting = line?.match(/ 01 ([0-9A-F]{8}):/)?.[1];
  if (waiting === undefined) throw new Error(`no established connection has the port ${localPort}`);
  return Number.parseInt(waiting, 16);
}

/** Waits until the server has done with the PATCH; its log tells the end of each request. */
async function ended(location: string): Promise<void> {
  const isEnd = (line: string) => line.includes('"method":"PATCH"') && line.includes(`"path":"${location}"`);
  await until(() => server.stderr().split('\n').some(isEnd), 15_000);
}

/** What is kept of an upload, after it is shown to be the beginning of what was sent. */
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
    // A byte short: the server can't take it for whole.
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
      // Acknowledged between our look and the reset: no merit of the server's.
      total.kept += Math.min(kept, left);
      if (left > 0) total.worst = Math.min(total.worst, kept / left);
      await tus.remove(location);
    }
    console.log(
      `RST ${when}: ${JSON.stringify(total)}, kept ${((100 * total.kept) / total.left).toFixed(2)} % of what left`,
    );
    // What did not leave can't be kept: the measure needs something to measure.
    expect(total.left).toBeGreaterThan(10_000 * RUNS);
    expect(total.kept / total.left).toBeGreaterThanOrEqual(0.95);
  },
  120_000,
);
