/** Phones in parallel over one trace. */
import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LinkRate } from '../../test/support/network/link-rate.ts';
import { periodOf } from '../../test/support/network/link-rate.ts';
import { readCpu, readMachineMs } from '../server/process-figures.ts';
import type { GateFigures } from './gate-figures.ts';
import { type PhoneOptions, runPhone } from './phone.ts';
import type { Load } from './report.ts';

/** The options of all phones; each phone gets a part of the gates and of the trace. */
interface PhonesOptions extends Omit<PhoneOptions, 'phone' | 'startMs' | 'answers' | 'onGate'> {
  phones: number;
  /** Smallest number of gates of all phones together. */
  gates: number;
  tell: (text: string) => void;
}

/**
 * Each phone's start in the trace, in ms: evenly spread, and all shifted by one random share of a phone's part, so that
 * another seed meets other moments. 0 for a constant rate.
 */
export function offsetsOf(rate: LinkRate, count: number, random: () => number): number[] {
  const everyMs = periodOf(rate) / count;
  const shift = random();
  return Array.from({ length: count }, (_, at) => Math.floor((at + shift) * everyMs));
}

/** The results of all phones. */
interface PhonesRun {
  gates: GateFigures[];
  /** Gates that were asked for and not reached: a phone failed, or stood before a shut gate. */
  lostGates: number;
  load: Load;
}

/** Runs all phones in real time. Never rejects: the failure of a phone is reported, and its other gates are lost. */
export async function runPhones(options: PhonesOptions): Promise<PhonesRun> {
  const { phones, gates, rate, random, tell } = options;
  const answers = Math.ceil(gates / phones);
  const found: GateFigures[] = [];
  const load = watchLoad();
  const onGate = (gate: GateFigures): void => {
    found.push(gate);
    if (gate.shut !== null) tell(`phone ${gate.phone}: a gate stayed shut: ${gate.shut}`);
  };
  const progress = setInterval(() => tell(`  ${found.length} of ${answers * phones} gates …`), 60_000);
  try {
    await Promise.all(
      offsetsOf(rate, phones, random).map((startMs, phone) =>
        runPhone({ ...options, phone, startMs, answers, onGate }).catch((error: unknown) =>
          tell(`phone ${phone} broke off: ${error instanceof Error ? (error.stack ?? error) : error}`),
        ),
      ),
    );
  } finally {
    clearInterval(progress);
  }
  return { gates: found, lostGates: answers * phones - found.length, load: load() };
}

/** Starts to measure the load of the machine; the returned function ends that and returns the load. */
export function watchLoad(): () => Load {
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  const began = { ms: performance.now(), own: readCpu(process.pid).totalMs, machine: readMachineMs() };
  return () => {
    lag.disable();
    const availableMs = (performance.now() - began.ms) * availableParallelism();
    const percent = (ms: number) => (100 * ms) / availableMs;
    return {
      ownPercent: percent(readCpu(process.pid).totalMs - began.own),
      machinePercent: percent(readMachineMs() - began.machine),
      // The histogram holds the time between two turns, of which 10 ms were asked for.
      timerLagMs: Math.max(0, lag.percentile(99) / 1e6 - 10),
    };
  };
}
