// Runs a bench, which is written in TypeScript: node bench/run.mjs gate --link const:2000
import path from 'node:path';
import { runnerImport } from 'vite';

const [name, ...args] = process.argv.slice(2);
const { module } = await runnerImport(path.join(import.meta.dirname, `${name}.ts`), {
  configFile: false,
  logLevel: 'error',
});
process.exitCode = await module.main(args);
