/**
 * The tus endpoint's inside but for PATCH: @tus/server dispatches, validates, creates and deletes; HEAD is ours, because
 * the stock one waits for and cuts a live PATCH (field note 8). Everything here serves a visit that is already known to
 * be allowed: routes/uploads asked who it is.
 */
import { ERRORS, type Locker, Server } from '@tus/server';
import type { Storage } from '../storage/index.ts';
import type { Take } from '../storage/types.ts';
import type { Config } from './config.ts';
import { problem } from './problem.ts';
import type { Receiver } from './receive.ts';
import { toTusProblem } from './refusal.ts';
import { stateHeaders } from './upload-headers.ts';
import { paths } from './wire.ts';

/** One request on its way through @tus/server. */
export interface Visit {
  /** The take whose upload is spoken of; absent on creation. */
  take?: Take;
  /** The id reserved for a creation. */
  reservedId?: string;
  /** What a handler threw, before @tus/server made text of it. */
  error?: unknown;
}

export interface TusDeps {
  storage: Pick<Storage, 'store' | 'sessions' | 'locks' | 'restore'>;
  receiver: Pick<Receiver, 'complete'>;
  config: Pick<Config, 'maxAnswerBytes'>;
}

/** A holder that was asked to let go ends within that, or the newcomer is told 423. */
const TAKE_OVER_MS = 5_000;

/** What @tus/server calls for a method. */
type Handler = (request: Request, context: unknown, headers?: Headers) => Promise<Response>;

export type Tus = ReturnType<typeof createTus>;

export function createTus({ storage, receiver, config }: TusDeps) {
  const { store, sessions, locks } = storage;
  const visits = new WeakMap<Request, Visit>();
  const visitOf = (request: Request): Visit => visits.get(request) as Visit;

  const locker: Locker = {
    newLock(id) {
      let release: (() => void) | null = null;
      return {
        async lock(_signal, requestRelease) {
          release = await locks.acquire(id, { waitMs: TAKE_OVER_MS, onRequested: () => void requestRelease() });
          if (!release) throw problem('upload-locked');
          await storage.restore(id).catch((error: unknown) => {
            // @tus/server unlocks only what it has.
            release?.();
            throw error;
          });
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

  const head: Handler = async (request, _context, headers = new Headers()) => {
    const take = requireTake(visitOf(request));
    if (take.state === 'refused') throw problem('not-a-recording');
    // Whole, but not placed: a step failed or a crash came between. Nobody waits for it here.
    if (take.offset === take.length && take.state !== 'recorded') {
      // Too late to be placed: a client that sees the whole offset would take it for success.
      if ((await sessions.get(take.sessionId))?.finishedAt) throw problem('session-finished');
      receiver.complete(take.id).catch(() => {});
    }
    // "The Server MUST prevent the client and/or proxies from caching the response by adding Cache-Control: no-store."
    headers.set('Cache-Control', 'no-store');
    // "The Server MUST always include the Upload-Offset header in the response for a HEAD request."
    headers.set('Upload-Offset', String(take.offset));
    // "As long as the length of the upload is not known, the Server MUST set Upload-Defer-Length: 1."
    if (take.length === null) headers.set('Upload-Defer-Length', '1');
    else headers.set('Upload-Length', String(take.length));
    if (take.metadata) headers.set('Upload-Metadata', take.metadata);
    for (const [name, value] of Object.entries(stateHeaders(take))) headers.set(name, value);
    return new Response(null, { status: 200, headers });
  };

  Object.assign(server.handlers.HEAD, { send: head });

  return {
    /** Answers one request; errors become `Problem`s, thrown. */
    async handle(request: Request, visit: Visit): Promise<Response> {
      visits.set(request, visit);
      const response = await server.handleWeb(request);
      if (visit.error !== undefined) throw toTusProblem(visit.error);
      if (response.status >= 400) throw toTusProblem({ status_code: response.status, body: await response.text() });
      return response;
    },
  };
}

function requireTake({ take }: Visit): Take {
  if (!take) throw problem('upload-not-found');
  return take;
}
