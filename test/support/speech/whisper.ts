// Real whisper.cpp for the tests: built from the source that comes with the npm package nodejs-whisper, once on a machine, and
// kept in the user's cache: `npm ci` empties node_modules, and CI clones anew. Its model is made
// by hand and always says the same: it proves the plumbing, not the recognition.
import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { locate } from '../install.mjs';
import { writeWhisperFixture } from './whisper-fixture.mjs';

const packageDir = path.resolve(import.meta.dirname, '../../../node_modules/nodejs-whisper');
const sourceDir = path.join(packageDir, 'cpp/whisper.cpp');
const PROGRAMS = ['whisper-cli', 'whisper-server'];
/** The time for a build, in ms: about 94 s on two idle cores; 15 minutes were measured beside browsers and other builds. */
export const WHISPER_BUILD_MS = 1_800_000;
/** Static programs for any machine of this architecture: a cache may be moved to another machine. */
const OPTIONS = [
  ...['-DCMAKE_BUILD_TYPE=Release', '-DBUILD_SHARED_LIBS=OFF', '-DWHISPER_BUILD_TESTS=OFF'],
  ...['-DGGML_NATIVE=OFF', '-DGGML_OPENMP=OFF'],
];

/** Absolute paths. */
export interface Whisper {
  cli: string;
  server: string;
  /** The model that gives the same two sentences for every sound. */
  plumbingModel: string;
}

let building: Promise<Whisper> | null = null;

/** whisper.cpp, built at the first call on a machine, which takes minutes. Throws cmake's message where the build fails. */
export function buildWhisper(): Promise<Whisper> {
  building ??= build();
  return building;
}

async function build(): Promise<Whisper> {
  const { version } = JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8')) as { version: string };
  const recipe = createHash('sha256').update(OPTIONS.join(' ')).digest('hex').slice(0, 8);
  const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'tresgo-tests');
  const place = path.join(cache, `whisper-${version}-${process.arch}-${recipe}`);
  if (!existsSync(place)) {
    const half = `${place}.${randomUUID()}.tmp`;
    await mkdir(half, { recursive: true });
    try {
      await compile(half);
      // Where two workers built it, the first build stays.
      await rename(half, place).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
    } finally {
      await rm(half, { recursive: true, force: true });
    }
  }
  // Each process makes the model anew: it takes less than a second.
  const plumbingModel = path.join(cache, 'plumbing-model.bin');
  writeWhisperFixture(plumbingModel);
  const [cli = '', server = ''] = PROGRAMS.map((name) => path.join(place, name));
  return { cli: await writeLauncher(cli, path.join(cache, 'one-thread')), server, plumbingModel };
}

/**
 * Writes a `whisper-cli` that runs the real one with one thread, and returns its path. whisper.cpp's threads wait for each
 * other by spinning: beside other tests, two threads took 3 to 7 s for what one thread does in 0.5 s.
 */
async function writeLauncher(cli: string, folder: string): Promise<string> {
  const launcher = path.join(folder, path.basename(cli));
  const half = `${launcher}.${randomUUID()}.tmp`;
  await mkdir(folder, { recursive: true });
  await writeFile(half, `#!/bin/sh\nexec '${cli}' -t 1 "$@"\n`, { mode: 0o755 });
  await rename(half, launcher);
  return launcher;
}

async function compile(into: string): Promise<void> {
  const cmake = locate('cmake');
  if (!cmake) throw new Error('cmake is missing: run `node test/support/install.mjs`');
  const folder = path.join(into, 'build');
  mkdirSync(folder);
  const run = (...args: string[]) =>
    promisify(execFile)('nice', ['-n', '10', cmake, ...args], { maxBuffer: 64 << 20, cwd: folder });
  await run('-S', sourceDir, '-B', folder, ...OPTIONS);
  await run('--build', folder, '-j', '2', '--target', ...PROGRAMS);
  for (const name of PROGRAMS) copyFileSync(path.join(folder, 'bin', name), path.join(into, name));
  await rm(folder, { recursive: true });
}

/** Starts a whisper-server with the path `/v1/audio/transcriptions`. `close` ends it. */
export async function openWhisperServer({ server, plumbingModel }: Whisper, ...args: string[]) {
  const port = await freePort();
  const child = spawn(
    server,
    ['-t', '1', '-m', plumbingModel, '--port', String(port), '--inference-path', '/v1/audio/transcriptions', ...args],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  for (let isReady = false; !isReady; ) {
    if (child.exitCode !== null) throw new Error(`whisper-server ended with status ${child.exitCode}`);
    isReady = await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (!isReady) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    baseUrl: `${url}/v1`,
    async close(): Promise<void> {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
