// `npm run torture [-- --seed N] [-- PATTERN …]`: the fault tests in their long form: all, or those whose names hold a pattern.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const folder = import.meta.dirname;
const root = path.resolve(folder, '../..');
const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string' } } });
const seed = values.seed ?? process.env.TRESGO_SEED ?? String(Math.floor(Math.random() * 2 ** 31));
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => positionals.length === 0 || positionals.some((pattern) => name.includes(pattern)))
  .map((name) => path.join(folder, name));
if (!/^\d{1,10}$/.test(seed) || files.length === 0) {
  console.error('torture: --seed takes a whole number, and a pattern is a part of the name of a file in test/faults');
  process.exit(2);
}
console.log(`torture: TRESGO_SEED=${seed}`);

// The default is hours, not seconds: a test that may hang has a timeout of its own.
const options = ['run', '--testTimeout', '14400000', '--hookTimeout', '120000', ...files];
const { status } = spawnSync(process.execPath, [path.join(root, 'node_modules/vitest/vitest.mjs'), ...options], {
  cwd: root,
  env: { ...process.env, TRESGO_TORTURE: '1', TRESGO_SEED: seed },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
