/** The headers of the tus endpoint that several methods read or write. */
import { KEEP_UNFINISHED_DAYS } from '../../storage/index.ts';
import type { Take } from '../../storage/types.ts';
import { problem } from '../http/problem.ts';
import { REPR_DIGEST, toReprDigest, UPLOAD_COMPLETE } from '../wire.ts';

/** The only version of the protocol that the server speaks. */
export const TUS_VERSION = '1.0.0';
const BODY_TYPE = /^application\/offset\+octet-stream\s*(;|$)/i;

/** Detail of the problem for a request with Upload-Checksum. */
export const NO_CHECKSUM = 'This server does not offer the extension checksum; compare Repr-Digest at the end.';

const KEEP_MS = KEEP_UNFINISHED_DAYS * 86_400_000;

/**
 * Whether a Content-Type is that of the bytes of an upload. Types know no case, and some clients add a parameter
 * (RFC 9110, 8.3.1).
 */
export function isBodyType(contentType: string | null | undefined): boolean {
  return BODY_TYPE.test(contentType ?? '');
}

/**
 * Parses a header that must be a plain whole number; `1e+21` is none (platform note 9). Null where the header is
 * absent.
 * @param name of the header, for the problem
 * @throws Problem `invalid-tus-request`
 */
export function toInteger(value: string | null | undefined, name: string): number | null {
  if (value === null || value === undefined) return null;
  if (!/^(0|[1-9]\d*)$/.test(value))
    throw problem('invalid-tus-request', { detail: `${name} must be a whole number of bytes.` });
  // A number that a double can't hold exactly is beyond every limit as well.
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

/** The headers that say whether the answer is whole and placed, and if so its digest. */
export function completeHeaders(take: Pick<Take, 'state' | 'sha256'> | null): Record<string, string> {
  if (take?.state !== 'recorded' || !take.sha256) return { [UPLOAD_COMPLETE]: '?0' };
  const base64 = Buffer.from(take.sha256, 'hex').toString('base64');
  return { [UPLOAD_COMPLETE]: '?1', [REPR_DIGEST]: toReprDigest(base64) };
}

/**
 * "The Upload-Expires response header indicates the time after which the unfinished upload expires."
 * @param lastActivityMs since 1970
 */
export function expiresHeader(lastActivityMs: number): Record<string, string> {
  return { 'Upload-Expires': new Date(lastActivityMs + KEEP_MS).toUTCString() };
}

/** The headers of a take, but for its offset, in responses to HEAD and to a creation. */
export function stateHeaders(take: Take): Record<string, string> {
  const expires = take.offset === take.length ? {} : expiresHeader(take.updatedAt.toMillis());
  return { ...completeHeaders(take), ...expires };
}
