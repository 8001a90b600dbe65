// `npm run torture [-- --seed N] [-- PATTERN …]`: the fault tests in their long form. Patterns are vitest's, for file names.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string' } } });
const seed = values.seed ?? process.env.TRESGO_SEED ?? String(Math.floor(Math.random() * 2 ** 31));
if (!/^\d{1,10}$/.test(seed)) {
  console.error(`torture: --seed takes a whole number, not ${seed}`);
  process.exit(2);
}
console.log(`torture: TRESGO_SEED=${seed}`);

// Hours, not seconds: what a single test may take is said where it is longer than a minute anyway.
const options = ['run', '--dir', 'test/faults', '--testTimeout', '14400000', '--hookTimeout', '120000', ...positionals];
const { status } = spawnSync(process.execPath, [path.join(root, 'node_modules/vitest/vitest.mjs'), ...options], {
  cwd: root,
  env: { ...process.env, TRESGO_TORTURE: '1', TRESGO_SEED: seed },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
