/** Servers for tests: in this process over a real socket, or as a real process of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { DateTime } from 'luxon';
import { createApp, type Log } from '../../server/app.ts';
import { type Config, readConfig } from '../../server/config.ts';
import { openStorage, type Storage } from '../../storage/index.ts';

const root = path.resolve(import.meta.dirname, '../..');
const launcher = path.join(root, 'server/cli/bin.mjs');

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A folder below the system's temporary one, gone after `close`. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tresgo-test-'));
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export interface TestApp {
  url: string;
  storage: Storage;
  dataDir: string;
  /** A token for `name`; its secret. */
  token(
    name: string,
    more?: { expiresAt?: DateTime | null; maxSessions?: number },
  ): Promise<{ id: string; secret: string }>;
  close(): Promise<void>;
}

/** The application in this process, listening on a port of its own. */
export async function openApp(
  options: { config?: Partial<Config>; now?: () => DateTime; log?: Log; idleMs?: number; dataDir?: string } = {},
): Promise<TestApp> {
  const folder = options.dataDir ? { path: options.dataDir, remove: async () => {} } : await temporaryFolder();
  const now = options.now;
  const storage = await openStorage({ dataDir: folder.path, ...(now ? { now } : {}) });
  await storage.interviews.ensureDefault();
  const config = { ...readConfig({ dataDir: folder.path }, {}), minFreeBytes: 0, ...options.config };
  const app = createApp({
    storage,
    config,
    log: options.log ?? silentLog,
    ...(now ? { now } : {}),
    ...(options.idleMs ? { idleMs: options.idleMs } : {}),
  });
  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    storage,
    dataDir: folder.path,
    async token(name, { expiresAt = null, maxSessions = 1 } = {}) {
      const { token, secret } = await storage.tokens.create({ name, interview: 'default', expiresAt, maxSessions });
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

export interface TestServer {
  url: string;
  port: number;
  dataDir: string;
  process: ChildProcess;
  pid: number;
  /** Everything printed on standard error so far. */
  stderr(): string;
  /** Ends the process and waits for its exit. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** What keeps a server from making copies of answers: tests that are not about them need the machine for themselves. */
const NO_FFMPEG = '/nonexistent/ffmpeg';

/** The built server as a process of its own, as `tresgo serve` starts it; `TRESGO_FFMPEG` lets its jobs run. */
export async function spawnServer(options: {
  dataDir: string;
  port?: number;
  env?: Record<string, string>;
}): Promise<TestServer> {
  const child = spawn(process.execPath, [launcher, 'serve', '--json', '--data-dir', options.dataDir], {
    env: {
      ...process.env,
      PORT: String(options.port ?? 0),
      TRESGO_MIN_FREE_BYTES: '0',
      TRESGO_FFMPEG: NO_FFMPEG,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += text));
  const exited = once(child, 'exit');
  const ready = new Promise<{ url: string }>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      stdout += text;
      if (stdout.trimEnd().endsWith('}')) resolve(JSON.parse(stdout) as { url: string });
    });
    exited.then(() => reject(new Error(`the server ended: ${stderr}`)));
  });
  const { url } = await ready;
  return {
    url,
    port: Number(new URL(url).port),
    dataDir: options.dataDir,
    process: child,
    pid: child.pid as number,
    stderr: () => stderr,
    async stop(signal = 'SIGKILL') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}

/** Runs `tresgo …`. Never throws for an exit status. */
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

/** Starts a session over HTTP; its folder. */
export async function startSession(url: string, token: string, userName: string): Promise<string> {
  const response = await fetch(`${url}/api/session/start`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token, userName }),
  });
  if (!response.ok) throw new Error(`start: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { folder: string }).folder;
}
