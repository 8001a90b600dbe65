/** What pages of other origins may do: those that the configuration names, and no others. */
import { REPR_DIGEST, UPLOAD_COMPLETE } from './wire.ts';

const EXPOSED = [
  'Location',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Resumable',
  'Tus-Version',
  'Upload-Defer-Length',
  'Upload-Expires',
  'Upload-Length',
  'Upload-Metadata',
  'Upload-Offset',
  UPLOAD_COMPLETE,
  REPR_DIGEST,
  'Retry-After',
].join(', ');
const ALLOWED = [
  'Authorization',
  'Content-Type',
  'Tus-Resumable',
  'Upload-Defer-Length',
  'Upload-Length',
  'Upload-Metadata',
  'Upload-Offset',
  'X-HTTP-Method-Override',
  'X-Request-ID',
  'X-Requested-With',
].join(', ');
const METHODS = 'OPTIONS, POST, HEAD, PATCH, DELETE';
const PREFLIGHT_SECONDS = '86400';

/** Headers of an answer to a page of `origin`; of a preflight, too, when `method` is OPTIONS. */
export type Cors = (origin: string | null | undefined, method: string) => Record<string, string>;

/** @param allowedOrigins as browsers write them: `https://example.com` */
export function createCors(allowedOrigins: readonly string[]): Cors {
  return (origin, method) => {
    // Also without an origin: a cache must not give that answer to a page.
    const vary = { Vary: 'Origin' };
    if (!origin || !allowedOrigins.includes(origin)) return vary;
    const answer = { ...vary, 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED };
    if (method !== 'OPTIONS') return answer;
    return {
      ...answer,
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': ALLOWED,
      'Access-Control-Max-Age': PREFLIGHT_SECONDS,
    };
  };
}
