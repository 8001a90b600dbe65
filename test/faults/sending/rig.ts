/**
 * A phone with a bad connection to a real server: phone -> network (slow, silent, cuts) -> proxy (lies) -> server
 * process.
 */

import { createChance } from '../../support/chance.ts';
import { type Network, openNetwork } from '../../support/network/network.ts';
import { type FaultyProxy, openProxy } from '../../support/network/proxy.ts';
import { createRandom, createTurns } from '../../support/scale.ts';
import { spawnServer, startSession, type TestServer, temporaryFolder, tresgo } from '../../support/server/server.ts';
import { createDevice, type Device } from './device.ts';
import { createFastTimers, createPhone, type Phone } from './phone.ts';

/** How many times faster than real time the phone's clock runs. */
export const SPEED = 4;
const NAME = 'Anna Parker';

/** The whole arrangement of one run. */
export interface Rig {
  readonly chance: ReturnType<typeof createChance>;
  readonly device: Device;
  readonly phone: Phone;
  readonly network: Network;
  readonly proxy: FaultyProxy;
  /** The id of the token on the command line. */
  readonly tokenId: string;
  readonly dataDir: string;
  /** The name of the session's folder. */
  readonly folder: string;
  /**
   * Ends the server by `kill -9`, and starts it behind the same proxy after `afterMs`: its port could be another program's
   * by then. `meanwhile` is called while no server runs, `env` is that of the new one.
   */
  restart(afterMs: number, next?: { meanwhile?: () => Promise<void>; env?: Record<string, string> }): Promise<void>;
  /** For faults that change the server's data as a whole, or its token: one after the other. */
  inTurn(work: () => Promise<void>): Promise<void>;
  /** Nobody reads the server's log any more: its next line is an error. */
  closeLog(): void;
  /** Runs `tresgo …` on the server's data. Rejects where it fails. */
  admin(...args: string[]): Promise<string>;
  /** The last output of the server processes, for a failure's message. */
  log(): string;
  close(): Promise<void>;
}

/** Starts the arrangement that `seed` determines. */
export async function openRig(seed: number): Promise<Rig> {
  const chance = createChance(createRandom(seed));
  const root = await temporaryFolder();
  let server: TestServer = await spawnServer({ dataDir: root.path });
  /** Of the server; null while none runs. */
  let port: number | null = server.port;
  const admin = async (...args: string[]) => {
    const { status, stdout, stderr } = await tresgo([...args, '--json', '--data-dir', root.path]);
    if (status !== 0) throw new Error(`tresgo ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const { token, id } = JSON.parse(await admin('token', 'create', '--name', NAME)) as { token: string; id: string };
  const folder = await startSession(server.url, token, NAME);
  const proxy = await openProxy({ to: () => port });
  const rate = { kbit: chance.int(2000, 12_000) };
  const to = { host: '127.0.0.1', port: proxy.port };
  const network = await openNetwork({ to, rate, delayMs: chance.int(5, 40) });
  const device = createDevice();
  const timers = createFastTimers(SPEED);
  const phone = createPhone({ ...{ device, folder, token, chance, timers }, endpoint: `${network.url}/files` });
  let earlier = '';
  let restarting: Promise<void> = Promise.resolve();
  return {
    ...{ chance, device, phone, network, proxy, tokenId: id, dataDir: root.path, folder, admin },
    inTurn: createTurns(1),
    closeLog: () => void server.process.stderr?.destroy(),
    restart(afterMs, { meanwhile, env = {} } = {}) {
      // A server that is being restarted cannot be killed: a second kill waits until it runs.
      restarting = restarting.then(async () => {
        earlier += server.stderr();
        port = null;
        await server.stop('SIGKILL');
        if (server.process.signalCode !== 'SIGKILL') throw new Error('the server was not killed');
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        await meanwhile?.();
        server = await spawnServer({ dataDir: root.path, env });
        port = server.port;
      });
      return restarting;
    },
    log: () => (earlier + server.stderr()).slice(-3000),
    async close() {
      phone.close();
      await network.close();
      await proxy.close();
      await restarting.catch(() => {});
      await server.stop();
      await root.remove();
    },
  };
}
