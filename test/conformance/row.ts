/** One row of the conformance table. */
import type { Endpoint } from './endpoint.ts';

/** The key words of RFC 2119 that rows have. */
type Level = 'MUST' | 'SHOULD' | 'MAY';

/** A sentence of the specification and its test. */
export interface Row {
  name: string;
  /** The heading in the specification. */
  section: string;
  /** The strength of the sentence's key word. */
  level: Level;
  /** The sentence of the specification: tus resumable upload protocol 1.0.0. */
  sentence: string;
  /** The extension that the endpoint must advertise for this row to run. */
  extension?: string;
  /** Holds unless it throws a `Failure`, or `NotApplicable` where the row does not apply to this endpoint. */
  run(endpoint: Endpoint): Promise<void>;
}

/** Makes the rows of one heading of the specification and of one extension. */
export function section(
  heading: string,
  rows: Array<Omit<Row, 'section' | 'extension'>>,
  { extension }: { extension?: string } = {},
): Row[] {
  return rows.map((row) => ({ section: heading, ...(extension ? { extension } : {}), ...row }));
}

/** Bytes that look like the beginning of a WebM recording; the same bytes for the same size. */
export function payload(size: number): Uint8Array {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  bytes.set([0x1a, 0x45, 0xdf, 0xa3].slice(0, size));
  return bytes;
}
