/** Summaries of gates: rows for the report, and goals. */
import { median, percentile } from '../server/figures.ts';
import type { GateFigures } from './gate-figures.ts';

/** All measurements over one trace. */
export interface TraceResult {
  trace: string;
  /** Mean rate of the trace. */
  meanKbit: number;
  gates: GateFigures[];
  /** Gates in Node that were asked for and not reached. */
  lostGates: number;
  /** Gates whose connection went dead at the stop; empty unless asked for. */
  dead: GateFigures[];
  /** The load of the machine meanwhile, where phones ran. */
  load: Partial<Record<Where, Load>>;
}

/** The load of the machine: on a busy machine the figures measure the machine. */
export interface Load {
  /** In per cent of all cores: of the bench with its server, and of everything on the machine. */
  ownPercent: number;
  machinePercent: number;
  /** Lateness of the bench's timers, 99th percentile in ms. */
  timerLagMs: number;
}

/** Waits of one kind of sender in s; null where no gate opened. */
export interface Waits {
  gates: number;
  /** Number of gates that did not open. */
  shut: number;
  p50: number;
  p95: number;
  max: number;
}

/** The engine of a gate: in Node or in Chromium. */
export type Where = GateFigures['where'];

/** The gates of one engine over one trace, ours compared with the other two senders. */
export interface Summary {
  trace: string;
  where: Where;
  /** Gates that were asked for and not reached. */
  lostGates: number;
  ours: Waits;
  ideal: Waits;
  /** null where no answer was sent by multipart. */
  multipart: Waits | null;
  /** Our wait above the ideal, in s: differences of medians and of 95th percentiles, and the percentiles of each gate's difference. */
  overIdeal: { p50: number; p95: number; eachP50: number; eachP95: number };
  resentPercent: number;
  /** Bytes sent beside the answers' own: heads, other requests, and repeated bytes. */
  besidesPercent: number;
  /** Recorded time not acknowledged at the stop, in s; the gates at which it is small, and those at which it is for the ideal sender. */
  backlog: { p50: number; max: number; small: number; idealSmall: number };
  /** Mean bitrate of the answers, and its share of the trace's mean. */
  kbit: number;
  kbitPercent: number;
  meanKbit: number;
}

/** A goal and its result. */
export interface Goal {
  trace: string;
  where: Where;
  what: string;
  reached: string;
  met: boolean;
}

const s = (ms: number): number => ms / 1000;

/** Summarizes waits in ms; null for a gate that stayed shut, which counts as endless in the percentiles. */
export function waitsOf(waitsMs: ReadonlyArray<number | null>): Waits {
  const all = waitsMs.map((ms) => s(ms ?? Number.POSITIVE_INFINITY));
  const shut = all.filter((seconds) => seconds === Number.POSITIVE_INFINITY).length;
  return { gates: all.length, shut, p50: median(all), p95: percentile(all, 95), max: percentile(all, 100) };
}

/** A summary for each engine that has gates. */
export function summarize({ trace, meanKbit, gates, lostGates }: TraceResult): Summary[] {
  return (['node', 'chromium'] as const)
    .map((where) => ({ where, of: gates.filter((gate) => gate.where === where) }))
    .filter(({ of }) => of.length > 0)
    .map(({ where, of }) => {
      const ours = waitsOf(of.map(({ waitMs }) => waitMs));
      const ideal = waitsOf(of.map(({ idealMs }) => idealMs));
      const posted = of.flatMap(({ multipart }) => (multipart ? [multipart.waitMs] : []));
      const each = of.map(({ waitMs, idealMs }) => s((waitMs ?? Number.POSITIVE_INFINITY) - idealMs));
      const sum = (figure: (gate: GateFigures) => number) => of.reduce((total, gate) => total + figure(gate), 0);
      const kbit = median(of.map((gate) => gate.kbit));
      return {
        ...{ trace, where, ours, ideal, meanKbit, kbit },
        lostGates: where === 'node' ? lostGates : 0,
        multipart: posted.length > 0 ? waitsOf(posted) : null,
        overIdeal: {
          p50: ours.p50 - ideal.p50,
          p95: ours.p95 - ideal.p95,
          eachP50: median(each),
          eachP95: percentile(each, 95),
        },
        resentPercent:
          (100 * sum(({ resentBytes }) => resentBytes)) /
          Math.max(
            1,
            sum(({ bytes }) => bytes),
          ),
        besidesPercent:
          (100 * sum(({ sentBytes, bytes }) => Math.max(0, sentBytes - bytes))) /
          Math.max(
            1,
            sum(({ bytes }) => bytes),
          ),
        backlog: {
          p50: s(median(of.map(({ backlogMs }) => backlogMs))),
          max: s(Math.max(...of.map(({ backlogMs }) => backlogMs))),
          small: of.filter(({ backlogMs }) => s(backlogMs) < SMALL_BACKLOG_S).length,
          idealSmall: of.filter((gate) => s((gate.idealBacklogBytes * 8) / gate.kbit) < SMALL_BACKLOG_S).length,
        },
        kbitPercent: (100 * kbit) / meanKbit,
      };
    });
}

/** The goal of the bitrate: a share of the link's mean, up to a limit in kbit/s. */
const MOST_KBIT = 2500;
const LEAST_SHARE = 0.3;
/** Mean rate above which the backlog should be small. In a dead spot a link carries nothing for any sender. */
const BACKLOG_FROM_KBIT = 300;
const SMALL_BACKLOG_S = 3;

/** The goals of a summary, and whether each was met. */
export function goalsOf({ trace, where, ...of }: Summary): Goal[] {
  const goal = (what: string, reached: string, met: boolean): Goal => ({ trace, where, what, reached, met });
  const leastKbit = Math.min(MOST_KBIT, LEAST_SHARE * of.meanKbit);
  const times = of.multipart ? of.multipart.p50 / of.ours.p50 : Number.NaN;
  const asked = of.ours.gates + of.lostGates;
  const open = of.ours.gates - of.ours.shut;
  return [
    goal('every gate opened', `${open} of ${asked}`, open === asked),
    goal('median at most 0.3 s above the ideal', `${fixed(of.overIdeal.p50)} s`, of.overIdeal.p50 <= 0.3),
    goal('p95 at most 0.5 s above the ideal', `${fixed(of.overIdeal.p95)} s`, of.overIdeal.p95 <= 0.5),
    goal(`median bitrate at least ${leastKbit.toFixed()} kbit/s`, `${of.kbit.toFixed()} kbit/s`, of.kbit >= leastKbit),
    ...(of.multipart
      ? [goal('median at least 10 times shorter than multipart', `${fixed(times, 1)} times`, times >= 10)]
      : []),
    goal('re-sent at most 2 %', `${fixed(of.resentPercent)} %`, of.resentPercent <= 2),
    ...(of.meanKbit >= BACKLOG_FROM_KBIT
      ? [
          goal(
            `backlog at the stop below ${SMALL_BACKLOG_S} s of video`,
            backlogWords(of),
            of.backlog.max < SMALL_BACKLOG_S,
          ),
        ]
      : []),
  ];
}

function backlogWords({ backlog, ours }: Pick<Summary, 'backlog' | 'ours'>): string {
  const { small, idealSmall, max } = backlog;
  return `at ${small} of ${ours.gates} gates (the ideal sender's at ${idealSmall}), ${fixed(max)} s at most`;
}

/** The goal for dead connections; `limitMs` is the longest wait that was allowed. */
export function deadGoals({ trace, dead }: TraceResult, limitMs: number): Goal[] {
  if (dead.length === 0) return [];
  const ours = waitsOf(dead.map(({ waitMs }) => waitMs));
  // Bytes that had not left before the stop take their time on any connection.
  const beyond = Math.max(...dead.map(({ waitMs, idealMs }) => s((waitMs ?? Number.POSITIVE_INFINITY) - idealMs)));
  const never = dead.filter(({ multipart }) => multipart?.waitMs === null).length;
  return [
    {
      ...{ trace, where: 'node' as const, what: 'dead connection at the stop: the gate opens within 20 s' },
      reached:
        `median ${fixed(ours.p50)} s, at most ${fixed(ours.max)} s (${ours.gates} gates); ` +
        `at most ${fixed(beyond)} s above the ideal`,
      met: ours.max <= 20,
    },
    {
      ...{ trace, where: 'node' as const, what: 'dead connection at the stop: multipart, to compare' },
      reached: `${never} of ${dead.length} not within ${s(limitMs)} s`,
      met: never === dead.length,
    },
  ];
}

/** Table rows: ours, the ideal sender and multipart, one below the other. Waits in s. */
export function rowsOf(summary: Summary): Array<Record<string, string | number>> {
  const { trace, where, ours, ideal, multipart, overIdeal } = summary;
  const row = (way: string, { gates, p50, p95, max }: Waits, more: Record<string, string> = {}) => ({
    trace,
    way,
    gates,
    p50: fixed(p50),
    p95: fixed(p95),
    max: fixed(max),
    ...{ 'over ideal p50': '', 'over ideal p95': '', 'each p50': '', 'each p95': '' },
    ...{
      're-sent %': '',
      'besides %': '',
      'backlog p50': '',
      'backlog max': '',
      'below 3 s': '',
      'kbit/s': '',
      '% of mean': '',
    },
    ...more,
  });
  return [
    row(where === 'node' ? 'engine' : 'Chromium', ours, {
      'over ideal p50': fixed(overIdeal.p50),
      'over ideal p95': fixed(overIdeal.p95),
      'each p50': fixed(overIdeal.eachP50),
      'each p95': fixed(overIdeal.eachP95),
      're-sent %': fixed(summary.resentPercent),
      'besides %': fixed(summary.besidesPercent),
      'backlog p50': fixed(summary.backlog.p50),
      'backlog max': fixed(summary.backlog.max),
      'below 3 s': `${summary.backlog.small}`,
      'kbit/s': summary.kbit.toFixed(),
      '% of mean': summary.kbitPercent.toFixed(),
    }),
    row('  ideal', ideal),
    ...(multipart ? [row('  multipart', multipart)] : []),
  ];
}

/** `met  Verizon engine: median at most …: 0.21 s` */
export function goalLine({ trace, where, what, reached, met }: Goal): string {
  return `${met ? 'met    ' : 'NOT met'}  ${trace}, ${where === 'node' ? 'engine' : 'Chromium'}: ${what}: ${reached}`;
}

function fixed(value: number, digits = 2): string {
  return Number.isFinite(value) ? value.toFixed(digits) : Number.isNaN(value) ? '–' : 'never';
}
