/** The command line of `npm run bench:gate`. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type LinkRate, parseLink } from '../../test/support/network/link-rate.ts';

/** A link to measure over. */
export interface Trace {
  /** The file's name without its extension, or `const:KBIT`. */
  name: string;
  rate: LinkRate;
}

/** The checked command line. */
export interface GateOptions {
  traces: Trace[];
  /** Number of phones in parallel, in Node. */
  phones: number;
  /** Smallest number of gates per trace, in Node; 0 for none. */
  gates: number;
  /** Number of gates per trace, in Chromium; 0 for none. */
  chromium: number;
  /** Lengths of the answers, in turn, in seconds. */
  seconds: number[];
  /** One-way delay, in ms. */
  delayMs: number;
  seed: number;
  json: boolean;
  /** The plot's file; null for none. */
  svg: string | null;
  /** True: measure also connections that go dead at the stop. */
  dead: boolean;
}

/** The help text. */
export const USAGE = `npm run bench:gate -- [--trace FILE …] [--link const:KBIT] [options]
  --trace FILE    measured uplinks, one delivery opportunity of 1500 bytes a line; several: --trace A --trace B, or A B
  --link NAME     const:KBIT, or a trace (default const:2000, where no trace is given)
  --phones N      phones side by side in Node, each on a link of its own (default 14)
  --gates N       gates in Node for each trace (default 100; 0: none)
  --chromium N    gates in real Chromium for each trace (default 10; 0: none)
  --seconds LIST  lengths of the answers, in turn (default 20,60)
  --delay MS      one way (default 50)
  --seed N        for whatever is left to chance (default 1)
  --dead          also: connections go dead at the stop
  --json          one JSON document on standard output
  --svg [FILE]    a plot of all waits (default gate.svg)`;

/** Reads the options and the traces; returns a message about a wrong command line. */
export function readOptions(args: string[]): GateOptions | string {
  try {
    const { values, positionals } = parseArgs({
      args: args.flatMap((arg, at) => (arg === '--svg' && isEnd(args[at + 1]) ? [arg, 'gate.svg'] : [arg])),
      allowPositionals: true,
      options: {
        trace: { type: 'string', multiple: true, default: [] },
        link: { type: 'string' },
        phones: { type: 'string', default: '14' },
        gates: { type: 'string', default: '100' },
        chromium: { type: 'string', default: '10' },
        seconds: { type: 'string', default: '20,60' },
        delay: { type: 'string', default: '50' },
        seed: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        svg: { type: 'string' },
        dead: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return USAGE;
    // A shell's glob gives the second file and the following ones without the option's name.
    if (positionals.length > 0 && values.trace.length === 0) return `${positionals[0]} is no option\n${USAGE}`;
    const files = [...values.trace, ...positionals];
    const names = [...files, ...(values.link !== undefined || files.length === 0 ? [values.link ?? 'const:2000'] : [])];
    return {
      traces: names.map((name) => ({ name: nameOf(name), rate: parseLink(name) })),
      phones: whole('--phones', values.phones, 1),
      gates: whole('--gates', values.gates, 0),
      chromium: whole('--chromium', values.chromium, 0),
      seconds: values.seconds.split(',').map((each) => whole('--seconds', each, 1)),
      delayMs: whole('--delay', values.delay, 0),
      seed: whole('--seed', values.seed, 0),
      json: values.json,
      svg: values.svg ?? null,
      dead: values.dead,
    };
  } catch (error) {
    return (error as Error).message;
  }
}

function whole(option: string, text: string, least: number): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isInteger(number) || number < least)
    throw new Error(`${option} takes whole numbers from ${least}, not ${text}`);
  return number;
}

/** Whether an argument is no value of the option before it. */
function isEnd(arg: string | undefined): boolean {
  return arg === undefined || arg.startsWith('--');
}

function nameOf(link: string): string {
  return link.startsWith('const:') ? link : path.basename(link).replace(/\.(up|down)$/, '');
}
