/** What can be out of order in a recorder and its devices, each drawn from a seed. */
import type { Chance } from '../../support/chance.ts';

/** The names of the disorders. */
export type DisorderName = keyof typeof kinds;

/** How one recorder behaves. Slices count from 1. */
export interface Disorder {
  name: DisorderName;
  /** From this slice on it brings nothing … */
  silentFrom?: number;
  /** … or empty blobs. */
  empty?: boolean;
  /** It fails at this slice; 0: at once. */
  failsAt?: number;
  /** It never says that it has stopped. */
  neverStops?: boolean;
  /** It can't be started with a type that begins so. */
  refuses?: string;
  /** From this slice on the camera stands still, and everything is held back until it is turned off, or goes on. */
  stillFrom?: number;
  /** … and nothing comes even then. */
  dead?: boolean;
  /** The microphone is away from this slice on … */
  mutedFrom?: number;
  /** … up to this one. */
  mutedTo?: number;
  /** The microphone goes away for good at this slice. */
  lostAt?: number;
  /** The file's head comes in pieces. */
  slowHead?: boolean;
}

const kinds = {
  none: () => ({}),
  silent: (chance: Chance) => ({ silentFrom: chance.int(1, 10), empty: chance.is(0.5), neverStops: chance.is(0.3) }),
  headOnly: (chance: Chance) => ({ slowHead: true, silentFrom: 1, neverStops: chance.is(0.3) }),
  fails: (chance: Chance) => ({ failsAt: chance.pick([0, chance.int(1, 10)]), neverStops: chance.is(0.3) }),
  neverStops: () => ({ neverStops: true }),
  refuses: (chance: Chance) => ({ refuses: chance.pick(['video/webm', 'video/webm;', 'video/mp4']) }),
  still: (chance: Chance) => ({ stillFrom: chance.int(1, 10), dead: chance.is(0.3), neverStops: chance.is(0.2) }),
  muted(chance: Chance) {
    const mutedFrom = chance.int(2, 8);
    return { mutedFrom, mutedTo: mutedFrom + chance.int(1, 20) };
  },
  lost: (chance: Chance) => ({ lostAt: chance.int(1, 10), neverStops: chance.is(0.3) }),
} satisfies Record<string, (chance: Chance) => Omit<Disorder, 'name'>>;

/** The behaviour of the next recorder. */
export function drawDisorder(chance: Chance): Disorder {
  const name = chance.pick(Object.keys(kinds) as DisorderName[]);
  return { name, ...kinds[name](chance) };
}
