/** The headers of the tus endpoint that more than one method reads or writes. */
import { KEEP_UNFINISHED_DAYS } from '../storage/index.ts';
import type { Take } from '../storage/types.ts';
import { problem } from './problem.ts';
import { REPR_DIGEST, toReprDigest, UPLOAD_COMPLETE } from './wire.ts';

export const TUS_VERSION = '1.0.0';
export const BODY_TYPE = 'application/offset+octet-stream';

export const NO_CHECKSUM = 'This server does not offer the extension checksum; compare Repr-Digest at the end.';

const KEEP_MS = KEEP_UNFINISHED_DAYS * 86_400_000;

/**
 * A header that must be a plain whole number: `1e+21` is none (field note 11). Null where it is absent.
 * @throws Problem `invalid-tus-request`
 */
export function toInteger(value: string | null | undefined, name: string): number | null {
  if (value === null || value === undefined) return null;
  if (!/^(0|[1-9]\d*)$/.test(value))
    throw problem('invalid-tus-request', { detail: `${name} must be a whole number of bytes.` });
  // More than a double counts exactly is more than any limit, too.
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

/** Whether the answer is whole and placed, and then its digest. */
export function completeHeaders(take: Pick<Take, 'state' | 'sha256'> | null): Record<string, string> {
  if (take?.state !== 'recorded' || !take.sha256) return { [UPLOAD_COMPLETE]: '?0' };
  const base64 = Buffer.from(take.sha256, 'hex').toString('base64');
  return { [UPLOAD_COMPLETE]: '?1', [REPR_DIGEST]: toReprDigest(base64) };
}

/** "The Upload-Expires response header indicates the time after which the unfinished upload expires." */
export function expiresHeader(lastActivityMs: number): Record<string, string> {
  return { 'Upload-Expires': new Date(lastActivityMs + KEEP_MS).toUTCString() };
}

/** What HEAD and the answer to a creation tell of a take beside its offset. */
export function stateHeaders(take: Take): Record<string, string> {
  const expires = take.offset === take.length ? {} : expiresHeader(take.updatedAt.toMillis());
  return { ...completeHeaders(take), ...expires };
}
