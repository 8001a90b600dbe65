/** The rate of a link: constant or a recorded trace, as a schedule of delivery opportunities. */
import { readFileSync } from 'node:fs';

/** A constant rate in kbit/s, or a repeated trace: the times at which 1500 bytes may leave, in ms from the start, ascending. */
export type LinkRate = { readonly kbit: number } | { readonly traceMs: readonly number[] };

/** Bytes of one delivery opportunity, as in Mahimahi's traces. Headers of TCP and IP are not counted. */
export const opportunityBytes = 1500;

/**
 * Returns a function that gives the time of the n-th opportunity (n from 0), in ms from the start.
 * @throws Error for a rate that never delivers
 */
export function schedule(rate: LinkRate, startMs: number): (n: number) => number {
  if ('kbit' in rate) {
    if (!(rate.kbit > 0)) throw new Error(`a link needs a rate above 0 kbit/s, not ${rate.kbit}`);
    const everyMs = (opportunityBytes * 8) / rate.kbit;
    return (n) => (n + 1) * everyMs;
  }
  const { traceMs } = rate;
  const periodMs = traceMs.at(-1) ?? 0;
  if (!(periodMs > 0)) throw new Error('a trace needs an opportunity later than at 0 ms');
  const offsetMs = startMs % periodMs;
  const skipped = traceMs.findIndex((ms) => ms >= offsetMs);
  return (n) => {
    const index = n + skipped;
    return Math.floor(index / traceMs.length) * periodMs + (traceMs[index % traceMs.length] ?? 0) - offsetMs;
  };
}

/** The length of a trace, in ms, after which it repeats; 0 for a constant rate. */
export function periodOf(rate: LinkRate): number {
  return 'kbit' in rate ? 0 : (rate.traceMs.at(-1) ?? 0);
}

/** The mean rate of a link, in kbit/s. */
export function meanKbit(rate: LinkRate): number {
  return 'kbit' in rate ? rate.kbit : (rate.traceMs.length * opportunityBytes * 8) / periodOf(rate);
}

/** Parses a link's name: `const:KBIT` (kbit/s), or the path of a trace. @throws Error that names what is wrong */
export function parseLink(text: string): LinkRate {
  if (!text.startsWith('const:')) return { traceMs: readTrace(text) };
  const kbit = Number(text.slice('const:'.length));
  if (kbit > 0 && Number.isFinite(kbit)) return { kbit };
  throw new Error(`a link is const:KBIT or a trace file, not ${text}`);
}

/** Reads a trace in Mahimahi's format: one line per opportunity, in ms from the start, ascending. @throws Error that names the bad line */
export function readTrace(file: string): number[] {
  const lines = readFileSync(file, 'utf8').trim().split(/\s*\n/);
  const traceMs = lines.map(Number);
  const bad = traceMs.findIndex((ms, index) => lines[index] === '' || !(ms >= (traceMs[index - 1] ?? 0)));
  if (bad >= 0) throw new Error(`${file}:${bad + 1}: not a time in ms at or after the line before: ${lines[bad]}`);
  if ((traceMs.at(-1) ?? 0) <= 0) throw new Error(`${file}: the trace ends at 0 ms`);
  return traceMs;
}
