/** Other people's tus clients on the built server, over a link that has faults. Prints the table of docs/clients.md. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { build } from 'vite';
import { chromiumPath } from '../support/browser/browser.ts';
import { type Network, openNetwork } from '../support/network/network.ts';
import { openCandidate } from '../support/server/candidate.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server/server.ts';
import { recording, until } from '../support/tus/tus.ts';

/** The versions that are tried; npm installs them, and what they need, in a temporary folder. */
const PACKAGES = [
  ...['tus-js-client@4.3.1', '@rpldy/uploader@1.9.1', '@rpldy/tus-sender@1.9.1', '@rpldy/sender@1.9.1'],
  ...['ngx-uploadx@7.0.1', '@angular/core@20.3.35', '@angular/compiler@20.3.35', 'rxjs@7.8.2'],
];
/** Each in a folder of its own, since two versions of one package do not go into one. */
const UPPY = { uppy5: ['@uppy/core@5.2.0', '@uppy/tus@5.1.1'], uppy6: ['@uppy/core@6.3.1', '@uppy/tus@6.0.0'] };
const BROWSER_CLIENTS = ['tus-js-client', 'uppy5', 'uppy6', 'tus-uploady', 'ngx-uploadx'];
const CLIENTS = [...BROWSER_CLIENTS, 'tuspy'];
/** 1.5 MB at 4 Mbit/s take 3 s; the faults come in the middle of the second PATCH. */
const BYTES = 1_500_000;
const RATE = { kbit: 4_000 };
const FAULT_AT_BYTES = 700_000;
/** A client that is not done by then hangs. */
const LIMIT_MS = 40_000;

/** What happens during an upload. */
interface Fault {
  name: string;
  /** Called once, in mid-upload. */
  strike(world: World): Promise<void> | void;
  /** Whether the fault has met the upload. */
  struck(world: World): boolean;
}

interface World {
  server: TestServer;
  network: Network;
  /** The server before the fault. */
  first: TestServer;
  /** How many PATCHes got a status of the program on the way. */
  answered(): number;
  /** The next PATCH gets this status, with Retry-After, from a program on the way. */
  answerNext(status: number): void;
}

test.use({ launchOptions: { executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-gpu'] } });

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const FAULTS: Fault[] = [
  { name: 'none', strike() {}, struck: () => true },
  {
    name: 'two cuts',
    strike: ({ network }) => network.setCut({ times: 2, afterBytes: () => 100_000 }),
    struck: ({ network }) => network.stats.cuts > 0,
  },
  {
    name: 'silence, then a reset',
    async strike({ network }) {
      network.offline(10_000);
      await pause(9_900);
      network.cutAll();
    },
    struck: ({ network }) => network.stats.cutAtOnce > 0,
  },
  { name: 'PATCH 429', strike: ({ answerNext }) => answerNext(429), struck: ({ answered }) => answered() === 1 },
  { name: 'PATCH 503', strike: ({ answerNext }) => answerNext(503), struck: ({ answered }) => answered() === 1 },
  {
    name: 'kill -9, back after 3 s',
    async strike(world) {
      const { dataDir, port } = world.server;
      await world.server.stop('SIGKILL');
      await pause(3_000);
      world.server = await spawnServer({ dataDir, port, env: ENV });
    },
    struck: ({ first, server }) => first.pid !== server.pid,
  },
];
const ENV: Record<string, string> = {};

let bundle: Awaited<ReturnType<typeof temporaryFolder>>;
let site: Server;
const rows = new Map<string, string[]>();

test.beforeAll(async () => {
  bundle = await temporaryFolder();
  await install(bundle.path, PACKAGES);
  for (const [name, packages] of Object.entries(UPPY)) {
    const folder = path.join(bundle.path, name);
    await mkdir(folder);
    await install(folder, packages);
    const both = "export { default as Uppy } from '@uppy/core';\nexport { default as Tus } from '@uppy/tus';\n";
    await writeFile(path.join(folder, 'uppy.mjs'), both);
  }
  await copyFile(path.join(import.meta.dirname, 'page.mjs'), path.join(bundle.path, 'page.mjs'));
  await build({
    root: bundle.path,
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: path.join(bundle.path, 'out'),
      target: 'es2022',
      lib: { entry: path.join(bundle.path, 'page.mjs'), formats: ['es'], fileName: 'page' },
    },
  });
  const script = await readFile(path.join(bundle.path, 'out/page.mjs'));
  site = createServer((asked, response) =>
    asked.url === '/page.js'
      ? response.setHeader('Content-Type', 'text/javascript').end(script)
      : response
          .setHeader('Content-Type', 'text/html')
          .end('<!doctype html><title>Elsewhere</title><script type="module" src="/page.js"></script>'),
  );
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  ENV.TRESGO_ALLOWED_ORIGINS = originOf(site);
});
test.afterAll(async () => {
  site?.close();
  await bundle?.remove();
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const table = [
    line(['client', ...FAULTS.map(({ name }) => name)]),
    line(['---', ...FAULTS.map(() => '---')]),
    ...[...rows].map(([client, cells]) => line([client, ...cells])),
  ];
  process.stdout.write(`\n${table.join('\n')}\n`);
});

async function install(folder: string, packages: string[]): Promise<void> {
  await writeFile(path.join(folder, 'package.json'), '{"private":true}');
  const args = ['install', '--no-audit', '--no-fund', '--legacy-peer-deps', ...packages];
  execFileSync('npm', args, { cwd: folder, stdio: 'ignore' });
}

const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** A proxy in front of the network that answers a PATCH itself when it is told to. */
async function openProxy(
  network: Network,
): Promise<Pick<World, 'answerNext' | 'answered'> & { url: string; close(): void }> {
  let next: number | null = null;
  let count = 0;
  const proxy = createServer((asked, response) => {
    if (next !== null && asked.method === 'PATCH') {
      const status = next;
      next = null;
      count++;
      asked.resume();
      response.writeHead(status, { 'Retry-After': '1', 'Access-Control-Allow-Origin': originOf(site) }).end();
      return;
    }
    const { url, method, headers } = asked;
    const onward = request(network.url + url, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    const drop = () => {
      onward.destroy();
      response.destroy();
    };
    onward.on('error', drop);
    asked.on('error', drop);
    response.on('close', () => onward.destroy());
    asked.pipe(onward);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: originOf(proxy),
    answered: () => count,
    answerNext: (status) => {
      next = status;
    },
    close() {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

/** Sends with tuspy. Resolves with null, or with its last line. */
async function sendWithPython(order: { endpoint: string; token: string; metadata: object }): Promise<string | null> {
  const file = path.join(bundle.path, 'answer.webm');
  await writeFile(file, recording(BYTES));
  const child = spawn('/usr/bin/python3', [path.join(import.meta.dirname, 'tuspy.py'), JSON.stringify(order), file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const [code] = await once(child, 'exit');
  clearTimeout(timer);
  return code === 0 ? null : said.trim().split('\n').at(-1) || 'hangs';
}

for (const client of CLIENTS) {
  for (const fault of FAULTS) {
    test(`${client}: ${fault.name}`, async ({ browser }) => {
      const data = await temporaryFolder();
      const server = await spawnServer({ dataDir: data.path, env: ENV });
      const network = await openNetwork({ to: { host: '127.0.0.1', port: server.port }, rate: RATE, delayMs: 20 });
      const proxy = await openProxy(network);
      const candidate = await openCandidate(server, 'Anna');
      const { answerNext, answered } = proxy;
      const world: World = { server, first: server, network, answered, answerNext };
      const page = await browser.newPage();
      const order = {
        endpoint: `${proxy.url}/files`,
        token: candidate.token,
        metadata: { folder: candidate.folder, questionIndex: '1', filetype: 'video/webm' },
      };
      const sent = client === 'tuspy' ? sendWithPython(order) : sendInPage(page, client, order);
      await Promise.race([sent, until(() => network.stats.bytesUp > FAULT_AT_BYTES, LIMIT_MS)]);
      await fault.strike(world);
      const said = await sent;
      const times = network.stats.bytesUp / BYTES;
      const whole =
        said === null &&
        (await readFile(`${candidate.path}/Q1.webm`).then(
          (bytes) => bytes.length === BYTES,
          () => false,
        ));
      const cell = whole ? `ok, ${times.toFixed(1)}x` : `**fails** (${said ?? 'said whole, and is not'})`;
      rows.set(client, [...(rows.get(client) ?? []), cell]);
      await page.close();
      proxy.close();
      await network.close();
      await world.server.stop();
      await data.remove();
      expect(fault.struck(world), 'the fault happened').toBe(true);
      expect(said === null, 'a client that says that all is sent, while it is not').toBe(whole);
    });
  }
}

async function sendInPage(page: Page, client: string, order: object): Promise<string | null> {
  await page.goto(originOf(site));
  await page.waitForFunction(() => 'ready' in window);
  const head = [...recording(64)];
  const run = ([name, details]: [string, object]) =>
    (window as unknown as { send(name: string, order: object): Promise<string | null> }).send(name, details);
  return Promise.race([
    page.evaluate(run, [client, { ...order, head, bytes: BYTES }] as [string, object]),
    pause(LIMIT_MS).then(() => 'hangs'),
  ]);
}
