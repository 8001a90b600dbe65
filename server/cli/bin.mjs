#!/usr/bin/env node
// The launcher: builds what is missing or older than its sources, then runs the command line.
import { buildIfStale } from './build.mjs';

const isServer = process.argv[2] === 'serve';

// There is no place to tell it, and a server goes on without a log.
process.stderr.on('error', () => {});
process.stdout.on('error', ({ code, message }) => {
  // A reader of the output may stop early (`tresgo token list | head -1`): that is no error.
  if (code === 'EPIPE') return;
  process.stderr.write(`tresgo: standard output can’t be written: ${message}\n`);
  // What a command prints is its result; a server's are the recordings.
  if (!isServer) process.exitCode = 1;
});

try {
  await buildIfStale();
} catch (error) {
  console.error(`tresgo: ${error.message}`);
  process.exit(1);
}
const { main } = await import('../../dist/server/index.js');
process.exitCode = (await main(process.argv.slice(2))) || process.exitCode;
