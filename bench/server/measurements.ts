/** All measurements, in the order of a round. */
import { type Contender, type ContenderName, contenderNames } from './contender.ts';
import type { Figures } from './figures.ts';
import { measureLive, RECORDINGS } from './live.ts';
import { AT_REST, CONNECTIONS, LARGE_BYTES, measureCpu, measureLarge, measureMemory, UPLOADS } from './loads.ts';
import { measureWaiters, WAITERS, WINDOW_MS } from './waiters.ts';

/** One measurement of a contender. */
export interface Measurement {
  name: string;
  /** A description. */
  title: string;
  contenders: readonly ContenderName[];
  /** Its approximate duration for one contender, for an estimate of the time left. */
  seconds: number;
  run(contender: Contender, seed: number): Promise<Figures>;
}

const cpuLoads = {
  cpu64: { bytes: 65_536, warmUp: 2_000, count: 2_000 },
  cpu256: { bytes: 262_144, warmUp: 500, count: 1_000 },
} as const;

/** The load that is measured first and that is profiled. */
export const profiled = cpuLoads.cpu64;

/** All measurements; live loads take `liveSeconds`. */
export function createMeasurements({ liveSeconds }: { liveSeconds: number }): Measurement[] {
  const cpu = (name: keyof typeof cpuLoads): Measurement => ({
    name,
    title: `${cpuLoads[name].count} PATCHes of ${cpuLoads[name].bytes / 1024} KiB after ${cpuLoads[name].warmUp}, ${CONNECTIONS} at a time, ${UPLOADS} uploads`,
    contenders: contenderNames,
    seconds: 6,
    run: (contender) => measureCpu(contender, cpuLoads[name]),
  });
  return [
    cpu('cpu64'),
    cpu('cpu256'),
    {
      name: 'large',
      title: `one PATCH of ${LARGE_BYTES / 1e6} MB`,
      contenders: contenderNames,
      seconds: 3,
      run: measureLarge,
    },
    {
      name: 'live',
      title: `${RECORDINGS} recordings, each a PATCH of 64 KiB a second, for ${liveSeconds} s after 2 s`,
      contenders: contenderNames,
      seconds: liveSeconds + 6,
      run: (contender, seed) => measureLive(contender, { seconds: liveSeconds, seed }),
    },
    {
      name: 'memory',
      title: `${AT_REST} uploads, two PATCHes of 64 KiB each and half of a third`,
      contenders: contenderNames,
      seconds: 6,
      run: measureMemory,
    },
    {
      name: 'waiters',
      title: `a stalled writer with ${WAITERS} waiters, unrelated HEADs beside it, three times ${WINDOW_MS / 1000} s`,
      contenders: ['stock', 'ours'],
      seconds: (3 * WINDOW_MS) / 1000 + 3,
      run: measureWaiters,
    },
  ];
}
