import { Hono } from 'hono';
import { requestId } from 'hono/request-id';
import type { DateTime } from 'luxon';
import type { Storage } from '../storage/index.ts';
import { createAuth, createClientAddress } from './auth.ts';
import type { Config } from './config.ts';
import { problem, problemOf } from './problem.ts';
import { incomingOf } from './request.ts';
import { answerRoutes } from './routes/answers.ts';
import { healthRoutes } from './routes/health.ts';
import { type Assets, pageRoutes } from './routes/pages.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { createTus } from './tus.ts';
import { createReportUnfinished, type ReportUnfinished } from './unfinished.ts';

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
}

/** The whole application. Pure assembly: it opens nothing and listens nowhere. */
export function createApp({
  storage,
  config,
  assets = new Map(),
  log,
  now,
  reportUnfinished = createReportUnfinished(log),
  idleMs = 30_000,
}: AppDeps) {
  const auth = createAuth(storage, now);
  const tus = createTus({ storage, auth, config, idleMs, reportUnfinished });
  const clientAddress = createClientAddress(config.trustProxy);
  const addressOf = (c: { env: unknown; req: { raw: Request } }) =>
    clientAddress(incomingOf(c)?.socket.remoteAddress, c.req.raw.headers.get('x-forwarded-for') ?? undefined);

  const app = new Hono<{ Variables: { requestId: string } }>();
  app.use(requestId());
  app.use(async (c, next) => {
    const startedAt = performance.now();
    await next();
    const ms = Math.round(performance.now() - startedAt);
    // The path alone: a query string could carry a secret that somebody put there.
    log.debug({ id: c.get('requestId'), method: c.req.method, path: c.req.path, status: c.res.status, ms }, 'request');
  });
  app.route('/', healthRoutes({ storage, config }));
  app.route('/', sessionRoutes({ storage, auth, addressOf }));
  app.route('/', answerRoutes({ storage, auth, tus, config, addressOf, idleMs }));
  app.route('/', uploadRoutes({ storage, auth, tus, config, addressOf }));
  app.route('/', pageRoutes(assets));

  app.notFound(() => problem('not-found').toResponse());
  app.onError((error, c) => {
    const id = c.get('requestId');
    const refusal = problemOf(error);
    if (refusal) {
      const { status, code, cause, message } = refusal;
      // Without a cause nothing is wrong here: the peer went away, or it was logged where it happened.
      if (status >= 500) log[cause === undefined ? 'info' : 'error']({ id, code, err: cause }, message);
      return refusal.toResponse();
    }
    log.error({ id, err: error }, 'unexpected error');
    return problem('internal', { extra: { requestId: id } }).toResponse();
  });
  return app;
}
