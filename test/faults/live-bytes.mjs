// Preloaded into the fuzzed server: on SIGUSR2 it prints the bytes that are still in use after a full collection.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('SIGUSR2', () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`live-bytes ${heapUsed + external}\n`);
});
