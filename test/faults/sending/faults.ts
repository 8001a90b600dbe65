/** The faults that can happen to a phone, each drawn from a seed. A fault that does not happen fails the run. */
import { cp, readdir, rm, stat, truncate } from 'node:fs/promises';
import path from 'node:path';
import type { Chance } from '../../support/chance.ts';
import type { Override } from '../../support/network/proxy.ts';
import type { Rig } from './rig.ts';

/** How long a fault may wait for its moment, e.g. for a connection that it could cut. */
const PATIENCE_MS = 60_000;

/** The kinds of faults. */
export type FaultName = keyof typeof kinds;

/** A fault of one take. */
export interface Fault {
  readonly name: FaultName;
  /** The number of slices after which it happens; `stop`: when the candidate ends the take. */
  readonly at: number | 'stop';
  /** For a failure's message. */
  readonly words: string;
  /** Causes the fault. Resolves once it happened, rejects where it could not. */
  strike(rig: Rig): Promise<void>;
}

type Drawn = Pick<Fault, 'words' | 'strike'>;

/** Polls; rejects with `what` after `PATIENCE_MS`. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`it never came to this: ${what}`);
    await pause(10);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Strikes as soon as there is a connection. */
const onConnections = (words: string, strike: (rig: Rig) => void, count: (rig: Rig) => number): Drawn => ({
  words,
  async strike(rig) {
    const before = count(rig);
    await until(words, () => {
      strike(rig);
      return count(rig) > before;
    });
  },
});

/** The proxy responds in the server's place, `times` times. */
function override(words: string, times: number, wanted: Override): Drawn {
  return {
    words: `${words}, ${times} times`,
    async strike({ proxy }) {
      const active = proxy.override(wanted);
      await until(words, () => active.count() >= times).finally(active.end);
    },
  };
}

/** From now on, to the end of the run: a proxy that refuses some requests for what they are. */
function forGood(words: string, wanted: Override): Drawn {
  return {
    words: `${words}, from now on`,
    async strike({ proxy }) {
      proxy.override(wanted);
    },
  };
}

/** The files of a folder of the server's data, with their sizes; none where there is no such folder. */
async function filesIn(folder: string): Promise<Array<{ file: string; bytes: number }>> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const found = [];
  for (const name of names) {
    const file = path.join(folder, name);
    const { size, isFile } = await stat(file).then(
      (entry) => ({ size: entry.size, isFile: entry.isFile() }),
      () => ({ size: 0, isFile: false }),
    );
    if (isFile) found.push({ file, bytes: size });
  }
  return found;
}

const isAnswer = ({ file }: { file: string }) => file.endsWith('.webm');

const kinds = {
  /** Cuts one to three connections, each after some bytes. */
  cut(chance: Chance): Drawn {
    const [times, how] = [chance.int(1, 3), chance.pick(['rst', 'fin'] as const)];
    const sizes = Array.from({ length: times + 2 }, () => chance.int(500, 60_000));
    return {
      words: `${times} cuts by ${how}`,
      async strike({ network }) {
        const before = network.stats.cuts;
        network.setCut({ how, times, afterBytes: () => sizes.shift() ?? 500 });
        await until(`${times} cuts by ${how}`, () => network.stats.cuts >= before + 1);
      },
    };
  },
  reset: () =>
    onConnections(
      'all connections reset',
      ({ network }) => network.cutAll(),
      ({ network }) => network.stats.cutAtOnce,
    ),
  blackHole: () =>
    onConnections(
      'all connections silent, without FIN',
      ({ network }) => network.blackhole(),
      ({ network }) => network.stats.blackholed,
    ),
  offline(chance: Chance): Drawn {
    const ms = chance.int(300, 4000);
    return {
      words: `offline for ${ms} ms`,
      async strike({ network }) {
        const startedAt = performance.now();
        network.offline(ms);
        const { bytesUp, bytesDown } = { ...network.stats };
        // The clock is read first: a look that comes late, after the link is back, proves nothing.
        while (performance.now() < startedAt + ms) {
          const moved = network.stats.bytesUp - bytesUp + network.stats.bytesDown - bytesDown;
          if (moved > 0) throw new Error(`${moved} bytes moved while offline`);
          await pause(10);
        }
      },
    };
  },
  badGateway: (chance: Chance) =>
    override('502 in HTML', chance.int(1, 4), { status: 502, afterServer: chance.is(0.5) }),
  unavailable: (chance: Chance) =>
    override('503', chance.int(1, 4), {
      status: chance.pick([503, 504]),
      contentType: 'text/plain',
      afterServer: chance.is(0.3),
    }),
  tooMany: (chance: Chance) =>
    override('429 with Retry-After', chance.int(1, 3), {
      status: 429,
      contentType: 'text/plain',
      retryAfterSeconds: chance.int(1, 3),
    }),
  portal: (chance: Chance) =>
    override('a log-in page, or a refusal in plain text', chance.int(1, 3), {
      status: chance.pick([200, 404, 405, 403, 413]),
      contentType: chance.pick(['text/html', 'text/plain']),
      afterServer: chance.is(0.3),
    }),
  kill(chance: Chance): Drawn {
    const ms = chance.int(0, 2000);
    return { words: `kill -9 of the server, back after ${ms} ms`, strike: (rig) => rig.restart(ms) };
  },
  revoke: (): Drawn => ({
    words: 'the token revoked and restored',
    strike: ({ admin, proxy, tokenId, phone, inTurn }) =>
      inTurn(async () => {
        const from = proxy.responses.length;
        await admin('token', 'revoke', tokenId);
        await until('a 401', () => proxy.responses.slice(from).some(({ status }) => status === 401));
        await admin('token', 'restore', tokenId);
        phone.retry();
      }),
  }),
  death(chance: Chance): Drawn {
    const ms = chance.int(0, 4000);
    return { words: `the page dies for ${ms} ms of its clock`, strike: ({ phone }) => phone.die(ms) };
  },
  /** An upload's file loses its end: a disk that lied, a hand in the data folder. */
  damage(chance: Chance): Drawn {
    const share = chance.int(0, 9) / 10;
    return {
      words: `the file of an upload cut to ${share} of its bytes`,
      async strike({ dataDir }) {
        // An upload may be placed between the list and the cut; then nothing is damaged.
        const files = (await filesIn(path.join(dataDir, 'uploads'))).filter(({ bytes }) => bytes > 1);
        const { file, bytes } = files.at(-1) ?? { file: '', bytes: 0 };
        if (file)
          await stat(file)
            .then(() => truncate(file, Math.floor(bytes * share)))
            .catch(() => {});
      },
    };
  },
  /** The server's data as they were a while ago; not where an answer was confirmed since: the device has forgotten it. */
  restored(chance: Chance): Drawn {
    const ms = chance.int(100, 1200);
    return {
      words: `the server's data restored to ${ms} ms ago`,
      strike: ({ dataDir, inTurn, restart }) =>
        inTurn(async () => {
          const backup = `${dataDir}.backup`;
          const copy = { recursive: true, preserveTimestamps: true };
          const placed = async () => (await filesIn(path.join(dataDir, 'sessions'))).filter(isAnswer).length;
          let before = 0;
          await restart(0, {
            async meanwhile() {
              await cp(dataDir, backup, copy);
              before = await placed();
            },
          });
          await pause(ms);
          await restart(0, {
            async meanwhile() {
              if ((await placed()) === before) {
                for (const name of await readdir(dataDir)) await rm(path.join(dataDir, name), { recursive: true });
                await cp(backup, dataDir, copy);
              }
              await rm(backup, { recursive: true });
            },
          });
        }),
    };
  },
  /** nginx takes 1 MiB unless told otherwise, others less. */
  smallBodies(chance: Chance): Drawn {
    const limit = chance.int(17_000, 120_000);
    return forGood(`413 in HTML to bodies of more than ${limit} bytes`, {
      status: 413,
      of: ({ bytes }) => bytes > limit,
    });
  },
  noPatch(chance: Chance): Drawn {
    const methods = chance.pick([['PATCH'], ['PATCH', 'HEAD']]);
    const status = chance.pick([400, 403, 404, 405, 501]);
    return forGood(`${status} in HTML to ${methods}`, { status, of: ({ method }) => methods.includes(method) });
  },
  deafLog: (): Drawn => ({
    words: 'the reader of the log is gone',
    async strike(rig) {
      rig.closeLog();
    },
  }),
  floor(chance: Chance): Drawn {
    const ms = chance.int(200, 1500);
    return {
      words: `the disk at its floor for ${ms} ms`,
      strike: ({ inTurn, restart }) =>
        inTurn(async () => {
          await restart(0, { env: { TRESGO_MIN_FREE_BYTES: String(10 ** 14) } });
          await pause(ms);
          await restart(0);
        }),
    };
  },
  full(chance: Chance): Drawn {
    const times = chance.int(1, 4);
    return { words: `the device refuses ${times} writes`, strike: ({ device }) => device.fill(times) };
  },
} satisfies Record<string, (chance: Chance) => Drawn>;

/** The faults of one take: one to three, each of another kind. */
export function drawFaults(chance: Chance, slices: number): Fault[] {
  const names = Object.keys(kinds) as FaultName[];
  const drawn = new Map<FaultName, Fault>();
  for (let left = chance.int(1, 3); left > 0; left--) {
    const name = chance.pick(names);
    const at = chance.is(0.3) ? 'stop' : chance.int(0, slices);
    drawn.set(name, { name, at, ...kinds[name](chance) });
  }
  return [...drawn.values()];
}
