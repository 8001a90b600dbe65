/**
 * The wait at the gate over measured uplinks: our engine in Node on recorded slices (many phones in parallel, each on a
 * link of its own) and our page in real Chromium, compared with the ideal sender and with one multipart POST after the stop.
 * All three get the same bytes and the same moments of the same trace. Usage: bench/gate/options.ts.
 */

import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { LADDER } from '../client/capture/quality.ts';
import { toTable } from '../server/cli/table.ts';
import { openStorage } from '../storage/index.ts';
import { meanKbit } from '../test/support/network/link-rate.ts';
import { spawnServer, type TestServer, temporaryFolder, tresgo } from '../test/support/server/server.ts';
import { runChromium } from './gate/chromium.ts';
import { type GateOptions, readOptions, type Trace } from './gate/options.ts';
import { type Candidate, QUESTIONS } from './gate/phone.ts';
import { runPhones, watchLoad } from './gate/phones.ts';
import { plotWaits } from './gate/plot.ts';
import { deadGoals, type Goal, goalLine, goalsOf, rowsOf, summarize, type TraceResult } from './gate/report.ts';
import { type RungRecordings, recordLadder } from './gate/slices.ts';
import { stepRows } from './gate/steps.ts';

const NAME = 'Bench Candidate';
/** Longest wait for a gate behind a dead connection, in ms. */
const DEAD_LIMIT_MS = 60_000;
/** Load above which the bench measures the machine and not the network, in per cent of all cores. */
const BUSY_PERCENT = 70;
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

/** Runs the bench and prints its report. Returns the exit status: 0 for any measurement, 2 for a wrong command line. */
export async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    tell(options);
    return args.includes('--help') ? 0 : 2;
  }
  // Build an outdated dist/ now, not during a measurement.
  await tresgo(['--help']);
  const inNode = options.gates > 0 || options.dead;
  const ladder = inNode ? await recordLadder(LADDER, options.seconds, tell) : [];
  const results: TraceResult[] = [];
  for (const trace of options.traces) results.push(await measure(trace, options, ladder));
  if (options.svg !== null) await writeFile(options.svg, plotWaits(results));
  const summaries = results.flatMap(summarize);
  const goals = [...summaries.flatMap(goalsOf), ...results.flatMap((result) => deadGoals(result, DEAD_LIMIT_MS))];
  const { phones, seconds, delayMs, seed } = options;
  const machine = { cpus: availableParallelism(), cpu: cpus()[0]?.model ?? '', node: process.version };
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ machine, phones, seconds, delayMs, seed, summaries, goals, results }, null, 2)}\n`
      : `${toText(results, goals)}\n`,
  );
  return 0;
}

/** Measures one trace, with a server of its own. */
async function measure(trace: Trace, options: GateOptions, ladder: readonly RungRecordings[]): Promise<TraceResult> {
  const { name, rate } = trace;
  const { phones, gates, chromium, seconds, delayMs, dead } = options;
  const folder = await temporaryFolder();
  const candidates = await createCandidates(folder.path, candidatesOf(options));
  const server: TestServer = await spawnServer({ dataDir: folder.path });
  try {
    const nextCandidate = (): Candidate => {
      const candidate = candidates.pop();
      if (!candidate) throw new Error('the bench made too few candidates');
      return candidate;
    };
    const random = createRandom(options.seed);
    const over = { port: server.port, rate, delayMs, seconds, nextCandidate, random, tell };
    const result: TraceResult = {
      trace: name,
      meanKbit: meanKbit(rate),
      gates: [],
      lostGates: 0,
      dead: [],
      load: {},
    };
    if (gates > 0) {
      tell(`${name}: ${gates} gates on ${Math.min(gates, phones)} phones in Node …`);
      const run = await runPhones({ ...over, phones: Math.min(gates, phones), gates, ladder });
      result.gates.push(...run.gates);
      result.lostGates += run.lostGates;
      result.load.node = run.load;
    }
    if (dead) {
      tell(`${name}: ${phones} phones whose connection goes dead at the stop …`);
      const shortest = [Math.min(...seconds)];
      const each = { ...over, phones, gates: phones, seconds: shortest, deadLimitMs: DEAD_LIMIT_MS };
      result.dead.push(...(await runPhones({ ...each, ladder })).gates);
    }
    if (chromium > 0) {
      tell(`${name}: ${chromium} gates in Chromium …`);
      const load = watchLoad();
      result.gates.push(...(await runChromium({ ...over, gates: chromium })));
      result.load.chromium = load();
    }
    return result;
  } finally {
    await server.stop();
    await folder.remove();
  }
}

/** Number of candidates for all sessions: ours and the multipart session beside each. */
function candidatesOf({ phones, gates, chromium }: GateOptions): number {
  return 2 * (Math.ceil(gates / phones / QUESTIONS) * phones + phones + chromium) + chromium;
}

/** Creates tokens before the server starts, because the commands would be measured with it. */
async function createCandidates(dataDir: string, count: number): Promise<Candidate[]> {
  const storage = await openStorage({ dataDir });
  try {
    await storage.interviews.ensureDefault();
    const made: Candidate[] = [];
    for (let at = 0; at < count; at++) {
      const of = { name: NAME, interview: 'default', expiresAt: null, maxSessions: 1 };
      made.push({ name: NAME, token: (await storage.tokens.create(of)).secret });
    }
    return made;
  } finally {
    await storage.close();
  }
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32, as published by T. Ettinger). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function toText(results: readonly TraceResult[], goals: readonly Goal[]): string {
  const rows = results.flatMap(summarize).flatMap(rowsOf);
  const head = 'Waits in s from the stop to the open gate; backlog in s of video at the stop.';
  const parts = rows.length > 0 ? [head, toTable(rows)] : [];
  for (const { trace, gates, load } of results) {
    if (gates.some(({ steps }) => steps !== null))
      parts.push(`${trace}: where the engine's time went, in ms after the stop`, toTable(stepRows(gates)));
    for (const [where, { ownPercent, machinePercent, timerLagMs }] of Object.entries(load)) {
      const figures = `the bench and its server ${ownPercent.toFixed()} % of all cores, the machine ${machinePercent.toFixed()} %`;
      const warning = machinePercent > BUSY_PERCENT ? ' TOO BUSY: take fewer phones, or a quiet machine.' : '';
      parts.push(`${trace}, ${where}: ${figures}; timers late by ${timerLagMs.toFixed(1)} ms (p99).${warning}`);
    }
  }
  return [...parts, goals.map(goalLine).join('\n')].join('\n\n');
}
