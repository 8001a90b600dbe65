/** What the routes need of a request beyond Hono's: the client's address, and the body as Node's own stream. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/** What @hono/node-server binds to a request; absent under `app.request()`. */
export interface NodeBindings {
  incoming?: IncomingMessage;
}

interface RequestContext {
  env: unknown;
  req: { raw: Request };
}

/** Node's own request, where there is one. */
export function incomingOf(c: RequestContext): IncomingMessage | undefined {
  return (c.env as NodeBindings | undefined)?.incoming;
}

/**
 * The request's body. Node's own stream keeps what arrived before a cut (field note 9: the web stream of a cut request
 * loses half of it), so it is read directly where it is at hand.
 */
export function bodyOf(c: RequestContext): Readable {
  const incoming = incomingOf(c);
  if (incoming) return incoming;
  return c.req.raw.body ? Readable.fromWeb(c.req.raw.body as ReadableStream) : Readable.from([]);
}
