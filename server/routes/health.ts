import { Hono } from 'hono';
import type { Storage } from '../../storage/index.ts';
import type { Config } from '../config.ts';
import { problem } from '../http/problem.ts';
import { paths } from '../wire.ts';

/** A cache between must not answer for the server. */
const FRESH = { 'Cache-Control': 'no-store' };
/** Neither how many nor whose: anybody may ask. */
const MISSING = 'Recordings in the catalog lack their files: the log names them, as "tresgo check" does.';

/** What the health routes need. */
interface HealthRoutesDeps {
  storage: Pick<Storage, 'check' | 'freeBytes' | 'lacksRecordings'>;
  config: Pick<Config, 'minFreeBytes'>;
}

/**
 * The routes for monitors. `/healthz`: the process runs. `/readyz`: catalog, store and disk can take answers, else 503
 * with the reason.
 */
export function healthRoutes({ storage, config }: HealthRoutesDeps): Hono {
  const app = new Hono();
  app.get(paths.healthz, (c) => c.json({ ok: true }, 200, FRESH));
  app.get(paths.readyz, async (c) => {
    const freeBytes = await Promise.all([storage.freeBytes(), storage.check()]).then(
      ([free]) => free,
      (cause: unknown) => {
        throw problem('unavailable', { cause, detail: 'The catalog or the data folder can’t be used.' });
      },
    );
    if (freeBytes < config.minFreeBytes) {
      throw problem('unavailable', {
        // The figures are for the log: strangers may ask, too.
        cause: new Error(`${freeBytes} bytes are free, the floor is ${config.minFreeBytes}`),
        detail: 'The disk has less room than TRESGO_MIN_FREE_BYTES.',
      });
    }
    // The server works: a 503 would take it away from candidates who can record.
    const warnings = storage.lacksRecordings() ? [MISSING] : [];
    return c.json({ ok: true, ...(warnings.length > 0 ? { warnings } : {}) }, 200, FRESH);
  });
  return app;
}
