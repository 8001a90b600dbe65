/** The largest bodies are written to the disk as they arrive: the server's memory stays flat. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCandidate } from '../support/server/candidate.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server/server.ts';
import { openRequest } from '../support/tus/raw-connection.ts';
import { recording } from '../support/tus/tus.ts';

const SIZE = 480_000_000;
const GROWTH = 100_000_000;

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
beforeEach(async () => {
  root = await temporaryFolder();
  server = await spawnServer({ dataDir: root.path });
});
afterEach(async () => {
  await server.stop();
  await root.remove();
});

/** The server's largest resident size so far, in bytes. */
async function peakBytes(): Promise<number> {
  const status = await readFile(`/proc/${server.process.pid}/status`, 'utf8');
  return Number(status.match(/VmHWM:\s+(\d+) kB/)?.[1]) * 1024;
}

test('a multipart body of 480 MB grows the server by less than 100 MB', async () => {
  const candidate = await openCandidate(server, 'Anna');
  const fields = Object.entries({ token: candidate.token, folder: candidate.folder, questionIndex: '1' }).map(
    ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `${fields.join('')}--x\r\nContent-Disposition: form-data; name="video"; filename="a"\r\n\r\n`;
  const tail = '\r\n--x--\r\n';
  const before = await peakBytes();
  const request = await openRequest(server.url, [
    'POST /api/upload-one HTTP/1.1',
    'Content-Type: multipart/form-data; boundary=x',
    `Content-Length: ${head.length + SIZE + tail.length}`,
  ]);
  await request.write(Buffer.from(head));
  const block = recording(1_000_000);
  const sent = createHash('sha256');
  for (let at = 0; at < SIZE; at += block.length) {
    sent.update(block);
    await request.write(block);
  }
  await request.write(Buffer.from(tail));
  expect(await request.status).toBe(200);
  request.socket.destroy();
  expect((await peakBytes()) - before).toBeLessThan(GROWTH);
  expect((await stat(`${candidate.path}/Q1.webm`)).size).toBe(SIZE);
  const stored = createHash('sha256');
  await pipeline(createReadStream(`${candidate.path}/Q1.webm`), stored);
  expect(stored.digest('hex')).toBe(sent.digest('hex'));
}, 60_000);
