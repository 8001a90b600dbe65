import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { getRequestListener, RequestError } from '@hono/node-server';
import { Hono } from 'hono';
import { requestId } from 'hono/request-id';
import { DateTime } from 'luxon';
import { IDLE_MS, type Storage } from '../storage/index.ts';
import type { Config } from './config.ts';
import { createAuth } from './http/auth.ts';
import { createCors } from './http/cors.ts';
import { drainBeforeResponse, endAfterBody } from './http/drain.ts';
import { createReportError, toProblem } from './http/errors.ts';
import { createGuessLimit } from './http/guess-limit.ts';
import { createReportUnfinished, type Log, loggablePath, type ReportUnfinished, withoutErrors } from './http/log.ts';
import { problem } from './http/problem.ts';
import { createAddressOf, incomingOf } from './http/request.ts';
import { answerRoutes } from './routes/answers.ts';
import { healthRoutes } from './routes/health.ts';
import { type Assets, pageRoutes } from './routes/pages.ts';
import { type SessionEvent, sessionRoutes } from './routes/sessions.ts';
import { uplinkRoutes } from './routes/uplink.ts';
import { createPatch, patchedUpload } from './tus/patch.ts';
import { createReceiver } from './tus/receive-body.ts';
import { uploadRoutes } from './tus/routes.ts';
import { createTus } from './tus/stock-server.ts';
import { paths } from './wire.ts';

/** How long a browser remembers that this host is to be reached by HTTPS alone: 180 days. */
const HTTPS_SECONDS = 15_552_000;

/** What `createApp` assembles the application from. */
export interface AppDeps {
  storage: Storage;
  config: Pick<Config, 'allowedOrigins' | 'maxAnswerBytes' | 'minFreeBytes' | 'trustProxy'>;
  /** The URL path that everything is served below, e.g. `/interviews`: with a slash before it and none behind it. */
  basePath?: string;
  /**
   * The built pages. They name `/assets`, `/api` and `/files` from the root, so that with a base path none is served.
   */
  assets?: Assets;
  log: Log;
  now?: () => DateTime;
  reportUnfinished?: ReportUnfinished;
  /** A body is given up after this time without a byte; by default 30,000 ms. */
  idleMs?: number;
  /** Browsers are told to use HTTPS alone for this host from now on (HSTS). */
  isHttpsForGood?: boolean;
  /** Aborted when the server is about to end. */
  stopping?: AbortSignal;
  /** How a slowed log-in waits; by default for real. */
  pause?: (ms: number) => Promise<unknown>;
  /** Hears of sessions that begin and end; by default they are in the log. */
  onSession?: (event: SessionEvent) => void;
}

/** The application in its two forms. */
export interface App {
  /** To be mounted in another Hono application, or asked by `app.request()`. */
  app: Hono<{ Variables: { requestId: string } }>;
  /** For `node:http`. */
  listener: RequestListener;
}

/**
 * Assembles the whole application. It opens nothing and listens nowhere.
 *
 * `listener` is `app` with a short path for the PATCH of an upload, which makes a PATCH cheap (see tus/patch.ts). It is
 * the form for a server of one's own.
 *
 * `app` serves the same requests with the same responses, also below the path of another Hono application:
 * `parent.route('/interviews', app)`, or `parent.route('/', app)` where `basePath` was given. It answers every request
 * below its path, unknown ones with 404, so it is mounted after the parent's own routes there. Where the parent runs on
 * `@hono/node-server`, bodies are read from Node's request. Elsewhere, as with `app.request()`, they are read from the
 * web stream: of a body that is cut, less is kept (platform note 8), and the client's address is unknown, so that
 * failed log-ins of all clients share one limit.
 * @throws TypeError for a base path that is none
 */
export function createApp({
  storage,
  config,
  basePath = '',
  assets = new Map(),
  log: givenLog,
  now = () => DateTime.now(),
  reportUnfinished = createReportUnfinished(withoutErrors(givenLog)),
  idleMs = IDLE_MS,
  isHttpsForGood = false,
  stopping,
  pause,
  onSession: givenOnSession,
}: AppDeps): App {
  if (basePath !== '' && !/^(\/[\w.~-]+)+$/.test(basePath)) throw new TypeError(`${basePath} is no base path`);
  const log = withoutErrors(givenLog);
  const onSession =
    givenOnSession ??
    (({ what, session: { folder }, answers, questions }: SessionEvent) =>
      log.info({ folder, answers, questions }, `session ${what}`));
  const auth = createAuth(storage, createGuessLimit({ log, wait: pause }), now);
  const receiver = createReceiver({ storage, config, idleMs, stopping, reportUnfinished });
  const tus = createTus({ storage, receiver, config });
  const cors = createCors(config.allowedOrigins);
  const reportError = createReportError(log);
  const addressOf = createAddressOf(config.trustProxy);
  const files = `${basePath}${paths.files}`;
  const draining = { idleMs, stopping };
  const patch = createPatch({
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
  });

  const app: App['app'] = new Hono<{ Variables: { requestId: string } }>().basePath(basePath);
  app.use(requestId());
  app.use(async (c, next) => {
    const startedAt = performance.now();
    await next();
    const ms = Math.round(performance.now() - startedAt);
    // The path alone: a client may have put a secret into the query string.
    log.debug(
      { id: c.get('requestId'), method: c.req.method, path: loggablePath(c.req.path), status: c.res.status, ms },
      'request',
    );
  });
  app.use(async (c, next) => {
    await next();
    // What @tus/server says of other origins is said by `cors` alone.
    for (const name of [...c.res.headers.keys()]) if (name.startsWith('access-control-')) c.res.headers.delete(name);
    // With what else the response depends on.
    for (const [name, value] of Object.entries(cors(c.req.header('origin'), c.req.method)))
      c.res.headers[name === 'Vary' ? 'append' : 'set'](name, value);
    c.res.headers.set('X-Content-Type-Options', 'nosniff');
    // A developer's other servers are on localhost, too.
    if (isHttpsForGood && new URL(c.req.url).hostname !== 'localhost')
      c.res.headers.set('Strict-Transport-Security', `max-age=${HTTPS_SECONDS}`);
    // Without a length, clients in Node give up the connection after a HEAD.
    if (c.req.method === 'HEAD' && !c.res.headers.has('Content-Length'))
      c.res.headers.set('Content-Length', String(c.res.body ? (await c.res.clone().arrayBuffer()).byteLength : 0));
  });
  app.route('/', uploadRoutes({ storage, auth, tus, patch, receiver, config, addressOf }));
  app.options('*', (c) => c.body(null, 204));
  app.route('/', healthRoutes({ storage, config }));
  app.route('/', sessionRoutes({ storage, auth, config, addressOf, onSession }));
  app.route('/', answerRoutes({ storage, auth, receiver, addressOf, idleMs }));
  app.route('/', uplinkRoutes({ auth, addressOf, idleMs, stopping }));
  if (basePath === '') app.route('/', pageRoutes(assets));
  app.all('*', () => {
    throw problem('not-found');
  });
  app.onError(async (error, c) => {
    await drainBeforeResponse(incomingOf(c), draining);
    return reportError(error, c.get('requestId')).toResponse();
  });
  // Beside the base path.
  app.notFound(() => problem('not-found').toResponse());

  const respond = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // It would close the connection 500 ms after the response, however much is unread: `endAfterBody` does it.
    autoCleanupIncoming: false,
    // A Host or a target that makes no URL (RequestError): the request never gets to the application.
    // Any other error may be cured by a later try, which 400 would forbid.
    errorHandler: (error) =>
      (error instanceof RequestError
        ? problem('invalid-request')
        : reportError(toProblem(error), randomUUID())
      ).toResponse(),
  });
  return {
    app,
    listener: (request, response) => {
      // HTTP/1.0 knows no Host, and the checks of some proxies send none. HTTP/1.1 requires it.
      if (request.httpVersion === '1.0') request.headers.host ??= 'localhost';
      const id = request.headers.host === undefined ? null : patchedUpload(request, files);
      if (id !== null) {
        patch.respond(request, response, id).catch((error: unknown) => {
          reportError(error, randomUUID());
          request.socket.destroy();
        });
        return;
      }
      endAfterBody(request, response, draining);
      void respond(request, response);
    },
  };
}
