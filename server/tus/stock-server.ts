/**
 * The inner part of the tus endpoint, PATCH excepted. @tus/server dispatches, validates, creates and deletes. HEAD is
 * replaced, because the stock HEAD waits for a live PATCH and cuts it (platform note 7). routes.ts has checked each
 * request before it comes here.
 */
import { ERRORS, type Locker, Server } from '@tus/server';
import type { Storage } from '../../storage/index.ts';
import type { Take } from '../../storage/types.ts';
import type { Config } from '../config.ts';
import { problem } from '../http/problem.ts';
import { paths } from '../wire.ts';
import { toTusProblem } from './errors.ts';
import { stateHeaders } from './headers.ts';
import { type Receiver, TAKE_OVER_MS } from './receive-body.ts';

/** What this server knows of one request that passes through @tus/server. */
interface Visit {
  /** The take of the request's upload; absent for a creation. */
  take?: Take;
  /** The id reserved for a creation. */
  reservedId?: string;
  /** What a handler threw, before @tus/server turned it into text. */
  error?: unknown;
}

/** What the inner part of the endpoint needs. */
interface TusDeps {
  storage: Pick<Storage, 'store' | 'takes' | 'sessions' | 'locks' | 'restore' | 'requireThere'>;
  receiver: Pick<Receiver, 'complete' | 'tell'>;
  config: Pick<Config, 'maxAnswerBytes'>;
}

/** What @tus/server calls for a method. */
type Handler = (request: Request, context: unknown, headers?: Headers) => Promise<Response>;

/** The inner part of the tus endpoint. */
export type Tus = ReturnType<typeof createTus>;

/** Creates the inner part of the tus endpoint. */
export function createTus({ storage, receiver, config }: TusDeps) {
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
          await storage.restore(id).catch((error: unknown) => {
            // @tus/server unlocks only where `lock` succeeded.
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
  // A whole answer belongs to the session. The store checks this again, under the lock.
  server.options.onIncomingRequest = async (request, id) => {
    const { take } = visitOf(request);
    if (request.method === 'DELETE' && take?.state !== 'refused' && take?.offset === take?.length)
      throw problem('upload-finished');
    if (request.method !== 'POST' && take?.id !== id) throw ERRORS.FILE_NOT_FOUND;
  };

  const head: Handler = async (request, _context, headers = new Headers()) => {
    let take = requireTake(visitOf(request));
    if (take.state === 'refused') throw problem('not-a-recording');
    // The take is whole and not placed: a step failed, or the process crashed between. HEAD does not wait for the
    // finish.
    if (take.offset === take.length && take.state !== 'recorded') {
      if ((await sessions.get(take.sessionId))?.finishedAt) {
        // The end of a session records what is whole: perhaps after the take was read.
        take = (await takes.get(take.id)) ?? take;
        // The take is too late to be placed, and a client would take the whole offset for success.
        if (take.state !== 'recorded') throw problem('session-finished');
      } else receiver.complete(take.id).catch(() => {});
    }
    await storage.requireThere(take);
    // "The Server MUST prevent the client and/or proxies from caching the response by adding Cache-Control: no-store."
    headers.set('Cache-Control', 'no-store');
    // "The Server MUST always include the Upload-Offset header in the response for a HEAD request."
    headers.set('Upload-Offset', String(take.offset));
    receiver.tell(take.id, take.offset);
    // "As long as the length of the upload is not known, the Server MUST set Upload-Defer-Length: 1."
    if (take.length === null) headers.set('Upload-Defer-Length', '1');
    else headers.set('Upload-Length', String(take.length));
    const metadata = await takes.metadataOf(take.id);
    if (metadata) headers.set('Upload-Metadata', metadata);
    for (const [name, value] of Object.entries(stateHeaders(take))) headers.set(name, value);
    return new Response(null, { status: 200, headers });
  };

  Object.assign(server.handlers.HEAD, { send: head });

  return {
    /** Serves one request. @throws Problem for each error of @tus/server or of a handler */
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
