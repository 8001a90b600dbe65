/** `kill -9` at every system call of every step that a client can ask for. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isTorture, scale } from '../support/scale.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server.ts';
import { killAt, traceCalls } from './kill-points.ts';
import { checkMetas } from './ledger.ts';
import { createOperations } from './operations.ts';
import { createSessionOperations } from './session-operations.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
/** One thread for files: then a thread and a number name one call. */
const start = () => spawnServer({ dataDir: root.path, env: { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' } });
beforeAll(async () => {
  root = await temporaryFolder();
  server = await start();
});
afterAll(async () => {
  await server.stop();
  await root.remove();
});

const operations = [...createOperations(), ...createSessionOperations()].map(
  (operation) => [operation.name, operation] as const,
);

test.each(operations)('%s', { timeout: scale(600_000, 3_600_000) }, async (name, operation) => {
  const first = await operation.prepare(server);
  let told: Response | null = null;
  const series = await traceCalls(server, async () => {
    told = await first.run();
  });
  await first.check(server, told);

  const kills: string[] = [];
  for (const calls of series) {
    for (let nth = 1; ; nth++) {
      const known = nth <= calls.counts.length;
      // How often a thread is woken is never the same: those calls have no end that can be waited for.
      const idle = known ? !calls.counts[nth - 1] : calls.counts.includes(false);
      if (idle && !isTorture) {
        if (known) continue;
        break;
      }
      const attempt = await operation.prepare(server);
      const { told, killed } = await killAt(server, calls, nth, () => attempt.run());
      if (killed) kills.push(`${calls.call} ${nth}`);
      else expect(told, 'no answer, and no kill').not.toBeNull();
      const holds = async () => {
        if (killed) {
          expect(await checkMetas(root.path)).toEqual([]);
          server = await start();
        }
        await attempt.check(server, told);
      };
      await holds().catch((error: Error) => {
        throw new Error(`${killed ? 'killed at' : 'past'} ${calls.call} ${nth}: ${error.message}`, { cause: error });
      });
      if (!killed && !known) break;
    }
  }
  console.log(`syscall-kill: ${name}: ${kills.length} kills: ${kills.join(', ')}`);
  expect(kills.length).toBeGreaterThan(2);
});
