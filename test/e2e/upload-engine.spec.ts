/** The upload engine in real Chromium: the spool over IndexedDB, the uploads by XMLHttpRequest, the recorder. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium, expect, type Page, test } from '@playwright/test';
import { build } from 'vite';
import { chromiumPath, withoutPopups } from '../support/browser/browser.ts';
import type { Engine } from '../support/browser/engine-page.ts';
import { ffprobePath } from '../support/media/media.ts';
import { openScriptedTus, type ScriptedTus } from '../support/tus/scripted-tus.ts';

const ARGS = [
  ...[
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    withoutPopups,
  ],
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

/** Bundles `engine-page.ts` into one script, in memory. */
async function bundle(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, target: 'es2022', lib: { entry: 'test/support/browser/engine-page.ts', formats: ['es'] } },
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

/** Calls a function of `engine-page.ts` inside the page. */
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

test('a transaction that aborts rejects the call that made it, and leaves no uncaught rejection', async () => {
  const { context, page } = await launch();
  const { rejected, uncaught } = await call(page, 'aborted');
  expect(rejected).toHaveLength(12);
  for (const error of rejected) expect(error).toMatch(/AbortError|does not let the page keep/);
  expect(uncaught).toEqual([]);
  await context.close();
});

/** Starts a browser in a process group of its own, so that SIGKILL reaches all its processes. */
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

test('what an append reported as persisted survives a SIGKILL of the browser', async () => {
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

test('a take is sent by XMLHttpRequest while it grows, across a cut: the gate opens at an equal digest', async () => {
  const { context, page } = await launch();
  let cuts = 0;
  tus.before = (request, _response, upload) => {
    if (request.method !== 'PATCH' || !upload?.data.length || cuts > 0) return false;
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
  // The length is sent with the last bytes, or after them when all bytes were sent before.
  expect(patches.at(-1)).toMatch(/^PATCH \d+ \+\d+ length=720000$/);
  expect(status).toMatchObject({ recordedBytes: 720_000, persistedBytes: 720_000, ackedBytes: 720_000 });
  await context.close();
});

/** From the first to the last frame of the longest stream, in ms, by ffprobe. */
async function recordedLengthMs(bytes: Buffer): Promise<number> {
  const file = path.join(profile, 'recorded.webm');
  await writeFile(file, bytes);
  const shown = ['-show_entries', 'packet=stream_index,pts_time', '-of', 'csv=p=0'];
  const { stdout } = await promisify(execFile)(ffprobePath(), ['-v', 'error', ...shown, file]);
  const starts = new Map<string, number[]>();
  for (const line of stdout.trim().split('\n')) {
    const [stream = '', seconds] = line.split(',');
    starts.set(stream, [...(starts.get(stream) ?? []), Number(seconds) * 1000]);
  }
  return Math.max(...[...starts.values()].map((times) => Math.max(...times) - Math.min(...times)));
}

test('the recorder delivers chunks in order, and its stop waits for the last chunk', async () => {
  const { context, page } = await launch();
  const recorded = await call(page, 'record', 'stop');
  const { mimeType, chunks, file, afterStop, reason, overlaps, loudest, devices } = recorded;
  expect(mimeType).toBe('video/webm;codecs=vp8,opus');
  expect(overlaps).toBe(0);
  expect(chunks.length).toBeGreaterThan(4);
  expect(chunks.every(({ bytes }) => bytes > 0)).toBe(true);
  expect(afterStop).toBe(chunks.length);
  expect(reason).toBe(`stop after ${chunks.length}`);
  // The time of a chunk is that of its pictures and sound, as ffprobe reads them.
  const lengthMs = await recordedLengthMs(Buffer.from(file));
  expect(lengthMs).toBeGreaterThan(1000);
  expect(Math.abs(lengthMs - (chunks.at(-1)?.recordedMs ?? 0))).toBeLessThanOrEqual(1);
  expect(chunks.every(({ recordedMs }, i) => recordedMs >= (chunks[i - 1]?.recordedMs ?? 0))).toBe(true);
  expect(loudest).toBeGreaterThan(0.3);
  expect(devices.cameras.map(({ id }) => id)).toContain(devices.cameraId);
  expect(devices.microphones.length).toBeGreaterThan(0);
  expect(await call(page, 'support')).toEqual({ mimeType: 'video/webm;codecs=vp8,opus', alert: 'no-camera' });
  await context.close();
});

test('a recording that ends by itself gives the reason, after its last chunk', async () => {
  const { context, page } = await launch();
  const lost = await call(page, 'record', 'track');
  expect(lost.reason).toBe(`track after ${lost.chunks.length}`);
  expect((await call(page, 'record', 'keep')).reason).toBe('keep after 2');
  const mp4 = await call(page, 'record', 'stop', ['video/mp4'], 2);
  if (mp4.mimeType.startsWith('video/mp4')) expect(mp4.chunks.length).toBeGreaterThan(1);
  await context.close();
});
