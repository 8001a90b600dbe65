/** The sending engine in real Chromium: the spool over IndexedDB, and the uploads by XMLHttpRequest. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, expect, type Page, test } from '@playwright/test';
import { build } from 'vite';
import { chromiumPath } from '../support/browser.ts';
import type { Engine } from '../support/engine-page.ts';
import { openScriptedTus, type ScriptedTus } from '../support/scripted-tus.ts';

const ARGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
];

let server: Server;
let origin: string;
let tus: ScriptedTus;
let profile: string;

test.beforeAll(async () => {
  const script = await bundle();
  tus = await openScriptedTus();
  server = createServer((request, response) => {
    if (request.url === '/engine.js') return void response.setHeader('Content-Type', 'text/javascript').end(script);
    if (request.url?.startsWith('/files')) return tus.handle(request, response);
    response
      .setHeader('Content-Type', 'text/html')
      .end('<!doctype html><script type="module" src="/engine.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
test.afterAll(async () => {
  await tus.close();
  server.closeAllConnections();
  server.close();
});
test.beforeEach(async () => {
  profile = await mkdtemp(path.join(tmpdir(), 'tresgo-spool-'));
});
test.afterEach(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));

/** The module, as one script in memory. */
async function bundle(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, target: 'es2022', lib: { entry: 'test/support/engine-page.ts', formats: ['es'] } },
  });
  const [output] = Array.isArray(result) ? result : [result];
  const chunk = output && 'output' in output ? output.output[0] : undefined;
  if (!chunk) throw new Error('vite built nothing');
  return chunk.code;
}

async function launch() {
  const context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath(), args: ARGS });
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(origin);
  await page.waitForFunction(() => 'engine' in window);
  return { context, page };
}

/** Runs one of the engine's calls inside the page. */
function call<K extends keyof Engine>(page: Page, name: K, ...args: Parameters<Engine[K]>) {
  const run = ([method, params]: [string, unknown[]]) =>
    (window as unknown as { engine: Record<string, (...args: unknown[]) => unknown> }).engine[method]?.(...params);
  return page.evaluate(run, [name, args] as [string, unknown[]]) as ReturnType<Engine[K]>;
}

test('the spool keeps its contract over IndexedDB', async () => {
  const { context, page } = await launch();
  const results = await call(page, 'contract');
  expect(results.length).toBeGreaterThan(8);
  expect(results.filter(({ error }) => error !== null)).toEqual([]);
  await context.close();
});

test('a transaction that aborts rejects the call that made it, and nothing that nobody catches', async () => {
  const { context, page } = await launch();
  const { rejected, uncaught } = await call(page, 'aborted');
  expect(rejected).toHaveLength(12);
  for (const error of rejected) expect(error).toMatch(/AbortError|does not let the page keep/);
  expect(uncaught).toEqual([]);
  await context.close();
});

/** A browser in a process group of its own, so that all of it can be killed the hard way. */
async function spawnChromium(): Promise<{ page: Page; kill: () => Promise<void> }> {
  const args = [...ARGS, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'];
  const child = spawn(chromiumPath(), args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = once(child, 'exit');
  const endpoint = await new Promise<string>((resolve) => {
    let said = '';
    child.stderr.on('data', (text: Buffer) => {
      said += text;
      const url = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (url) resolve(url);
    });
  });
  const browser = await chromium.connectOverCDP(endpoint);
  const page = browser.contexts()[0]?.pages()[0];
  if (!page || child.pid === undefined) throw new Error('Chromium opened no page');
  const group = -child.pid;
  await page.goto(origin);
  await page.waitForFunction(() => 'engine' in window);
  const kill = async () => {
    process.kill(group, 'SIGKILL');
    await gone;
    await browser.close().catch(() => {});
  };
  return { page, kill };
}

test('what an append said is persisted survives a SIGKILL of the browser', async () => {
  const { page, kill } = await spawnChromium();
  let persisted = 0;
  page.on('console', (message) => {
    persisted = Number(/^persisted (\d+)$/.exec(message.text())?.[1] ?? persisted);
  });
  call(page, 'fill').catch(() => {}); // ends with the browser
  await expect.poll(() => persisted).toBeGreaterThan(1_000_000);
  await kill();
  const known = persisted;

  const again = await spawnChromium();
  const { bytes, right } = await call(again.page, 'filled');
  await again.kill();
  expect(bytes).toBeGreaterThanOrEqual(known);
  expect(right).toBe(true);
});

test('a take is sent by XMLHttpRequest while it grows, over a cut: the gate opens on an equal digest', async () => {
  const { context, page } = await launch();
  let cuts = 0;
  tus.before = (request, _response, upload) => {
    if (request.method !== 'PATCH' || !upload || upload.data.length < 200_000 || cuts > 0) return false;
    cuts += 1;
    request.once('data', (chunk: Buffer) => {
      upload.data = Buffer.concat([upload.data, chunk.subarray(0, 10_000)]);
      request.socket.destroy();
    });
    return true;
  };
  const { events, status, sha256 } = await call(page, 'send', '/files', 12);
  expect(cuts).toBe(1);
  expect(events.at(-1)).toBe('open');
  expect(tus.uploads).toHaveLength(1);
  expect(
    createHash('sha256')
      .update(tus.uploads[0]?.data ?? '')
      .digest('base64'),
  ).toBe(sha256);
  const patches = tus.log.filter((line) => line.startsWith('PATCH'));
  // The length comes with the last bytes, or after them where they were sent already.
  expect(patches.at(-1)).toMatch(/^PATCH \d+ \+\d+ length=720000$/);
  expect(status).toMatchObject({ recordedBytes: 720_000, persistedBytes: 720_000, ackedBytes: 720_000 });
  await context.close();
});

test('the recorder hands over in order, and its stop waits for the last chunk', async () => {
  const { context, page } = await launch();
  const { mimeType, chunks, afterStop, reason, overlaps, loudest, devices, elapsedMs } = await call(
    page,
    'record',
    'stop',
  );
  expect(mimeType).toBe('video/webm;codecs=vp8,opus');
  expect(overlaps).toBe(0);
  expect(chunks.length).toBeGreaterThan(4);
  expect(chunks.every(({ bytes }) => bytes > 0)).toBe(true);
  expect(afterStop).toBe(chunks.length);
  expect(reason).toBe(`stop after ${chunks.length}`);
  expect(Math.abs(elapsedMs - (chunks.at(-1)?.elapsedMs ?? 0))).toBeLessThan(50);
  expect(loudest).toBeGreaterThan(0.3); // the fake microphone beeps
  expect(devices.cameras.map(({ id }) => id)).toContain(devices.cameraId);
  expect(devices.microphones.length).toBeGreaterThan(0);
  expect(await call(page, 'support')).toEqual({ mimeType: 'video/webm;codecs=vp8,opus', alert: 'no-camera' });
  await context.close();
});

test('a recording that ends by itself says why, after its last chunk', async () => {
  const { context, page } = await launch();
  expect((await call(page, 'record', 'track')).reason).toMatch(/^track after [4-9]/);
  expect((await call(page, 'record', 'keep')).reason).toBe('keep after 2');
  const mp4 = await call(page, 'record', 'stop', ['video/mp4']);
  if (mp4.mimeType.startsWith('video/mp4')) expect(mp4.chunks.length).toBeGreaterThan(1);
  await context.close();
});
