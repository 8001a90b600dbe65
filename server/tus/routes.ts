/**
 * `/files`: the checks of each request before it is served by stock-server.ts, patch.ts or here (a creation with data).
 */
import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { type Storage, storageCodeOf } from '../../storage/index.ts';
import type { Take, Token } from '../../storage/types.ts';
import type { Config } from '../config.ts';
import { type Auth, bearerOf } from '../http/auth.ts';
import { problemOf } from '../http/errors.ts';
import { problem } from '../http/problem.ts';
import { type AddressOf, incomingOf, requireQuestion } from '../http/request.ts';
import { paths } from '../wire.ts';
import { toTusProblem } from './errors.ts';
import { isBodyType, NO_CHECKSUM, stateHeaders, TUS_VERSION, toInteger } from './headers.ts';
import { readMetadata } from './metadata.ts';
import type { Patch } from './patch.ts';
import type { Receiver } from './receive-body.ts';
import { MAX_UNFINISHED, maxTakesOf } from './session-limits.ts';
import type { Tus } from './stock-server.ts';

/** What the tus endpoint needs. */
interface UploadRoutesDeps {
  storage: Pick<Storage, 'store' | 'takes' | 'sessions' | 'requireThere'>;
  auth: Auth;
  tus: Tus;
  receiver: Receiver;
  patch: Pick<Patch, 'serve'>;
  config: Pick<Config, 'maxAnswerBytes'>;
  addressOf: AddressOf;
}

/**
 * Without GET: a candidate does not read recordings, and a GET that its client closes early kills the process (platform
 * note 3).
 */
const METHODS = new Set(['OPTIONS', 'POST', 'HEAD', 'PATCH', 'DELETE']);
/** @tus/server responds 400 to forwarded headers that it can't parse (platform note 9), and needs none of these. */
const NOT_FOR_TUS = ['forwarded', 'x-forwarded-proto', 'x-forwarded-host', 'x-http-method-override'];

/** The routes of the tus endpoint. */
export function uploadRoutes({ storage, auth, tus, patch, receiver, config, addressOf }: UploadRoutesDeps): Hono {
  const { store, takes, sessions } = storage;
  const app = new Hono();

  const respond = async (c: Context): Promise<Response> => {
    try {
      return await serve(c);
    } catch (error) {
      throw toTusProblem(error);
    }
  };
  // `all`: Hono serves HEAD by its GET handler unless the route takes every method (platform note 8).
  app.all(paths.files, respond).all(`${paths.files}/`, respond).all(`${paths.files}/:id`, respond);

  async function serve(c: Context): Promise<Response> {
    // "X-HTTP-Method-Override: a string which MUST be interpreted as the request's method by the Server."
    const method = (c.req.header('x-http-method-override') ?? c.req.method).toUpperCase();
    const headers = new Headers(c.req.raw.headers);
    for (const name of NOT_FOR_TUS) headers.delete(name);

    if (!METHODS.has(method)) throw problem('not-found');
    const id = c.req.param('id');
    // The URL has no base path: @tus/server does not know it.
    const url = new URL(id === undefined ? paths.files : `${paths.files}/${id}`, c.req.url);
    if (method === 'OPTIONS') return tus.handle(new Request(url, { method, headers }), {});
    if (method === 'PATCH' && id !== undefined)
      return new Response(null, { status: 204, headers: await patch.serve(incomingOf(c), id) });
    if (headers.get('tus-resumable') !== TUS_VERSION)
      throw problem('tus-version', { headers: { 'Tus-Version': TUS_VERSION } });
    const token = await auth.authenticate(bearerOf(headers.get('authorization')), addressOf(incomingOf(c)));
    if (method === 'POST' && id === undefined) return create(c, url, headers, token);
    if (id === undefined || method === 'POST' || method === 'PATCH') throw problem('not-found');
    return tus.handle(new Request(url, { method, headers }), { take: await requireOwn(token, id) });
  }

  /** @throws Problem `upload-not-found` for another candidate's upload, as for one that does not exist */
  async function requireOwn(token: Token, id: string): Promise<Take> {
    const take = await takes.get(id);
    const session = take && (await sessions.get(take.sessionId));
    if (!take || take.state === 'removed' || session?.tokenId !== token.id) throw problem('upload-not-found');
    return take;
  }

  async function create(c: Context, url: URL, headers: Headers, token: Token): Promise<Response> {
    if (headers.has('upload-concat'))
      throw problem('invalid-tus-request', { detail: 'This server does not offer the extension concatenation.' });
    if (headers.has('upload-checksum')) throw problem('invalid-tus-request', { detail: NO_CHECKSUM });
    const metadata = readMetadata(headers.get('upload-metadata'));
    const session = await auth.requireSession(token, metadata.folder);
    const question = requireQuestion(metadata.questionIndex, session);
    const takeId = metadata.takeId ?? randomUUID();
    // A repeated creation, after a lost 201: the upload stays as it is.
    const known = await withoutRemoved(await takes.getByTakeId(session.id, question, takeId));
    const withBody = isBodyType(headers.get('content-type'));
    if (known?.state === 'refused') throw problem('not-a-recording');
    if (known && known.part !== (metadata.part ?? null))
      throw problem('invalid-metadata', {
        detail: 'Upload-Metadata: this takeId belongs to an upload of another part.',
      });
    if (known) return repeated(c, known);
    if (session.finishedAt) throw problem('session-finished');
    const length = toInteger(headers.get('upload-length'), 'Upload-Length');
    const bytes = withBody ? toInteger(headers.get('content-length'), 'Content-Length') : 0;
    // Before an upload is created: no client could delete an upload whose creation was refused.
    if ((length ?? 0) > config.maxAnswerBytes || (bytes ?? 0) > (length ?? config.maxAnswerBytes))
      throw problem('answer-too-large');
    await receiver.requireRoom();

    const reservedId = store.reserve({
      sessionId: session.id,
      question,
      takeId,
      filetype: metadata.filetype,
      via: 'tus',
      part: metadata.part ?? null,
      aheadOf: metadata.aheadOf ?? null,
      metadata: metadata.kept,
      maxUnfinished: MAX_UNFINISHED,
      maxTakes: maxTakesOf(session.interview),
    });
    // @tus/server creates an empty upload; the body is then received as that of a PATCH at offset 0.
    const bare = new Headers(headers);
    bare.set('upload-metadata', metadata.plain);
    for (const name of ['content-type', 'content-length', 'transfer-encoding']) bare.delete(name);
    try {
      await tus.handle(new Request(url, { method: 'POST', headers: bare }), { reservedId });
    } catch (error) {
      store.release(reservedId);
      const winner = storageCodeOf((error as Error).cause) === 'take-exists';
      const take = winner ? await withoutRemoved(await takes.getByTakeId(session.id, question, takeId)) : null;
      if (take) return repeated(c, take);
      // It was removed just now: the next try creates it.
      throw winner ? problem('unavailable') : error;
    }
    if (withBody || length === 0) {
      const body = { source: incomingOf(c), offset: 0, declared: null, bytes };
      await receiver.receive(reservedId, body).catch(async (error: unknown) => {
        // Without a takeId the client can't find the upload again, so it is removed where it was refused for good. What
        // a cut request brought is kept.
        const status = problemOf(error)?.status ?? 0;
        if (metadata.takeId === undefined && (status === 413 || status === 415))
          await store.remove(reservedId, { counts: status === 415 }).catch(() => {});
        throw error;
      });
    }
    const take = await takes.get(reservedId);
    if (!take) throw problem('upload-not-found');
    return created(c, take, withBody);
  }

  /** Null for a removed take. A removal that failed half-way has left the take's entry behind; it is completed here. */
  async function withoutRemoved(take: Take | null): Promise<Take | null> {
    if (take?.state !== 'removed') return take;
    await store.discard(take.id);
    return null;
  }

  /** A client that lost the first response may know neither the URL nor how much of its body has arrived. */
  async function repeated(c: Context, take: Take): Promise<Response> {
    await storage.requireThere(take);
    receiver.tell(take.id, take.offset);
    return created(c, take, true);
  }

  function created(c: Context, take: Take, withOffset: boolean): Response {
    const headers = new Headers({
      // Relative, and below the same path as the request.
      Location: `${c.req.path.replace(/\/+$/, '')}/${take.id}`,
      'Tus-Resumable': TUS_VERSION,
    });
    if (withOffset) headers.set('Upload-Offset', String(take.offset));
    for (const [name, value] of Object.entries(stateHeaders(take))) headers.set(name, value);
    return new Response(null, { status: 201, headers });
  }

  return app;
}
