import { Hono } from 'hono';
import type { Storage } from '../../storage/index.ts';
import type { Config } from '../config.ts';
import { problem } from '../problem.ts';
import { paths } from '../wire.ts';

export interface HealthRoutesDeps {
  storage: Pick<Storage, 'check' | 'freeBytes'>;
  config: Pick<Config, 'minFreeBytes'>;
}

/** `/healthz`: the process is up. `/readyz`: catalog, store and disk can take answers; 503 with the reason. */
export function healthRoutes({ storage, config }: HealthRoutesDeps): Hono {
  const app = new Hono();
  app.get(paths.healthz, (c) => c.json({ ok: true }));
  app.get(paths.readyz, async (c) => {
    const freeBytes = await Promise.all([storage.freeBytes(), storage.check()]).then(
      ([free]) => free,
      (cause: unknown) => {
        throw problem('unavailable', { cause, detail: 'The catalog or the data folder can’t be used.' });
      },
    );
    if (freeBytes < config.minFreeBytes) {
      throw problem('unavailable', {
        detail: `Only ${freeBytes} bytes are free on the disk; the floor is ${config.minFreeBytes}.`,
      });
    }
    return c.json({ ok: true });
  });
  return app;
}
