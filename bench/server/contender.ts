/** The servers that are measured: each is a process of its own with a folder of its own on the same disk. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStorage } from '../../storage/index.ts';
import { startSession } from '../../test/support/server/server.ts';
import { openConnection, type RawConnection } from '../../test/support/tus/raw-connection.ts';
import { metadataHeader } from '../../test/support/tus/tus.ts';
import { requestHead, type Upload } from './upload.ts';

/** Names of all contenders. */
export const contenderNames = ['bare', 'stock', 'ours'] as const;
/** The name of a contender. */
export type ContenderName = (typeof contenderNames)[number];

/** A running server that is measured. */
export interface Contender {
  name: ContenderName;
  pid: number;
  port: number;
  /** Its data folder. */
  folder: string;
  /** Creates `count` uploads of unknown length, `perCandidate` for each candidate. */
  createUploads(count: number, perCandidate: number): Promise<Upload[]>;
  connect(): Promise<RawConnection>;
  /** Ends the process and removes its folder. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Functions that clean up, also when the bench is stopped half-way. Each may be called more than once. */
export type Leftovers = Set<() => void>;

/** Our server's limit of unfinished uploads per session. */
export const MAX_PER_CANDIDATE = 64;
/** Connections that create uploads. */
const SETTERS = 8;

const root = path.resolve(import.meta.dirname, '../..');
const commands: Record<ContenderName, (folder: string) => string[]> = {
  bare: (folder) => ['bench/server/bare.mjs', folder],
  stock: (folder) => ['bench/server/stock.mjs', folder],
  ours: (folder) => ['server/cli/bin.mjs', 'serve', '--json', '--data-dir', folder],
};

/** Starts a contender. @throws Error with its output on standard error */
export async function openContender(
  name: ContenderName,
  leftovers: Leftovers,
  { nodeOptions = [], env = {} }: { nodeOptions?: string[]; env?: Record<string, string> } = {},
): Promise<Contender> {
  const folder = mkdtempSync(path.join(tmpdir(), `tresgo-bench-${name}-`));
  const child = spawn(process.execPath, [...nodeOptions, ...commands[name](folder)], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production', PORT: '0', HOST: '127.0.0.1', TRESGO_MIN_FREE_BYTES: '0', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const clear = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  leftovers.add(clear);
  const exited = once(child, 'exit');
  const stop = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    await exited;
    clear();
    leftovers.delete(clear);
  };
  try {
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const url = await new Promise<string>((resolve, reject) => {
      let stdout = '';
      child.stdout.on('data', (text) => {
        stdout += text;
        if (stdout.trimEnd().endsWith('}')) resolve((JSON.parse(stdout) as { url: string }).url);
      });
      child.on('exit', () => reject(new Error(`${name} ended: ${stderr}`)));
    });
    const port = Number(new URL(url).port);
    return {
      name,
      pid: child.pid ?? 0,
      port,
      folder,
      connect: () => openConnection(port),
      async createUploads(count, perCandidate) {
        const candidates = Math.ceil(count / perCandidate);
        const owners = name === 'ours' ? await createCandidates(url, folder, candidates) : [anonymous];
        return createUploads(port, owners, count);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Candidate {
  token: string;
  folder: string;
}

/** The candidate of the peers, which check no token. */
const anonymous: Candidate = { token: 'x'.repeat(32), folder: '01_01_2026_00_00_candidate' };

/** Creates candidates with a started session each, on our server. */
export async function createCandidates(url: string, dataDir: string, count: number): Promise<Candidate[]> {
  const storage = await openStorage({ dataDir });
  const candidates: Candidate[] = [];
  let next = 0;
  await eachOf(SETTERS, async () => {
    while (next < count) {
      const name = `Bench ${next++}`;
      const { secret } = await storage.tokens.create({ name, interview: 'default', expiresAt: null, maxSessions: 1 });
      candidates.push({ token: secret, folder: await startSession(url, secret, name) });
    }
  }).finally(() => storage.close());
  return candidates;
}

async function createUploads(port: number, owners: Candidate[], count: number): Promise<Upload[]> {
  const uploads: Upload[] = [];
  let next = 0;
  await eachOf(SETTERS, async () => {
    const connection = await openConnection(port);
    while (next < count) {
      const at = next++;
      const { token, folder } = owners[at % owners.length] as Candidate;
      const metadata = metadataHeader({ folder, questionIndex: '1', filetype: 'video/webm' });
      const head = requestHead(
        'POST',
        { path: '/files', token },
        `Upload-Defer-Length: 1\r\nContent-Length: 0\r\nUpload-Metadata: ${metadata}\r\n`,
      );
      const location = (await connection.expect(201, head)).head.match(/\r\nlocation: *(\S+)/i)?.[1] ?? '';
      uploads[at] = { path: new URL(location, 'http://127.0.0.1').pathname, token, offset: 0 };
    }
    connection.close();
  });
  return uploads;
}

/** Runs `work` `count` times in parallel, with the numbers from 0. */
export async function eachOf(count: number, work: (at: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, at) => work(at)));
}
