#!/usr/bin/env node
// The launcher: builds what is missing or older than its sources, then runs the command line.
import { buildIfStale } from './build.mjs';

// Who reads our output may stop early (`tresgo token list | head -1`): nothing is wrong then.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await buildIfStale();
} catch (error) {
  console.error(`tresgo: ${error.message}`);
  process.exit(1);
}
const { main } = await import('../../dist/server/index.js');
process.exitCode = await main(process.argv.slice(2));
