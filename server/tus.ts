/**
 * The tus endpoint's inside: @tus/server dispatches, validates and creates; HEAD and PATCH are ours, because stock
 * HEAD waits for and cuts a live PATCH (field note 8), and stock PATCH can't survive a cut last one (field note 4).
 * Everything here serves a visit that is already known to be allowed: routes/uploads asked who it is.
 */
import type { Readable } from 'node:stream';
import { ERRORS, type Locker, Server } from '@tus/server';
import type { Storage } from '../storage/index.ts';
import { containerOf, MAGIC_BYTES, type PumpEnd } from '../storage/index.ts';
import type { Take, Token } from '../storage/types.ts';
import type { Auth } from './auth.ts';
import type { Config } from './config.ts';
import { type Problem, problem, problemOf } from './problem.ts';
import type { ReportUnfinished } from './unfinished.ts';
import { paths, REPR_DIGEST, toReprDigest, UPLOAD_COMPLETE } from './wire.ts';

/** One request on its way through @tus/server. */
export interface Visit {
  token: Token;
  /** The request's body, read directly where Node's own request is at hand. */
  source: Readable;
  /** The take whose upload is spoken of; absent on creation. */
  take?: Take;
  /** The id reserved for a creation. */
  reservedId?: string;
  /** What a handler threw, before @tus/server made text of it. */
  error?: unknown;
}

export interface TusDeps {
  storage: Pick<Storage, 'store' | 'takes' | 'sessions' | 'locks' | 'finish' | 'freeBytes'>;
  auth: Pick<Auth, 'requireActive'>;
  config: Pick<Config, 'maxAnswerBytes' | 'minFreeBytes' | 'allowedOrigins'>;
  /** A body that brings nothing for that long is given up. */
  idleMs?: number;
  reportUnfinished: ReportUnfinished;
}

/** An unfinished upload is kept for that long after its last byte. */
const EXPIRES_AFTER_DAYS = 7;
/** A holder that was asked to let go ends within that, or the newcomer is told 423. */
const TAKE_OVER_MS = 5_000;

/** What @tus/server calls for a method. */
type Handler = (request: Request, context: unknown, headers?: Headers) => Promise<Response>;

export type Tus = ReturnType<typeof createTus>;

export function createTus({ storage, auth, config, idleMs = 30_000, reportUnfinished }: TusDeps) {
  const { store, takes, sessions, locks } = storage;
  const visits = new WeakMap<Request, Visit>();
  const visitOf = (request: Request): Visit => visits.get(request) as Visit;

  const locker: Locker = {
    newLock(id) {
      let release: (() => void) | null = null;
      return {
        async lock(_signal, requestRelease) {
          release = await locks.acquire(id, { waitMs: TAKE_OVER_MS, onRequested: () => void requestRelease() });
          if (!release) throw problem('upload-locked');
        },
        async unlock() {
          release?.();
        },
      };
    },
  };

  const server = new Server({
    path: paths.files,
    datastore: store,
    relativeLocation: true,
    locker,
    maxSize: config.maxAnswerBytes,
    allowedOrigins: (origin) => config.allowedOrigins.includes(origin),
    exposedHeaders: [UPLOAD_COMPLETE, REPR_DIGEST, 'Upload-Offset', 'Upload-Expires', 'Retry-After'],
    namingFunction: (request) => visitOf(request).reservedId as string,
    onResponseError: (request, error) => {
      visitOf(request).error = error;
      return undefined;
    },
  });
  // An answer that arrived whole is the session's; the store refuses too, under the lock.
  server.options.onIncomingRequest = async (request, id) => {
    const { take } = visitOf(request);
    if (request.method === 'DELETE' && take?.state !== 'refused' && take?.offset === take?.length)
      throw problem('upload-finished');
    if (request.method !== 'POST' && take?.id !== id) throw ERRORS.FILE_NOT_FOUND;
  };

  async function requireRoom(): Promise<void> {
    const freeBytes = await storage.freeBytes();
    if (freeBytes < config.minFreeBytes)
      throw problem('disk-full', {
        cause: new Error(`${freeBytes} bytes are free, the floor is ${config.minFreeBytes}`),
      });
  }

  /** HEAD and PATCH tell of the whole answer with these. */
  function completeHeaders(take: Take): Record<string, string> {
    if (take.state !== 'recorded' || !take.sha256) return { [UPLOAD_COMPLETE]: '?0' };
    const base64 = Buffer.from(take.sha256, 'hex').toString('base64');
    return { [UPLOAD_COMPLETE]: '?1', [REPR_DIGEST]: toReprDigest(base64) };
  }

  /** "The Upload-Expires response header indicates the time after which the unfinished upload expires." */
  function expires(take: Take): Record<string, string> {
    if (take.offset === take.length) return {};
    return { 'Upload-Expires': take.updatedAt.plus({ days: EXPIRES_AFTER_DAYS }).toHTTP() ?? '' };
  }

  const head: Handler = async (request, _context, headers = new Headers()) => {
    const take = requireTake(visitOf(request));
    if (take.state === 'refused') throw problem('not-a-recording');
    // Whole, but not placed: a step failed or a crash came between. Nobody waits for it here.
    if (take.offset === take.length && take.state !== 'recorded') {
      // Too late to be placed: a client that sees the whole offset would take it for success.
      await requireOpenSession(take.sessionId);
      complete(take).catch(() => {});
    }
    // "The Server MUST prevent the client and/or proxies from caching the response by adding Cache-Control: no-store."
    headers.set('Cache-Control', 'no-store');
    // "The Server MUST always include the Upload-Offset header in the response for a HEAD request."
    headers.set('Upload-Offset', String(take.offset));
    // "As long as the length of the upload is not known, the Server MUST set Upload-Defer-Length: 1."
    if (take.length === null) headers.set('Upload-Defer-Length', '1');
    else headers.set('Upload-Length', String(take.length));
    if (take.metadata) headers.set('Upload-Metadata', take.metadata);
    for (const [name, value] of Object.entries({ ...completeHeaders(take), ...expires(take) }))
      headers.set(name, value);
    return new Response(null, { status: 200, headers });
  };

  const patch: Handler = async (request, _context, headers = new Headers()) => {
    const visit = visitOf(request);
    const offset = integerHeader(request, 'Upload-Offset');
    if (offset === null) throw problem('invalid-tus-request', { detail: 'A PATCH needs Upload-Offset.' });
    const take = await receive(visit, requireTake(visit).id, offset, {
      declared: integerHeader(request, 'Upload-Length'),
      bodyBytes: integerHeader(request, 'Content-Length'),
    });
    for (const [name, value] of Object.entries({ ...completeHeaders(take), ...expires(take) }))
      headers.set(name, value);
    headers.set('Upload-Offset', String(take.offset));
    return new Response(null, { status: 204, headers });
  };

  Object.assign(server.handlers.HEAD, { send: head });
  Object.assign(server.handlers.PATCH, { send: patch });

  /**
   * One body into one upload, under its lock; a request that holds it is asked to end, and what it brought is committed
   * before the offset is compared. Finishes the take when its last byte is there.
   */
  async function receive(
    visit: Visit,
    id: string,
    offset: number,
    { declared, bodyBytes }: { declared: number | null; bodyBytes: number | null },
  ): Promise<Take> {
    const superseded = new AbortController();
    const release = await locks.acquire(id, { waitMs: TAKE_OVER_MS, onRequested: () => superseded.abort() });
    if (!release) throw problem('upload-locked');
    try {
      let take = await takes.get(id);
      if (!take) throw problem('upload-not-found');
      if (take.state === 'refused') throw problem('not-a-recording');
      // Only the repeat of a PATCH whose answer was lost is served after the session's finish: it adds nothing.
      const adds = bodyBytes || (declared ?? take.length) !== take.length;
      if (take.state !== 'recorded' || adds) await requireOpenSession(take.sessionId);
      if (take.offset !== offset)
        throw problem('offset-conflict', { headers: { 'Upload-Offset': String(take.offset) } });
      take = await declare(take, declared);
      const room = Math.min(take.length ?? config.maxAnswerBytes, config.maxAnswerBytes) - offset;
      if (bodyBytes !== null && bodyBytes > room) throw problem('answer-too-large');
      if (offset !== take.length) {
        await requireRoom();
        const onCommit = watch(visit.token, take);
        const { end, ...moved } = await store.append(visit.source, id, offset, {
          maxBytes: room,
          idleMs,
          signal: superseded.signal,
          onCommit,
        });
        requireEnd(end);
        await onCommit(moved.offset);
        take = (await takes.get(id)) ?? take;
      }
      return take.offset === take.length ? await complete(take) : take;
    } finally {
      release();
    }
  }

  /** "A repeated Upload-Length equal to the one declared is accepted": the answer to the first one may be lost. */
  async function declare(take: Take, declared: number | null): Promise<Take> {
    if (declared === null || declared === take.length) return take;
    if (take.length !== null || declared < take.offset) throw problem('length-conflict');
    if (declared > config.maxAnswerBytes) throw problem('answer-too-large');
    await store.declareUploadLength(take.id, declared);
    return { ...take, length: declared };
  }

  async function requireOpenSession(id: string): Promise<void> {
    if ((await sessions.get(id))?.finishedAt) throw problem('session-finished');
  }

  /**
   * What is asked at each commit while a body comes in: whether it is a recording, as soon as its first bytes tell, and
   * whether its sender may still send it. Refusals are thrown.
   */
  function watch(token: Token, { id, sessionId, offset }: Pick<Take, 'id' | 'sessionId' | 'offset'>) {
    let judged = offset >= MAGIC_BYTES;
    return async (committed: number): Promise<void> => {
      if (!judged && committed >= MAGIC_BYTES) {
        judged = true;
        if (!containerOf(await store.head(id, MAGIC_BYTES))) {
          await store.refuse(id);
          throw problem('not-a-recording');
        }
      }
      await auth.requireActive(token);
      await requireOpenSession(sessionId);
    };
  }

  async function complete(take: Take): Promise<Take> {
    const done = await storage.finish(take.id).catch((cause: unknown) => {
      const refusal = problemOf(cause);
      if (refusal && refusal.status < 500) throw refusal;
      reportUnfinished(take.id, cause);
      const detail = 'The answer is here; putting it in place did not work yet.';
      throw problem(refusal?.code ?? 'unavailable', { detail });
    });
    if (done?.state === 'refused') throw problem('not-a-recording');
    return done ?? take;
  }

  return {
    /** Answers one request; errors become `Problem`s, thrown. */
    async handle(request: Request, visit: Visit): Promise<Response> {
      visits.set(request, visit);
      const response = await server.handleWeb(request);
      if (visit.error !== undefined) throw toProblem(visit.error);
      if (response.status >= 400) throw toProblem({ status_code: response.status, body: await response.text() });
      return response;
    },
    receive,
    completeHeaders,
    requireRoom,
    watch,
  };
}

function requireTake({ take }: Visit): Take {
  if (!take) throw problem('upload-not-found');
  return take;
}

/** A header that must be a plain whole number: `1e+21` is none (field note 11). Null where it is absent. */
export function integerHeader(request: Request, name: string): number | null {
  const value = request.headers.get(name);
  if (value === null) return null;
  if (!/^(0|[1-9]\d{0,14})$/.test(value))
    throw problem('invalid-tus-request', { detail: `${name} must be a whole number of bytes.` });
  return Number(value);
}

function requireEnd(end: PumpEnd): void {
  if (end === 'too-large') throw problem('answer-too-large');
  if (end === 'aborted') throw problem('upload-superseded');
  // The peer is gone or silent; what it sent is committed. Nobody may read this answer.
  if (end === 'cut' || end === 'idle')
    throw problem('unavailable', { detail: 'The request ended early; what arrived is kept.' });
}

/** What @tus/server or the storage threw, as one of ours. Unknown errors keep their cause for the log. */
export function toProblem(error: unknown): Problem {
  const known = problemOf(error);
  if (known) return known;
  const { status_code: status, body } = error as { status_code?: number; body?: string };
  if (status === 404 || status === 410) return problem('upload-not-found');
  if (status === 413) return problem('answer-too-large');
  if (status === 412) return problem('tus-version', { headers: { 'Tus-Version': '1.0.0' } });
  if (status !== undefined && status < 500) return problem('invalid-tus-request', { detail: (body ?? '').trim() });
  return problem('unavailable', { cause: error });
}
