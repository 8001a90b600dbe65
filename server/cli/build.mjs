// Builds dist/ with Vite: the pages, and server and storage with their libraries. Plain JavaScript, since the script runs
// before there is a build. With `--if-stale`: only where a source is newer than dist/.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const dist = path.join(root, 'dist');
const stamp = path.join(dist, '.built');
const sources = ['server', 'storage', 'client', 'package.json', 'vite.config.ts', 'vite.server.config.ts'];

function newest(file) {
  const entry = statSync(file, { throwIfNoEntry: false });
  if (!entry) return 0;
  if (!entry.isDirectory()) return entry.mtimeMs;
  return Math.max(entry.mtimeMs, ...readdirSync(file).map((name) => newest(path.join(file, name))));
}

/** Builds unless dist/ is newer than every source. Without sources (an installed package), dist/ stays as it is. */
export async function buildIfStale() {
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= Math.max(...sources.map((name) => newest(path.join(root, name)))))
    return;
  build();
}

/**
 * Builds beside dist/ and swaps the folders: a second build at the same time, or a crash, never leaves half a build.
 * @throws Error with the output of Vite when the build fails
 */
export function build() {
  const startedAt = new Date();
  process.stderr.write('Building TresGo (a few seconds, once) …\n');
  const fresh = path.join(root, `dist.new-${process.pid}`);
  const old = path.join(root, `dist.old-${process.pid}`);
  try {
    mkdirSync(fresh);
    run('vite.server.config.ts', fresh);
    run('vite.config.ts', path.join(fresh, 'client'));
    compress(path.join(fresh, 'client'));
    const stampOfFresh = path.join(fresh, '.built');
    writeFileSync(stampOfFresh, startedAt.toISOString());
    // A source that changed while the build ran is newer than the build.
    utimesSync(stampOfFresh, startedAt, startedAt);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
    throw new Error(
      `the build in ${root} is missing or older than its sources, and you may not write there: run "npm run build" as its owner`,
    );
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

/** Writes each text file of the pages a second and a third time, with the endings `.br` and `.gz`, at the highest level. */
export function compress(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!/\.(html|js|css|svg|webmanifest)$/.test(name)) continue;
    const file = path.join(folder, name);
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

function run(config, outDir) {
  const script = path.join(root, 'node_modules/vite/bin/vite.js');
  const args = ['build', '--config', config, '--logLevel', 'warn', '--outDir', outDir, '--emptyOutDir'];
  if (!existsSync(script)) throw new Error('the tools to build with are missing: run "npm ci" first');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
  process.stderr.write(stderr);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--if-stale')) await buildIfStale();
  else build();
}
