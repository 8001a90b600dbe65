/** `/files` but for PATCH: who asks, and what for. The protocol itself is in tus.ts and @tus/server. */
import { randomUUID } from 'node:crypto';
import { Metadata } from '@tus/server';
import { type Context, Hono } from 'hono';
import type { Storage } from '../../storage/index.ts';
import type { Take, Token } from '../../storage/types.ts';
import { type Auth, bearerOf } from '../auth.ts';
import type { Config } from '../config.ts';
import { problem, problemOf } from '../problem.ts';
import { requireQuestion } from '../question-index.ts';
import type { Receiver } from '../receive.ts';
import { toTusProblem } from '../refusal.ts';
import { type AddressOf, incomingOf } from '../request.ts';
import type { Tus } from '../tus.ts';
import { BODY_TYPE, NO_CHECKSUM, stateHeaders, TUS_VERSION, toInteger } from '../upload-headers.ts';
import { paths, type TakeMetadata } from '../wire.ts';

export interface UploadRoutesDeps {
  storage: Pick<Storage, 'store' | 'takes' | 'sessions'>;
  auth: Auth;
  tus: Tus;
  receiver: Receiver;
  config: Pick<Config, 'maxAnswerBytes'>;
  addressOf: AddressOf;
}

const MAX_UNFINISHED = 64;
/** No GET: reading a recording is no candidate's business, and closing one early kills the process (field note 3). */
const METHODS = new Set(['OPTIONS', 'POST', 'HEAD', 'DELETE']);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** @tus/server answers 400 to a forwarded header it does not like (field note 11), and needs none of them. */
const NOT_FOR_TUS = ['forwarded', 'x-forwarded-proto', 'x-forwarded-host', 'x-http-method-override'];

/** The tus endpoint. */
export function uploadRoutes({ storage, auth, tus, receiver, config, addressOf }: UploadRoutesDeps): Hono {
  const { store, takes, sessions } = storage;
  const app = new Hono();

  const answer = async (c: Context): Promise<Response> => {
    try {
      return await serve(c);
    } catch (error) {
      throw toTusProblem(error);
    }
  };
  // `all`: Hono serves HEAD by its GET handler unless the route takes every method (field note 9).
  app.all(paths.files, answer).all(`${paths.files}/`, answer).all(`${paths.files}/:id`, answer);

  async function serve(c: Context): Promise<Response> {
    // "X-HTTP-Method-Override: a string which MUST be interpreted as the request's method by the Server."
    const method = (c.req.header('x-http-method-override') ?? c.req.method).toUpperCase();
    const url = new URL(c.req.url);
    url.search = '';
    url.pathname = url.pathname.replace(/\/+$/, '');
    const headers = new Headers(c.req.raw.headers);
    for (const name of NOT_FOR_TUS) headers.delete(name);

    if (!METHODS.has(method)) throw problem('not-found');
    if (method === 'OPTIONS') return tus.handle(new Request(url, { method, headers }), {});
    if (headers.get('tus-resumable') !== TUS_VERSION)
      throw problem('tus-version', { headers: { 'Tus-Version': TUS_VERSION } });
    const token = await auth.authenticate(bearerOf(headers.get('authorization')), addressOf(incomingOf(c)));
    const id = c.req.param('id');
    if (method === 'POST' && id === undefined) return create(c, url, headers, token);
    if (id === undefined || method === 'POST') throw problem('not-found');
    return tus.handle(new Request(url, { method, headers }), { take: await requireOwn(token, id) });
  }

  /** Other people's uploads do not exist. */
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
    // The same take again: its first 201 was lost. The upload stays as it is.
    const known = await withoutRemoved(await takes.getByTakeId(session.id, question, takeId));
    const withBody = headers.get('content-type') === BODY_TYPE;
    if (known?.state === 'refused') throw problem('not-a-recording');
    if (known) return created(url, known, withBody);
    if (session.finishedAt) throw problem('session-finished');
    const length = toInteger(headers.get('upload-length'), 'Upload-Length');
    const bytes = withBody ? toInteger(headers.get('content-length'), 'Content-Length') : 0;
    // Before anything is made: an upload that its client was never told of would be nobody's to delete.
    if ((length ?? 0) > config.maxAnswerBytes || (bytes ?? 0) > (length ?? config.maxAnswerBytes))
      throw problem('answer-too-large');
    await receiver.requireRoom();

    const reservedId = store.reserve({
      sessionId: session.id,
      question,
      takeId,
      filetype: metadata.filetype,
      via: 'tus',
      metadata: headers.get('upload-metadata') ?? '',
      maxUnfinished: MAX_UNFINISHED,
    });
    // Stock creation sees no body: what comes with it is received as a PATCH at offset 0 would be.
    const bare = new Headers(headers);
    for (const name of ['content-type', 'content-length', 'transfer-encoding']) bare.delete(name);
    try {
      await tus.handle(new Request(url, { method: 'POST', headers: bare }), { reservedId });
    } catch (error) {
      store.release(reservedId);
      const winner = (error as { cause?: { code?: string } }).cause?.code === 'take-exists';
      const take = winner ? await takes.getByTakeId(session.id, question, takeId) : null;
      if (take) return created(url, take, withBody);
      throw error;
    }
    if (withBody || length === 0) {
      const body = { source: incomingOf(c), offset: 0, declared: null, bytes };
      await receiver.receive(reservedId, body).catch(async (error: unknown) => {
        // Nobody was told of it, and without a takeId nobody can ask: what was refused goes, what was cut is kept.
        if (metadata.takeId === undefined && problemOf(error)?.status === 413)
          await store.remove(reservedId).catch(() => {});
        throw error;
      });
    }
    const take = await takes.get(reservedId);
    if (!take) throw problem('upload-not-found');
    return created(url, take, withBody);
  }

  /** A removal that could not be ended leaves its entry behind: it is ended now. Null for a removed take. */
  async function withoutRemoved(take: Take | null): Promise<Take | null> {
    if (take?.state !== 'removed') return take;
    await store.discard(take.id);
    return null;
  }

  function created(url: URL, take: Take, withOffset: boolean): Response {
    const headers = new Headers({
      Location: `${url.pathname}/${take.id}`,
      'Tus-Resumable': TUS_VERSION,
    });
    if (withOffset) headers.set('Upload-Offset', String(take.offset));
    for (const [name, value] of Object.entries(stateHeaders(take))) headers.set(name, value);
    return new Response(null, { status: 201, headers });
  }

  return app;
}

/** @throws Problem `invalid-metadata` in words that name the key */
function readMetadata(header: string | null): TakeMetadata {
  let values: Record<string, string | null>;
  try {
    values = Metadata.parse(header ?? '');
  } catch (cause) {
    throw problem('invalid-metadata', { cause });
  }
  const { folder, questionIndex, filetype, takeId } = values;
  if (!folder || !questionIndex || !filetype) throw problem('invalid-metadata');
  if (takeId === null || (takeId !== undefined && !UUID.test(takeId))) {
    throw problem('invalid-metadata', { detail: 'takeId must be a UUID.' });
  }
  return { folder, questionIndex, filetype, ...(takeId === undefined ? {} : { takeId: takeId.toLowerCase() }) };
}
