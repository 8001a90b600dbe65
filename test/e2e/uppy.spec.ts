/** @uppy/tus in Chromium, on a page of another origin than the server's: every request needs CORS. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { build } from 'vite';
import { type Network, openNetwork } from '../support/network/network.ts';
import { type Candidate, openCandidate } from '../support/server/candidate.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server/server.ts';
import { expect, readSession, test } from './fixtures.ts';
import type { Foreign, Outcome } from './uppy-page.ts';

const CHUNK = 100_000;

let bundle: Awaited<ReturnType<typeof temporaryFolder>>;
/** Two sites with the same page; the server allows only the first one's origin. */
let site: Server;
let stranger: Server;

const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function openSite(): Promise<Server> {
  const server = createServer(async (request, response) => {
    if (request.url !== '/uppy-page.js')
      return void response
        .setHeader('Content-Type', 'text/html')
        .end('<!doctype html><title>Elsewhere</title><script type="module" src="/uppy-page.js"></script>');
    response.setHeader('Content-Type', 'text/javascript').end(await readFile(path.join(bundle.path, 'uppy-page.js')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

test.beforeAll(async () => {
  bundle = await temporaryFolder();
  await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: bundle.path,
      target: 'es2022',
      lib: { entry: path.join(import.meta.dirname, 'uppy-page.ts'), formats: ['es'], fileName: 'uppy-page' },
    },
  });
  [site, stranger] = await Promise.all([openSite(), openSite()]);
});
test.afterAll(async () => {
  for (const server of [site, stranger]) server?.close();
  await bundle?.remove();
});

let data: Awaited<ReturnType<typeof temporaryFolder>>;
let tresgo: TestServer;
let relay: Network;
let candidate: Candidate;
test.beforeEach(async () => {
  data = await temporaryFolder();
  tresgo = await spawnServer({ dataDir: data.path, env: { TRESGO_ALLOWED_ORIGINS: originOf(site) } });
  relay = await openNetwork({ to: { host: '127.0.0.1', port: tresgo.port } });
  candidate = await openCandidate(tresgo, 'Anna');
});
test.afterEach(async () => {
  await relay.close();
  await tresgo.stop();
  await data.remove();
});

/** Opens the site and runs the `send` of its page. */
async function send(
  page: Page,
  from: Server,
  { token = candidate.token, ...options }: { token?: string } & Parameters<Foreign['send']>[1] = {},
): Promise<Outcome> {
  await page.goto(originOf(from));
  await page.waitForFunction(() => 'foreign' in window);
  const order = { endpoint: `${relay.url}/files`, token, folder: candidate.folder, question: 1, minBytes: 350_000 };
  const run = (args: Parameters<Foreign['send']>) => (window as unknown as { foreign: Foreign }).foreign.send(...args);
  return page.evaluate(run, [order, options] as Parameters<Foreign['send']>);
}

/** Converts the digest of a `Repr-Digest` header to hexadecimal. */
const digestIn = (header: string | null | undefined) =>
  Buffer.from(header?.match(/^sha-256=:(.+):$/)?.[1] ?? '', 'base64').toString('hex');

test('a recording in chunks, with a cut in the middle of one, arrives byte for byte', async ({ page }) => {
  // Two cuts, because Chromium itself repeats a request once when a reused connection is reset.
  relay.setCut({
    times: 2,
    match: (head, bodyBytes) => /^upload-offset: 100000\r$/im.test(head) && bodyBytes > CHUNK / 2,
  });
  const { exchanges, sha256, bytes, failure } = await send(page, site, { chunkSize: CHUNK, addRequestId: true });
  expect(failure).toBeNull();
  expect(relay.stats.cuts).toBeGreaterThan(0);

  const { files } = await readSession(tresgo);
  const answer = files.find(({ name }) => name === 'Q1.webm');
  expect([answer?.bytes, answer?.sha256]).toEqual([bytes, sha256]);

  // What a page of another origin may read of each response.
  const post = exchanges[0];
  expect(post).toMatchObject({ method: 'POST', status: 201 });
  expect(post?.headers.Location).toMatch(/^\/files\/\w+$/);
  const head = exchanges.find(({ method }) => method === 'HEAD');
  expect(head).toMatchObject({ status: 200, headers: { 'Upload-Length': String(bytes), 'Upload-Complete': '?0' } });
  expect(Number(head?.headers['Upload-Offset'])).toBeGreaterThan(CHUNK);
  expect(head?.headers['Upload-Metadata']).toContain('folder ');
  expect(Date.parse(head?.headers['Upload-Expires'] ?? '')).toBeGreaterThan(Date.now());
  const patched = exchanges.filter(({ method, status }) => method === 'PATCH' && status === 204);
  expect(patched.length).toBeGreaterThanOrEqual(Math.floor(bytes / CHUNK) - 1);
  const last = patched.at(-1);
  expect(last?.headers).toMatchObject({
    'Upload-Offset': String(bytes),
    'Upload-Complete': '?1',
    'Tus-Resumable': '1.0.0',
  });
  expect(digestIn(last?.headers['Repr-Digest'])).toBe(sha256);
});

test('all bytes with the creation, and PATCH sent as POST', async ({ page }) => {
  for (const options of [{ uploadDataDuringCreation: true }, { overridePatchMethod: true }]) {
    const { exchanges, sha256, failure } = await send(page, site, options);
    expect(failure).toBeNull();
    expect(exchanges.map(({ method }) => method)).not.toContain('PATCH');
    expect(digestIn(exchanges.at(-1)?.headers['Repr-Digest'])).toBe(sha256);
    const { files } = await readSession(tresgo);
    expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(sha256);
  }
});

test('a page of another origin can read a problem', async ({ page }) => {
  const { exchanges, failure } = await send(page, site, { token: 'nobody' });
  expect(failure).not.toBeNull();
  const refused = exchanges.at(-1);
  expect(refused?.status).toBe(401);
  expect(JSON.parse(refused?.body ?? '')).toMatchObject({ code: 'unauthorized' });
});

test('a page of an origin that is not allowed sends nothing and reads nothing', async ({ page }) => {
  const { failure, exchanges } = await send(page, stranger, { retryDelays: [] });
  expect(failure).toContain('network');
  expect(exchanges).toEqual([]);
  // The page did try: the browser's preflight arrived, and the browser blocked the rest.
  expect(relay.stats.bytesUp).toBeGreaterThan(0);
  const { files } = await readSession(tresgo);
  expect(files.map(({ name }) => name)).toEqual(['meta.json']);
});
