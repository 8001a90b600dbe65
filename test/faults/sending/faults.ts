/** What can happen to a phone, each as it is drawn from a seed. A fault that does not happen fails the run. */
import type { Chance } from '../../support/chance.ts';
import type { Spell } from '../../support/proxy.ts';
import type { Rig } from './rig.ts';

/** How long a fault may wait for its moment, e.g. for a connection that it could cut. */
const PATIENCE_MS = 30_000;

export type FaultName = keyof typeof kinds;

export interface Fault {
  readonly name: FaultName;
  /** After so many slices of the take; `stop`: when the candidate ends it. */
  readonly at: number | 'stop';
  /** As drawn, for a failure's message. */
  readonly words: string;
  /** Lets it happen; resolves once it has, rejects where it could not. */
  strike(rig: Rig): Promise<void>;
}

type Drawn = Pick<Fault, 'words' | 'strike'>;

/** Polls; rejects with what was waited for. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`it never came to this: ${what}`);
    await pause(10);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Strikes at once where there is a connection, else as soon as there is one. */
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

/** The proxy speaks for the server until it has said so a few times. */
function spell(words: string, times: number, say: Spell): Drawn {
  return {
    words: `${words}, ${times} times`,
    async strike({ proxy }) {
      const cast = proxy.cast(say);
      await until(words, () => cast.told() >= times).finally(cast.end);
    },
  };
}

const kinds = {
  /** Of one to three connections, each after some bytes. */
  cut(chance: Chance): Drawn {
    const [times, how] = [chance.int(1, 3), chance.pick(['rst', 'fin'] as const)];
    const sizes = Array.from({ length: times + 2 }, () => chance.int(500, 60_000));
    return {
      words: `${times} cuts by ${how}`,
      async strike({ relay }) {
        const before = relay.stats.cuts;
        relay.setCut({ how, times, afterBytes: () => sizes.shift() ?? 500 });
        await until(`${times} cuts by ${how}`, () => relay.stats.cuts >= before + 1);
      },
    };
  },
  reset: () =>
    onConnections(
      'all connections reset',
      ({ link }) => link.reset(),
      ({ link }) => link.stats.resets,
    ),
  blackHole: () =>
    onConnections(
      'all connections silent, without FIN',
      ({ link }) => link.blackhole(),
      ({ link }) => link.stats.blackholed,
    ),
  offline(chance: Chance): Drawn {
    const ms = chance.int(300, 4000);
    return {
      words: `offline for ${ms} ms`,
      async strike({ link }) {
        link.offline(ms);
        const { bytesUp, bytesDown } = { ...link.stats };
        await pause(ms - 50);
        const moved = link.stats.bytesUp - bytesUp + link.stats.bytesDown - bytesDown;
        if (moved > 0) throw new Error(`${moved} bytes moved while offline`);
      },
    };
  },
  badGateway: (chance: Chance) => spell('502 in HTML', chance.int(1, 4), { status: 502, late: chance.is(0.5) }),
  unavailable: (chance: Chance) =>
    spell('503', chance.int(1, 4), {
      status: chance.pick([503, 504]),
      contentType: 'text/plain',
      late: chance.is(0.3),
    }),
  tooMany: (chance: Chance) =>
    spell('429 with Retry-After', chance.int(1, 3), {
      status: 429,
      contentType: 'text/plain',
      retryAfter: chance.int(1, 3),
    }),
  portal: (chance: Chance) =>
    spell('a log-in page, or a refusal in plain text', chance.int(1, 3), {
      status: chance.pick([200, 404, 405, 403, 413]),
      contentType: chance.pick(['text/html', 'text/plain']),
      late: chance.is(0.3),
    }),
  kill(chance: Chance): Drawn {
    const ms = chance.int(0, 2000);
    return { words: `kill -9 of the server, back after ${ms} ms`, strike: (rig) => rig.restart(ms) };
  },
  revoke: (): Drawn => ({
    words: 'the token revoked and restored',
    async strike({ admin, proxy, tokenId, phone }) {
      const from = proxy.passed.length;
      await admin('token', 'revoke', tokenId);
      await until('a 401', () => proxy.passed.slice(from).some(({ status }) => status === 401));
      await admin('token', 'restore', tokenId);
      phone.retry();
    },
  }),
  death(chance: Chance): Drawn {
    const ms = chance.int(0, 4000);
    return { words: `the page dies for ${ms} ms of its clock`, strike: ({ phone }) => phone.die(ms) };
  },
  full(chance: Chance): Drawn {
    const times = chance.int(1, 4);
    return { words: `the device refuses ${times} writes`, strike: ({ device }) => device.fill(times) };
  },
} satisfies Record<string, (chance: Chance) => Drawn>;

/** The faults of one take: one to three, no two of a kind. */
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
