/**
 * `POST /api/uplink`: the device check measures the uplink with it. The bytes are counted and discarded as they arrive.
 */
import { Hono } from 'hono';
import { pump } from '../../storage/index.ts';
import { type Auth, bearerOf } from '../http/auth.ts';
import { problem } from '../http/problem.ts';
import { createRateLimit } from '../http/rate-limit.ts';
import { type AddressOf, incomingOf } from '../http/request.ts';
import { paths } from '../wire.ts';

/** What the route of a measurement needs. */
interface UplinkRoutesDeps {
  auth: Pick<Auth, 'authenticate'>;
  addressOf: AddressOf;
  /** A body is given up after this time without a byte. */
  idleMs: number;
  /** Aborted when the server is about to end, which does not wait for measurements. */
  stopping?: AbortSignal | undefined;
}

/** How many bytes one measurement may bring. */
const MAX_BYTES = 1_000_000;
/** A measurement must arrive within this time. */
const MEASUREMENT_MS = 60_000;
/** How many measurements one token may make in a minute; a device check makes a few. */
const PER_MINUTE = 60;

/**
 * The route of a measurement: 204 once the whole body has arrived. It touches neither the disk nor the catalog's takes.
 */
export function uplinkRoutes({ auth, addressOf, idleMs, stopping }: UplinkRoutesDeps): Hono {
  const countMeasurement = createRateLimit('too-many-measurements', PER_MINUTE);
  const app = new Hono();

  app.post(paths.uplink, async (c) => {
    const source = incomingOf(c);
    const token = await auth.authenticate(bearerOf(source.headers.authorization), addressOf(source));
    await countMeasurement(token.id);
    if (Number(source.headers['content-length'] ?? 0) > MAX_BYTES) throw problem('body-too-large');
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), MEASUREMENT_MS);
    const stop = () => late.abort();
    stopping?.addEventListener('abort', stop);
    if (stopping?.aborted) stop();
    const end = await pump(source, async () => {}, { maxBytes: MAX_BYTES, idleMs, signal: late.signal });
    clearTimeout(timer);
    stopping?.removeEventListener('abort', stop);
    if (end === 'too-large') throw problem('body-too-large');
    // The body was cut or silent, or the server is about to end: a client that still listens may measure again.
    if (end !== 'end') throw problem('unavailable', { detail: 'The measurement ended early; begin a new one.' });
    return c.body(null, 204);
  });

  return app;
}
