// `npm run torture [-- --seed N] [-- --runs N] [-- PATTERN …]`: the fault tests, and the taps of test/e2e, in their long form:
// all, or those whose names hold a pattern. `--runs`: how many runs of the taps, from the seed on.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const folder = import.meta.dirname;
const root = path.resolve(folder, '../..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, runs: { type: 'string' } },
});
const seed = values.seed ?? process.env.TRESGO_SEED ?? String(Math.floor(Math.random() * 2 ** 31));
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts'))
  .filter(isWanted)
  .map((name) => path.join(folder, name));
const taps = isWanted('taps.spec.ts');
const { runs } = values;
if (!/^\d{1,10}$/.test(seed) || (runs !== undefined && !/^\d{1,6}$/.test(runs)) || (files.length === 0 && !taps)) {
  console.error(
    'torture: --seed and --runs take a whole number, and a pattern is a part of the name of a file in test/faults, or taps',
  );
  process.exit(2);
}
console.log(`torture: TRESGO_SEED=${seed}`);

// The default is hours, not seconds: a test that may hang has a timeout of its own.
const options = ['run', '--testTimeout', '14400000', '--hookTimeout', '120000', ...files];
if (files.length > 0) torture('vitest/vitest.mjs', options);
if (taps) torture('@playwright/test/cli.js', ['test', '--project=heavy', 'taps.spec.ts']);

function torture(program, options) {
  const { status } = spawnSync(process.execPath, [path.join(root, 'node_modules', program), ...options], {
    cwd: root,
    env: { ...process.env, TRESGO_TORTURE: '1', TRESGO_SEED: seed, ...(runs && { TRESGO_RUNS: runs }) },
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = status ?? 1;
}

function isWanted(name) {
  return positionals.length === 0 || positionals.some((pattern) => name.includes(pattern));
}
