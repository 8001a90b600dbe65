#!/usr/bin/env node
// The launcher: builds what is missing or older than its sources, then runs the command line.
import { buildIfStale } from './build.mjs';

try {
  await buildIfStale();
} catch (error) {
  console.error(`tresgo: ${error.message}`);
  process.exit(1);
}
const { main } = await import('../../dist/server/cli/index.js');
process.exitCode = await main(process.argv.slice(2));
