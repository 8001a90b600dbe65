/** One row of the conformance table. */
import type { Endpoint } from './endpoint.ts';

export type Level = 'MUST' | 'SHOULD' | 'MAY';

export interface Row {
  name: string;
  /** The specification's heading. */
  section: string;
  /** The strength of the sentence's key word. */
  level: Level;
  /** The specification's own words: tus resumable upload protocol 1.0.0. */
  sentence: string;
  /** Runs only where the endpoint advertises it. */
  extension?: string;
  /** Holds unless it throws: `Failure`, or `NotApplicable` where the row says nothing about this endpoint. */
  run(endpoint: Endpoint): Promise<void>;
}

/** The rows of one heading of the specification, and of one extension. */
export function section(
  heading: string,
  rows: Array<Omit<Row, 'section' | 'extension'>>,
  { extension }: { extension?: string } = {},
): Row[] {
  return rows.map((row) => ({ section: heading, ...(extension ? { extension } : {}), ...row }));
}

/** Bytes that pass for the beginning of a WebM recording; the same ones every time. */
export function payload(size: number): Uint8Array {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  bytes.set([0x1a, 0x45, 0xdf, 0xa3].slice(0, size));
  return bytes;
}
