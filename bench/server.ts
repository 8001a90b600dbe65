/**
 * The cost of a PATCH: a bare Node handler that writes without sync (the limit), stock @tus/server with FileStore, and our
 * server, in turns in one run, each in a new process for each measurement. Linux only: it reads /proc.
 */
import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { toTable } from '../server/cli/table.ts';
import { tresgo } from '../test/support/server/server.ts';
import { type Leftovers, openContender } from './server/contender.ts';
import { spreadOf } from './server/figures.ts';
import { createMeasurements, type Measurement, profiled } from './server/measurements.ts';
import { readCpu, readMachineMs } from './server/process-figures.ts';
import { type ProfileReport, profile } from './server/profile.ts';
import { judge, type Result, summarize, toText } from './server/report.ts';

const USAGE = `npm run bench:server -- [options]
  --rounds N         of every measurement of every contender, in turns (5)
  --only A,B         of cpu64, cpu256, large, live, memory, waiters (all)
  --live-seconds N   that the live recordings are measured for (10)
  --seed N           of the phases of the live recordings (1)
  --json             one JSON document on standard output
  --help             this
  --profile FILE     instead: where the CPU of our 64 KiB PATCH goes; FILE gets the profile as V8 wrote it
  TMPDIR=…           the disk that is written to
`;
/** Type of a file system in memory (statfs(2)), where a sync costs nothing and the figures say little. */
const TMPFS_MAGIC = 0x01021994;

/** Runs the bench and prints its report. Returns the exit status. */
export async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(options);
    return options === USAGE ? 0 : 2;
  }
  const leftovers: Leftovers = new Set();
  // Also when the bench is stopped or fails: no server and no folder may stay.
  process.on('exit', () => {
    for (const clear of leftovers) clear();
  });
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.once(signal, () => process.exit(status));
  if (statfsSync(tmpdir()).type === TMPFS_MAGIC)
    tell(`${tmpdir()} is in memory: a sync costs nothing there. Set TMPDIR to a folder on a disk.`);
  // Build an outdated dist/ now, not during a measurement.
  await tresgo(['--help']);

  if (options.profile !== undefined) {
    tell('Ours under 64 KiB PATCHes, with the profiler …');
    const report = await profile(options.profile, profiled, leftovers);
    process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : `${profileText(report)}\n`);
    return 0;
  }
  const machine = {
    cpus: availableParallelism(),
    cpu: cpus()[0]?.model ?? '',
    kernel: release(),
    node: process.version,
    loadBefore: loadavg()[0],
  };
  const results = await runAll(options, leftovers);
  const summary = summarize(results);
  const { rounds, measurements, seed } = options;
  const titles = Object.fromEntries(measurements.map(({ name, title }) => [name, title]));
  const elsewhere = spreadOf(results.map(({ elsewherePercent }) => elsewherePercent));
  const document = {
    machine,
    rounds,
    seed,
    titles,
    results,
    elsewherePercent: elsewhere,
    summary,
    goals: judge(summary),
  };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(document, null, 2)}\n`
      : [
          `Medians of ${rounds} rounds (lowest–highest); a ratio is of figures of the same round.`,
          `${machine.cpus} × ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}.`,
          `Something else had ${elsewhere.median.toFixed()} % of a core (at most ${elsewhere.max.toFixed()} %).`,
          `\n${toText(measurements, summary)}\n`,
        ].join('\n'),
  );
  return 0;
}

interface Options {
  rounds: number;
  seed: number;
  json: boolean;
  profile: string | undefined;
  measurements: Measurement[];
}

/** The options, or a message about a wrong command line. */
function readOptions(args: string[]): Options | string {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
      'live-seconds': { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return USAGE;
  const numbers = [values.rounds, values['live-seconds'], values.seed].map(Number);
  if (!numbers.every((number) => Number.isInteger(number) && number > 0))
    return 'bench: --rounds, --live-seconds and --seed take whole numbers above 0\n';
  const [rounds, liveSeconds, seed] = numbers as [number, number, number];
  const all = createMeasurements({ liveSeconds });
  const only = values.only?.split(',') ?? all.map(({ name }) => name);
  const unknown = only.find((name) => !all.some((each) => each.name === name));
  if (unknown !== undefined) return `bench: --only takes ${all.map(({ name }) => name).join(',')}, not ${unknown}\n`;
  const measurements = all.filter(({ name }) => only.includes(name));
  return { rounds, seed, json: values.json, profile: values.profile, measurements };
}

/** Runs all contenders of each measurement in each round; the contender that starts changes from round to round. */
async function runAll({ rounds, seed, measurements }: Options, leftovers: Leftovers): Promise<Result[]> {
  const results: Result[] = [];
  const secondsOf = ({ contenders, seconds }: Measurement) => contenders.length * seconds;
  const total = rounds * measurements.reduce((sum, each) => sum + secondsOf(each), 0);
  const startedMs = performance.now();
  let done = 0;
  for (let round = 1; round <= rounds; round++) {
    for (const { name: measurement, contenders, seconds, run } of measurements) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(turn + round) % contenders.length] as Result['contender'];
        const pace = done > 0 ? (performance.now() - startedMs) / 1000 / done : 1;
        tell(
          `round ${round} of ${rounds}, ${measurement}, ${contender} (${Math.ceil((pace * (total - done)) / 60)} min left)`,
        );
        const before = { atMs: performance.now(), machineMs: readMachineMs(), bench: process.cpuUsage() };
        const opened = await openContender(contender, leftovers);
        try {
          const figures = await run(opened, seed + round);
          const bench = process.cpuUsage(before.bench);
          const knownMs = readCpu(opened.pid).totalMs + (bench.user + bench.system) / 1000;
          const elsewhereMs = readMachineMs() - before.machineMs - knownMs;
          const elsewherePercent = (elsewhereMs / (performance.now() - before.atMs)) * 100;
          results.push({ round, measurement, contender, figures, elsewherePercent });
        } finally {
          await opened.stop();
        }
        done += seconds;
      }
    }
  }
  return results;
}

function profileText({ patches, cpu, functions, places, syscalls }: ProfileReport): string {
  const rounded = Object.entries(cpu).map(([figure, value]) => ({
    [`of ${patches} PATCHes, each`]: figure,
    ms: value.toFixed(3),
  }));
  const calls = Object.entries(syscalls ?? {}).filter(([, count]) => count >= 0.1);
  return [
    toTable(rounded),
    'The first thread, self time (%):',
    toTable(functions.map(({ name, percent }) => ({ '%': percent, function: name }))),
    toTable(places.map(({ name, percent }) => ({ '%': percent, place: name }))),
    syscalls
      ? toTable(calls.map(([name, count]) => ({ 'a PATCH': Number(count.toFixed(2)), 'system call': name })))
      : 'System calls: not counted, strace is missing or may not attach.',
  ].join('\n\n');
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
