/** Servers for tests: the application in this process over a real socket, or `tresgo serve` as a process of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { DateTime } from 'luxon';
import { createApp } from '../../../server/app.ts';
import { type Config, readConfig } from '../../../server/config.ts';
import type { Log } from '../../../server/http/log.ts';
import { openStorage, type Storage } from '../../../storage/index.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const launcher = path.join(root, 'server/cli/bin.mjs');

/** A log that drops every line. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Creates a folder below the system's temporary one; `remove` deletes it with everything in it. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tresgo-test-'));
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The application in this process. */
export interface TestApp {
  url: string;
  storage: Storage;
  dataDir: string;
  /** Creates a token for `name`: for one session of the default interview, never to expire, unless given. */
  token(
    name: string,
    more?: Partial<Omit<Parameters<Storage['tokens']['create']>[0], 'name'>>,
  ): Promise<{ id: string; secret: string }>;
  close(): Promise<void>;
}

/** How `openApp` opens the application. */
export interface AppOptions {
  /** Differences from the configuration of an empty environment, and from no reserve of free bytes. */
  config?: Partial<Config>;
  now?: () => DateTime;
  /** Silent by default. */
  log?: Log;
  /** How long a request may be idle, in ms; the server's own default unless given. */
  idleMs?: number;
  /** How a slowed log-in waits; not at all unless given, since tests inject their time. */
  pause?: (ms: number) => Promise<unknown>;
  /** A folder that is kept at the end; a temporary one unless given. */
  dataDir?: string;
}

/** Opens the application in this process, listening on a port of its own. */
export async function openApp(options: AppOptions = {}): Promise<TestApp> {
  const folder = options.dataDir ? { path: options.dataDir, remove: async () => {} } : await temporaryFolder();
  const now = options.now;
  const storage = await openStorage({ dataDir: folder.path, ...(now ? { now } : {}) });
  await storage.interviews.ensureDefault();
  const config = { ...readConfig({ dataDir: folder.path }, {}), minFreeBytes: 0, ...options.config };
  const app = createApp({
    storage,
    config,
    log: options.log ?? silentLog,
    pause: options.pause ?? (async () => {}),
    ...(now ? { now } : {}),
    ...(options.idleMs ? { idleMs: options.idleMs } : {}),
  });
  const server = createServer(app.listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    storage,
    dataDir: folder.path,
    async token(name, more) {
      const usual = { interview: 'default', expiresAt: null, maxSessions: 1 };
      const { token, secret } = await storage.tokens.create({ name, ...usual, ...more });
      return { id: token.id, secret };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await storage.close();
      await folder.remove();
    },
  };
}

/** A server as a process of its own. */
export interface TestServer {
  url: string;
  port: number;
  dataDir: string;
  process: ChildProcess;
  pid: number;
  /** Everything printed on standard error so far. */
  stderr(): string;
  /** Ends the process (with SIGKILL unless given) and waits for its exit. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Keeps a server from making copies of answers: tests of other things need the machine's time for themselves. */
const NO_FFMPEG = '/nonexistent/ffmpeg';

/**
 * Starts the built server (`tresgo serve --json`) and resolves once it listens. Its jobs find no ffmpeg unless `env` has
 * `TRESGO_FFMPEG`.
 * @throws Error with the server's standard error when it ends instead
 */
export async function spawnServer(options: {
  dataDir: string;
  port?: number;
  env?: Record<string, string>;
}): Promise<TestServer> {
  const { dataDir, port = 0, env } = options;
  const { child, stdout, stderr, stop } = await serve(
    ['--json', '--data-dir', dataDir],
    { PORT: String(port), TRESGO_FFMPEG: NO_FFMPEG, ...env },
    (printed) => printed.trimEnd().endsWith('}'),
  );
  const { url } = JSON.parse(stdout()) as { url: string };
  return { url, port: Number(new URL(url).port), dataDir, process: child, pid: child.pid as number, stderr, stop };
}

/**
 * Starts `tresgo serve …` on a free port for the text that it prints, and resolves once it has printed it.
 * @throws Error with the server's standard error when it ends instead
 */
export async function openServe(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ printed(): string; stop(): Promise<void> }> {
  // The server writes its text in one piece.
  const { stdout, stop } = await serve(args, { PORT: '0', TRESGO_LOG_LEVEL: 'silent', ...env }, (printed) =>
    printed.endsWith('\n'),
  );
  return { printed: stdout, stop: () => stop('SIGTERM') };
}

/** Starts `tresgo serve …`; resolves once what it has printed `isReady`. */
async function serve(args: string[], env: Record<string, string>, isReady: (printed: string) => boolean) {
  const child = spawn(process.execPath, [launcher, 'serve', ...args], {
    env: { ...process.env, TRESGO_MIN_FREE_BYTES: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += text));
  const exited = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      stdout += text;
      if (isReady(stdout)) resolve();
    });
    exited.then(() => reject(new Error(`the server ended: ${stderr}`)), reject);
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    async stop(signal: NodeJS.Signals = 'SIGKILL') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}

/** Runs `tresgo …` as a process of its own. Resolves for every exit status. */
export async function tresgo(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [launcher, ...args], {
    env: { ...process.env, ...env },
    cwd: root,
  }).then(
    ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      status: error.code,
      stdout: error.stdout,
      stderr: error.stderr,
    }),
  );
}

/** Starts a session over HTTP. Returns the name of its folder. */
export async function startSession(url: string, token: string, userName: string): Promise<string> {
  const response = await fetch(`${url}/api/session/start`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token, userName }),
  });
  if (!response.ok) throw new Error(`start: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { folder: string }).folder;
}
