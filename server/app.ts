import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { requestId } from 'hono/request-id';
import { DateTime } from 'luxon';
import type { Storage } from '../storage/index.ts';
import { createAuth, createClientAddress } from './auth.ts';
import type { Config } from './config.ts';
import { createCors } from './cors.ts';
import { createPatch, patchedUpload } from './patch.ts';
import { problem } from './problem.ts';
import { createReceiver } from './receive.ts';
import { createRefuse } from './refusal.ts';
import type { AddressOf } from './request.ts';
import { answerRoutes } from './routes/answers.ts';
import { healthRoutes } from './routes/health.ts';
import { type Assets, pageRoutes } from './routes/pages.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { uplinkRoutes } from './routes/uplink.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { createTus } from './tus.ts';
import { createReportUnfinished, type ReportUnfinished } from './unfinished.ts';
import { paths } from './wire.ts';

/** What the application tells of itself; pino fits. */
export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface AppDeps {
  storage: Storage;
  config: Config;
  /** The built pages; none in tests of the API. */
  assets?: Assets;
  log: Log;
  now?: () => DateTime;
  reportUnfinished?: ReportUnfinished;
  /** A body that brings nothing for that long is given up. */
  idleMs?: number;
  /** Aborted when the server is about to end. */
  stopping?: AbortSignal;
}

/** The whole application, for `node:http`. Pure assembly: it opens nothing and listens nowhere. */
export function createApp({
  storage,
  config,
  assets = new Map(),
  log,
  now = () => DateTime.now(),
  reportUnfinished = createReportUnfinished(log),
  idleMs = 30_000,
  stopping,
}: AppDeps): RequestListener {
  const auth = createAuth(storage, now);
  const receiver = createReceiver({ storage, config, idleMs, stopping, reportUnfinished });
  const tus = createTus({ storage, receiver, config });
  const cors = createCors(config.allowedOrigins);
  const refuse = createRefuse(log);
  const clientAddress = createClientAddress(config.trustProxy);
  const addressOf: AddressOf = ({ socket, headers }) =>
    clientAddress(socket.remoteAddress, headers['x-forwarded-for'] as string | undefined);
  const patch = createPatch({ storage, auth, receiver, cors, refuse, log, addressOf, now, stopping });

  const app = new Hono<{ Variables: { requestId: string } }>();
  app.use(requestId());
  app.use(async (c, next) => {
    const startedAt = performance.now();
    await next();
    const ms = Math.round(performance.now() - startedAt);
    // The path alone: a query string could carry a secret that somebody put there.
    log.debug({ id: c.get('requestId'), method: c.req.method, path: c.req.path, status: c.res.status, ms }, 'request');
  });
  app.use(async (c, next) => {
    const { method } = c.req;
    const headers = cors(c.req.header('origin'), method);
    if (method === 'OPTIONS' && !c.req.path.startsWith(paths.files)) return c.body(null, 204, headers);
    await next();
    // What @tus/server says of other origins is said by `cors` alone.
    for (const name of [...c.res.headers.keys()]) if (name.startsWith('access-control-')) c.res.headers.delete(name);
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
  });
  app.route('/', healthRoutes({ storage, config }));
  app.route('/', sessionRoutes({ storage, auth, addressOf }));
  app.route('/', answerRoutes({ storage, auth, receiver, config, addressOf, idleMs }));
  app.route('/', uplinkRoutes({ auth, addressOf, idleMs, stopping }));
  app.route('/', uploadRoutes({ storage, auth, tus, receiver, config, addressOf }));
  app.route('/', pageRoutes(assets));
  app.notFound(() => problem('not-found').toResponse());
  app.onError((error, c) => refuse(error, c.get('requestId')).toResponse());

  const answer = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // A Host or a target that makes no URL: it never gets to the application.
    errorHandler: () => problem('invalid-request').toResponse(),
  });
  return (request, response) => {
    const id = request.headers.host === undefined ? null : patchedUpload(request);
    if (id === null) void answer(request, response);
    else void patch(request, response, id);
  };
}
