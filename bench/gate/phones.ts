/** Phones side by side over one trace. */
import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LinkRate } from '../link.ts';
import { periodOf } from '../link-rate.ts';
import { readCpu, readMachineMs } from '../server/process-figures.ts';
import type { GateFigures } from './gate-figures.ts';
import { type PhoneOptions, runPhone } from './phone.ts';
import type { Load } from './report.ts';

/** As for one phone; each gets a part of the gates and of the trace. */
export interface PhonesOptions extends Omit<PhoneOptions, 'phone' | 'startMs' | 'answers' | 'onGate'> {
  phones: number;
  /** At least so many in all. */
  gates: number;
  tell: (text: string) => void;
}

/**
 * Where each phone begins, in ms: evenly over the trace, all shifted by one chance of a phone's part, so that another seed
 * meets other moments. 0 for a constant rate.
 */
export function offsetsOf(rate: LinkRate, count: number, random: () => number): number[] {
  const everyMs = periodOf(rate) / count;
  const shift = random();
  return Array.from({ length: count }, (_, at) => Math.floor((at + shift) * everyMs));
}

/** What came of all phones. */
export interface PhonesRun {
  gates: GateFigures[];
  /** Asked for, but never reached: a phone broke off, or stood before a shut gate. */
  lostGates: number;
  load: Load;
}

/** Runs them all in real time. Never rejects: a phone that breaks off is told, and its other gates are lost. */
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

/** Begins to watch how busy the machine is; the result ends it and tells what was seen. */
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
      // What is measured is the time between two turns: 10 ms of it were asked for.
      timerLagMs: Math.max(0, lag.percentile(99) / 1e6 - 10),
    };
  };
}
