import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { pump } from '../../storage/index.ts';
import { problem } from './problem.ts';

const MAX_JSON_BYTES = 64 * 1024;
/** A whole JSON body must arrive within this time: the longest is sent in 11 s at 48 kbit/s. */
const JSON_MS = 15_000;

/**
 * Reads a JSON body of at most 64 KiB.
 * @param withinMs for tests
 * @throws Problem `invalid-json`, `invalid-field`, or, for a body that does not end within 15 s, `unavailable`: on a
 * better network the same request may succeed
 */
export async function readJson<T>(request: Readable, shape: z.ZodType<T>, withinMs = JSON_MS): Promise<T> {
  const body: Buffer[] = [];
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), withinMs);
  const limits = { maxBytes: MAX_JSON_BYTES, signal: late.signal };
  const end = await pump(request, async (chunks) => void body.push(...chunks), limits);
  clearTimeout(timer);
  if (end === 'too-large')
    throw problem('invalid-json', { detail: `The request is larger than ${MAX_JSON_BYTES} bytes.` });
  if (end !== 'end') throw problem('unavailable', { detail: 'The request did not arrive in time; send it again.' });
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(body).toString('utf8'));
  } catch (cause) {
    throw problem('invalid-json', { cause });
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success)
    throw problem('invalid-field', { detail: parsed.error.issues[0]?.message ?? 'A field is missing.' });
  return parsed.data;
}
