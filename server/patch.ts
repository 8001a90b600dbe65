/**
 * PATCH, on Node's own request and response: it is asked once or twice a second for each candidate, and a Request, a
 * Response and two Headers cost more than its disk. @tus/server has all the other methods.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DateTime } from 'luxon';
import type { LiveTake, Storage } from '../storage/index.ts';
import type { Log } from './app.ts';
import { type Auth, bearerOf } from './auth.ts';
import type { Cors } from './cors.ts';
import { type Problem, problem } from './problem.ts';
import type { Receiver } from './receive.ts';
import { type Refuse, toTusProblem } from './refusal.ts';
import type { AddressOf } from './request.ts';
import { BODY_TYPE, completeHeaders, expiresHeader, NO_CHECKSUM, TUS_VERSION, toInteger } from './upload-headers.ts';
import { paths } from './wire.ts';

export interface PatchDeps {
  storage: Pick<Storage, 'liveTakes'>;
  auth: Auth;
  receiver: Pick<Receiver, 'receive'>;
  cors: Cors;
  refuse: Refuse;
  log: Log;
  addressOf: AddressOf;
  now: () => DateTime;
  /** Aborted when the server is about to end: nobody's rest is waited for. */
  stopping?: AbortSignal | undefined;
}

/** What is left of a refused body is thrown away for so long, so that its sender gets to read the answer. */
const DRAIN_MS = 5_000;
const DRAIN_STOPPING_MS = 500;

/** The upload's id where a request is a PATCH of one; else null. */
export function patchedUpload({ method, url = '', headers }: IncomingMessage): string | null {
  // "X-HTTP-Method-Override: a string which MUST be interpreted as the request's method by the Server."
  if (String(headers['x-http-method-override'] ?? method).toUpperCase() !== 'PATCH') return null;
  // "A server MUST accept the absolute-form in requests" (RFC 9112, 3.2.2).
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]+/i, '');
  const end = target.indexOf('?');
  const path = end < 0 ? target : target.slice(0, end);
  const id = path.slice(paths.files.length + 1);
  return path.startsWith(`${paths.files}/`) && id !== '' && !id.includes('/') ? id : null;
}

export function createPatch({ storage, auth, receiver, cors, refuse, log, addressOf, now, stopping }: PatchDeps) {
  /** Other people's uploads do not exist. */
  async function requireOwn(request: IncomingMessage, id: string): Promise<LiveTake> {
    const secret = bearerOf(request.headers.authorization);
    const take = await storage.liveTakes.get(id);
    if (take && auth.isBearer(secret, take.token)) return take;
    const token = await auth.authenticate(secret, addressOf(request));
    if (take?.token.id !== token.id) throw problem('upload-not-found');
    return take;
  }

  async function serve(request: IncomingMessage, id: string): Promise<Record<string, string>> {
    if (request.headers['tus-resumable'] !== TUS_VERSION)
      throw problem('tus-version', { headers: { 'Tus-Version': TUS_VERSION } });
    const take = await requireOwn(request, id);
    return receive(request, take).catch((error: unknown) => {
      const refusal = toTusProblem(error);
      // "This header MUST be included in every PATCH response if the upload is going to expire."
      if (take.offset !== take.length) Object.assign(refusal.headers, expiresHeader(Date.parse(take.updatedAt)));
      throw refusal;
    });
  }

  async function receive(request: IncomingMessage, take: LiveTake): Promise<Record<string, string>> {
    const { headers } = request;
    // "All PATCH requests MUST use Content-Type: application/offset+octet-stream, otherwise the server SHOULD return 415."
    if (headers['content-type'] !== BODY_TYPE) throw problem('wrong-content-type');
    // Not offered, and who sends it relies on it: it can't be passed over (field note 11).
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

  /** Answers one request; it never rejects. */
  return async (request: IncomingMessage, response: ServerResponse, id: string): Promise<void> => {
    const startedAt = performance.now();
    const crossOrigin = cors(request.headers.origin, 'PATCH');
    try {
      response.writeHead(204, { ...(await serve(request, id)), ...crossOrigin });
      response.end();
    } catch (error) {
      answer(response, refuse(toTusProblem(error), randomUUID()), crossOrigin);
      drain(request, stopping?.aborted ? DRAIN_STOPPING_MS : DRAIN_MS);
    }
    const ms = Math.round(performance.now() - startedAt);
    log.debug({ method: 'PATCH', path: `${paths.files}/${id}`, status: response.statusCode, ms }, 'request');
  };
}

function answer(response: ServerResponse, refusal: Problem, headers: Record<string, string>): void {
  response.writeHead(refusal.status, { ...refusal.allHeaders, ...headers });
  response.end(refusal.body);
}

/** The next request on the connection comes only after this one's body. */
function drain(request: IncomingMessage, withinMs: number): void {
  if (request.complete || request.destroyed) return;
  request.on('error', () => {});
  const cut = setTimeout(() => request.socket.destroy(), withinMs);
  request.once('close', () => clearTimeout(cut)).once('end', () => clearTimeout(cut));
  request.resume();
}
