/** `POST /api/uplink`: what the device check measures with. Its bytes are counted and thrown away as they come. */
import { Hono } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { pump } from '../../storage/index.ts';
import { type Auth, bearerOf } from '../auth.ts';
import { problem } from '../problem.ts';
import { type AddressOf, incomingOf } from '../request.ts';
import { paths } from '../wire.ts';

export interface UplinkRoutesDeps {
  auth: Pick<Auth, 'authenticate'>;
  addressOf: AddressOf;
  /** A body that brings nothing for that long is given up. */
  idleMs?: number;
  /** Aborted when the server is about to end: a measurement is nothing to wait for. */
  stopping?: AbortSignal | undefined;
}

/** Bytes that one measurement may bring. */
const MAX_BYTES = 1_000_000;
/** Measurements that one token may make in a minute: a device check takes a few. */
const PER_MINUTE = 60;
/** A refused body is read on for that long, so that its sender gets to read the answer. */
const DRAIN_MS = 5_000;

/** The uplink's measurement: 204 once the whole body has come. It touches neither the disk nor the catalog's takes. */
export function uplinkRoutes({ auth, addressOf, idleMs = 30_000, stopping }: UplinkRoutesDeps): Hono {
  const measurements = new RateLimiterMemory({ points: PER_MINUTE, duration: 60 });
  const app = new Hono();

  app.post(paths.uplink, async (c) => {
    const source = incomingOf(c);
    const throwAway = (signal: AbortSignal | undefined) =>
      pump(source, async () => {}, { maxBytes: MAX_BYTES, idleMs, signal });
    try {
      const token = await auth.authenticate(bearerOf(c.req.header('authorization')), addressOf(source));
      await requireTurn(token.id);
      if (Number(source.headers['content-length'] ?? 0) > MAX_BYTES) throw problem('body-too-large');
    } catch (error) {
      await throwAway(AbortSignal.any([AbortSignal.timeout(DRAIN_MS), ...(stopping ? [stopping] : [])]));
      throw error;
    }
    const end = await throwAway(stopping);
    if (end === 'too-large') throw problem('body-too-large');
    // Cut, silent, or the server is about to end: where anybody still listens, a new measurement is right.
    if (end !== 'end') throw problem('unavailable', { detail: 'The measurement ended early; begin a new one.' });
    return c.body(null, 204);
  });

  /** @throws Problem `too-many-measurements` */
  async function requireTurn(tokenId: string): Promise<void> {
    await measurements.consume(tokenId).catch((limit: unknown) => {
      if (limit instanceof Error) throw limit;
      const { msBeforeNext } = limit as { msBeforeNext: number };
      throw problem('too-many-measurements', { retryAfterSeconds: Math.ceil(msBeforeNext / 1000) });
    });
  }

  return app;
}
