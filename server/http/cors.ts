/** Cross-origin requests: pages of the origins that the configuration names may make them, and no others. */
import { REPR_DIGEST, UPLOAD_COMPLETE } from '../wire.ts';

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
  // Not offered, but a page can only read why once its request is let through.
  'Upload-Checksum',
  'Upload-Concat',
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

/** Gives the headers of a response to a page of `origin`, those of a preflight included when `method` is OPTIONS. */
export type Cors = (origin: string | null | undefined, method: string) => Record<string, string>;

/**
 * Creates the function that gives cross-origin headers.
 * @param allowedOrigins as browsers write origins: `https://example.com`
 */
export function createCors(allowedOrigins: readonly string[]): Cors {
  return (origin, method) => {
    // Also without an origin: a cache must not give the response to such a request to a page.
    const vary = { Vary: 'Origin' };
    if (!origin || !allowedOrigins.includes(origin)) return vary;
    const headers = { ...vary, 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED };
    if (method !== 'OPTIONS') return headers;
    return {
      ...headers,
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': ALLOWED,
      'Access-Control-Max-Age': PREFLIGHT_SECONDS,
    };
  };
}
