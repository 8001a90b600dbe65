import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pump } from '../../storage/index.ts';

/** The whole time and the time without a byte: those of nginx's `lingering_time` and `lingering_timeout`. */
const DRAIN_MS = 30_000;
const SILENT_MS = 5_000;
/** The whole time of a body that repeats a creation: a client that met a reset would repeat it again and again. */
const CREATED_MS = 600_000;
/** The time that is left once the server is about to end. */
const STOPPING_MS = 500;
/** A body that nobody asked for is given up after this many bytes. */
const UNASKED_BYTES = 64 << 10;
/** The pause after each batch of up to 1 MiB. A sender without a limit can't keep the only thread busy. */
const PAUSE_MS = 5;
/** Methods whose requests have no body here. */
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE']);
/** Requests whose responses end after their bodies. */
const patient = new WeakSet<Readable>();

/** How long a body is read that is not wanted. */
export interface DrainOptions {
  /** Gives up after this time without a byte, and never later than after 5,000 ms. */
  idleMs?: number;
  /** Aborted when the server is about to end. */
  stopping?: AbortSignal | undefined;
  /** Gives up after this many bytes. */
  maxBytes?: number;
  /** Gives up after this time; 30,000 ms by default. */
  withinMs?: number;
}

/**
 * Reads what is left of a body and discards it. Many clients send a body to its end before they read the response, and a
 * connection that is closed with bytes unread is reset, which can destroy the response on its way. A client that sees a
 * reset instead of the problem repeats a request that can't succeed. 30 s suffice for 3.75 MB of a phone that uploads
 * 1 Mbit/s.
 * @returns whether the body came to its end
 */
export async function drain(
  source: Readable,
  { idleMs = SILENT_MS, stopping, maxBytes = Number.POSITIVE_INFINITY, withinMs = DRAIN_MS }: DrainOptions = {},
): Promise<boolean> {
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(), withinMs);
  const hurry = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(), STOPPING_MS);
  };
  stopping?.addEventListener('abort', hurry, { once: true });
  if (stopping?.aborted) hurry();
  const discard = () => new Promise<void>((resolve) => setTimeout(resolve, PAUSE_MS));
  try {
    const limits = { idleMs: Math.min(idleMs, SILENT_MS), signal: stop.signal, maxBytes };
    const end = pump(source, discard, limits);
    // A reader that refused the body has left it paused.
    source.resume();
    return (await end) === 'end';
  } finally {
    clearTimeout(timer);
    stopping?.removeEventListener('abort', hurry);
  }
}

/**
 * Makes a response that is ready before its request's body reach its sender, whether the sender reads early or late. It
 * is written at once, with its Content-Length, but ended only after the body. Not before: Node closes the connection of
 * a request with `Connection: close`, and of one by HTTP/1.0, at the end of its response, with the body unread. A body that
 * does not end in time, or that nobody asked for, ends with its connection.
 */
export function endAfterBody(request: IncomingMessage, response: ServerResponse, draining: DrainOptions = {}): void {
  patient.add(request);
  const { headers, method = '' } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody) return;
  if (BODILESS.has(method)) response.setHeader('Connection', 'close');
  const end = response.end.bind(response) as (...given: unknown[]) => ServerResponse;
  response.end = ((...given: unknown[]) => {
    response.end = end as ServerResponse['end'];
    if (request.complete || request.destroyed || response.writableEnded) return end(...given);
    const [body] = given;
    if (typeof body === 'string' || body instanceof Uint8Array) response.write(body);
    else response.flushHeaders();
    // A refusal must reach the sender of a large body, and so must the place of an upload that exists already. After any
    // other response no more is to come than the end of a form.
    const isCreated = response.statusCode === 201;
    const isUnasked = BODILESS.has(method) || (response.statusCode < 400 && !isCreated);
    const maxBytes = isUnasked ? UNASKED_BYTES : Number.POSITIVE_INFINITY;
    void drain(request, { ...draining, maxBytes, ...(isCreated && { withinMs: CREATED_MS }) }).then((ended) => {
      end();
      if (!ended) request.socket.destroy();
    });
    return response;
  }) as ServerResponse['end'];
}

/**
 * Drains the body of a refused request before its response, unless `endAfterBody` does it after: under another server's
 * listener, which may close the connection soon after the response.
 */
export async function drainBeforeResponse(request: Readable, draining: DrainOptions): Promise<void> {
  if (!patient.has(request)) await drain(request, draining);
}
