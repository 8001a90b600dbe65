/**
 * PATCH. Each recording candidate sends one or two a second, and a web Request, a Response and two Headers cost more
 * than the PATCH's writes to disk. So `respond` works on Node's own request and response; `serve` is the part without a
 * response, for requests that come through Hono. The other methods are served by @tus/server.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DateTime } from 'luxon';
import type { LiveTake, Storage } from '../../storage/index.ts';
import { type Auth, bearerOf } from '../http/auth.ts';
import type { Cors } from '../http/cors.ts';
import { type DrainOptions, endAfterBody } from '../http/drain.ts';
import type { ReportError } from '../http/errors.ts';
import type { Log } from '../http/log.ts';
import { problem } from '../http/problem.ts';
import type { AddressOf, Incoming } from '../http/request.ts';
import { toTusProblem } from './errors.ts';
import { completeHeaders, expiresHeader, isBodyType, NO_CHECKSUM, TUS_VERSION, toInteger } from './headers.ts';
import type { Receiver } from './receive-body.ts';

/** What PATCH needs. */
interface PatchDeps {
  storage: Pick<Storage, 'liveTakes'>;
  auth: Auth;
  receiver: Pick<Receiver, 'receive'>;
  cors: Cors;
  /** Path of the tus endpoint, base path included. */
  files: string;
  reportError: ReportError;
  /** How long the body of a refused PATCH is read. */
  draining: DrainOptions;
  log: Log;
  addressOf: AddressOf;
  now: () => DateTime;
}

/**
 * The upload's id where a request is a PATCH of one; null for any other request.
 * @param files path of the tus endpoint, base path included
 */
export function patchedUpload({ method, url = '', headers }: IncomingMessage, files: string): string | null {
  // "X-HTTP-Method-Override: a string which MUST be interpreted as the request's method by the Server."
  if (String(headers['x-http-method-override'] ?? method).toUpperCase() !== 'PATCH') return null;
  // "A server MUST accept the absolute-form in requests" (RFC 9112, 3.2.2).
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]+/i, '');
  const end = target.indexOf('?');
  const path = end < 0 ? target : target.slice(0, end);
  const id = path.slice(files.length + 1);
  return path.startsWith(`${files}/`) && id !== '' && !id.includes('/') ? id : null;
}

/** The two ways that a PATCH is served. */
export type Patch = ReturnType<typeof createPatch>;

/** Creates the two ways that a PATCH is served: `serve` for requests through Hono, `respond` on Node's response. */
export function createPatch({
  storage,
  auth,
  receiver,
  cors,
  files,
  reportError,
  draining,
  log,
  addressOf,
  now,
}: PatchDeps) {
  /** @throws Problem `upload-not-found` for another candidate's upload, as for one that does not exist */
  async function requireOwn(request: Incoming, id: string): Promise<LiveTake> {
    const secret = bearerOf(request.headers.authorization);
    const take = await storage.liveTakes.get(id);
    if (take && auth.isBearer(secret, take.token)) return take;
    const token = await auth.authenticate(secret, addressOf(request));
    if (take?.token.id !== token.id) throw problem('upload-not-found');
    return take;
  }

  /**
   * Serves one request.
   * @returns the headers of its 204
   * @throws Problem, or what the storage threw
   */
  async function serve(request: Incoming, id: string): Promise<Record<string, string>> {
    if (request.headers['tus-resumable'] !== TUS_VERSION)
      throw problem('tus-version', { headers: { 'Tus-Version': TUS_VERSION } });
    const take = await requireOwn(request, id);
    return receive(request, take).catch((error: unknown) => {
      const translated = toTusProblem(error);
      // "This header MUST be included in every PATCH response if the upload is going to expire."
      if (take.offset !== take.length) Object.assign(translated.headers, expiresHeader(Date.parse(take.updatedAt)));
      throw translated;
    });
  }

  async function receive(request: Incoming, take: LiveTake): Promise<Record<string, string>> {
    const { headers } = request;
    // "All PATCH requests MUST use Content-Type: application/offset+octet-stream, otherwise the server SHOULD return
    // 415."
    if (!isBodyType(headers['content-type'])) throw problem('wrong-content-type');
    // A client that sends a checksum relies on its check, so the header can't be ignored (platform note 9).
    if (headers['upload-checksum'] !== undefined) throw problem('invalid-tus-request', { detail: NO_CHECKSUM });
    const offset = toInteger(headers['upload-offset'] as string | undefined, 'Upload-Offset');
    if (offset === null) throw problem('invalid-tus-request', { detail: 'A PATCH needs Upload-Offset.' });
    const progress = await receiver.receive(take.id, {
      source: request,
      offset,
      declared: toInteger(headers['upload-length'] as string | undefined, 'Upload-Length'),
      bytes: toInteger(headers['content-length'] ?? (headers['transfer-encoding'] ? null : '0'), 'Content-Length'),
    });
    const added = progress.offset > offset;
    return {
      'Tus-Resumable': TUS_VERSION,
      'Upload-Offset': String(progress.offset),
      ...completeHeaders(progress.whole),
      ...(progress.whole ? {} : expiresHeader(added ? now().toMillis() : Date.parse(take.updatedAt))),
    };
  }

  /** Writes the response of one request, also when the request fails: the promise never rejects. */
  async function respond(request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
    const startedAt = performance.now();
    const crossOrigin = cors(request.headers.origin, 'PATCH');
    try {
      response.writeHead(204, { ...(await serve(request, id)), ...crossOrigin });
      response.end();
    } catch (error) {
      // A PATCH that succeeds has read its body.
      endAfterBody(request, response, draining);
      const { status, allHeaders, body } = reportError(toTusProblem(error), randomUUID());
      const length = { 'Content-Length': String(Buffer.byteLength(body)) };
      response.writeHead(status, { ...allHeaders, ...length, ...crossOrigin });
      response.end(body);
    }
    const ms = Math.round(performance.now() - startedAt);
    log.debug({ method: 'PATCH', path: `${files}/${id}`, status: response.statusCode, ms }, 'request');
  }

  return { serve, respond };
}
