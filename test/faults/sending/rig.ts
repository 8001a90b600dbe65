/** A phone on a bad way to a real server: phone -> relay (cuts) -> link (slow, silent, resets) -> proxy (lies) -> server process. */
import { type Link, openLink } from '../../../bench/link.ts';
import { createChance } from '../../support/chance.ts';
import { type FaultyProxy, openProxy } from '../../support/proxy.ts';
import { openRelay, type Relay } from '../../support/relay.ts';
import { createRandom } from '../../support/scale.ts';
import { spawnServer, startSession, type TestServer, temporaryFolder, tresgo } from '../../support/server.ts';
import { createDevice, type Device } from './device.ts';
import { createFastTimers, createPhone, type Phone } from './phone.ts';

/** The phone's clock against the wall's. */
export const SPEED = 4;
const NAME = 'Anna Parker';

export interface Rig {
  readonly chance: ReturnType<typeof createChance>;
  readonly device: Device;
  readonly phone: Phone;
  readonly relay: Relay;
  readonly link: Link;
  readonly proxy: FaultyProxy;
  /** As the command line names it. */
  readonly tokenId: string;
  readonly dataDir: string;
  /** The session's folder, by its name. */
  readonly folder: string;
  /** `kill -9`, and the same port again after so many ms. */
  restart(afterMs: number): Promise<void>;
  /** Runs `tresgo …` on the server's data; throws where it fails. */
  admin(...args: string[]): Promise<string>;
  /** What the server processes said last, for a failure's message. */
  log(): string;
  close(): Promise<void>;
}

export async function openRig(seed: number): Promise<Rig> {
  const chance = createChance(createRandom(seed));
  const root = await temporaryFolder();
  let server: TestServer = await spawnServer({ dataDir: root.path });
  const { port } = server;
  const admin = async (...args: string[]) => {
    const { status, stdout, stderr } = await tresgo([...args, '--json', '--data-dir', root.path]);
    if (status !== 0) throw new Error(`tresgo ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const { token, id } = JSON.parse(await admin('token', 'create', '--name', NAME)) as { token: string; id: string };
  const folder = await startSession(server.url, token, NAME);
  const host = '127.0.0.1';
  const proxy = await openProxy({ to: { host, port } });
  const rate = { kbit: chance.int(2000, 12_000) };
  const link = await openLink({ to: { host, port: proxy.port }, rate, delayMs: chance.int(5, 40) });
  const relay = await openRelay({ to: { host, port: link.port } });
  const device = createDevice();
  const timers = createFastTimers(SPEED);
  const phone = createPhone({ ...{ device, folder, token, chance, timers }, endpoint: `${relay.url}/files` });
  let earlier = '';
  let restarting: Promise<void> = Promise.resolve();
  return {
    ...{ chance, device, phone, relay, link, proxy, tokenId: id, dataDir: root.path, folder, admin },
    restart(afterMs) {
      // One that is still away can't be killed: the second kill waits for its return.
      restarting = restarting.then(async () => {
        earlier += server.stderr();
        await server.stop('SIGKILL');
        if (server.process.signalCode !== 'SIGKILL') throw new Error('the server was not killed');
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        server = await spawnServer({ dataDir: root.path, port });
      });
      return restarting;
    },
    log: () => (earlier + server.stderr()).slice(-3000),
    async close() {
      phone.close();
      await relay.close();
      await link.close();
      await proxy.close();
      await restarting.catch(() => {});
      await server.stop();
      await root.remove();
    },
  };
}
