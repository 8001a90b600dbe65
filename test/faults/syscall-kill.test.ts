/** `kill -9` at every system call of every operation that a client can ask for. */
import { expect, test } from 'vitest';
import { createTurns, isTorture, scale } from '../support/scale.ts';
import { spawnServer, temporaryFolder } from '../support/server/server.ts';
import { killAt, traceCalls } from './kill-points.ts';
import { createOperations, type Operation } from './operations.ts';
import { createSessionOperations } from './session-operations.ts';
import { checkMetas } from './upload-ledger.ts';

/** Operations that are killed at the same time, each in a data folder of its own. */
const inTurn = createTurns(3);
const allOperations = () => [...createOperations(), ...createSessionOperations()];

/** One thread for files, so that a thread and a number identify one call. */
const start = (dataDir: string) => spawnServer({ dataDir, env: { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' } });

test.concurrent.each(allOperations().map(({ name }) => name))('%s', { timeout: scale(600_000, 3_600_000) }, (name) =>
  inTurn(async () => {
    const root = await temporaryFolder();
    const operation = allOperations().find((each) => each.name === name) as Operation;
    await killEverywhere(operation, root.path);
    await root.remove();
  }),
);

/** Kills the server at each call of the operation, and checks its promises after each restart. */
async function killEverywhere(operation: Operation, dataDir: string): Promise<void> {
  let server = await start(dataDir);
  try {
    const first = await operation.prepare(server);
    let response: Response | null = null;
    const series = await traceCalls(server, async () => {
      response = await first.run();
    });
    await first.check(server, response);

    const kills: string[] = [];
    for (const calls of series) {
      for (let nth = 1; ; nth++) {
        const known = nth <= calls.counts.length;
        // The number of times that a thread is woken varies: no last call of that kind can be waited for.
        const idle = known ? !calls.counts[nth - 1] : calls.counts.includes(false);
        if (idle && !isTorture) {
          if (known) continue;
          break;
        }
        const attempt = await operation.prepare(server);
        const { result: response, killed } = await killAt(server, calls, nth, () => attempt.run());
        if (killed) kills.push(`${calls.call} ${nth}`);
        else expect(response, 'no response, and no kill').not.toBeNull();
        const holds = async () => {
          if (killed) {
            expect(await checkMetas(dataDir)).toEqual([]);
            server = await start(dataDir);
          }
          await attempt.check(server, response);
        };
        await holds().catch((error: Error) => {
          throw new Error(`${killed ? 'killed at' : 'past'} ${calls.call} ${nth}: ${error.message}`, { cause: error });
        });
        if (!killed && !known) break;
      }
    }
    console.log(`syscall-kill: ${operation.name}: ${kills.length} kills: ${kills.join(', ')}`);
    expect(kills.length).toBeGreaterThan(2);
  } finally {
    await server.stop();
  }
}
