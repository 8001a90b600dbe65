/** A connection that is cut in the middle of a PATCH keeps all that arrived (field note 9), in both mounts. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApp, spawnServer, temporaryFolder } from '../support/server.ts';
import { recording, until } from '../support/tus.ts';
import { type Candidate, openCandidate } from './candidate.ts';

const SENT = 300_000;

const servers = {
  'the application in this process': async () => {
    const app = await openApp();
    return { url: app.url, dataDir: app.dataDir, close: () => app.close() };
  },
  'the real server': async () => {
    const root = await temporaryFolder();
    const server = await spawnServer({ dataDir: root.path });
    const close = async () => {
      await server.stop();
      await root.remove();
    };
    return { url: server.url, dataDir: root.path, close };
  },
};

describe.each(Object.entries(servers))('%s', (_, open) => {
  let server: Awaited<ReturnType<typeof open>>;
  let candidate: Candidate;
  beforeAll(async () => {
    server = await open();
    candidate = await openCandidate(server, 'Anna');
  });
  afterAll(() => server.close());

  const offsetOf = async (location: string) =>
    Number((await candidate.tus(server).head(location)).headers.get('upload-offset'));

  test('closed right after sending (FIN): not a byte is lost', async () => {
    for (let round = 0; round < 5; round++) {
      const tus = candidate.tus(server);
      const bytes = recording(SENT);
      const location = await tus.begin();
      const live = await tus.openPatch(location, 0, SENT + 50_000);
      // The end follows the data at once: the server meets both together.
      live.socket.end(bytes);
      await until(async () => (await offsetOf(location)) === SENT);
      expect((await readFile(candidate.uploadFile(location))).equals(bytes)).toBe(true);
      await tus.remove(location);
    }
  });

  test('reset (RST): what the server had read is kept, in order, and the upload goes on', async () => {
    for (let round = 0; round < 5; round++) {
      const tus = candidate.tus(server);
      const bytes = recording(SENT);
      const location = await tus.begin();
      const live = await tus.openPatch(location, 0, SENT + 50_000);
      await live.write(bytes);
      const read = async () => (await readFile(candidate.uploadFile(location))).length;
      await until(async () => (await read()) === SENT);
      live.socket.resetAndDestroy();
      await until(async () => (await offsetOf(location)) === SENT);
      const last = await tus.patch(location, SENT, new Uint8Array(), { length: SENT });
      expect(last.headers.get('upload-complete')).toBe('?1');
      expect((await readFile(`${candidate.path}/Q1.webm`)).equals(bytes)).toBe(true);
    }
  });

  test('cut before the first byte: the upload is untouched', async () => {
    const tus = candidate.tus(server);
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
