/** What the server reads of a request, whether the request came over a socket of Node or through `app.request()`. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import proxyAddr from '@fastify/proxy-addr';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Session } from '../../storage/types.ts';
import { problem } from './problem.ts';

/** A request whose stream is its body: Node's own `IncomingMessage` has this shape. */
export interface Incoming extends Readable {
  headers: IncomingHttpHeaders;
  /** A request without a socket has no address. */
  socket: { remoteAddress?: string | undefined };
}

/** Requests without a socket; the body of a web Request can be taken once. */
const withoutSocket = new WeakMap<Request, Incoming>();

/**
 * The request behind a Hono context. Over a socket it is Node's own: as a body it keeps what arrived before a cut,
 * while the web stream of a cut request loses half of it (platform note 8).
 */
export function incomingOf(c: Context): Incoming {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  if (incoming) return incoming;
  const { raw } = c.req;
  const known = withoutSocket.get(raw);
  if (known) return known;
  const body = raw.body ? Readable.fromWeb(raw.body as Parameters<typeof Readable.fromWeb>[0]) : Readable.from([]);
  // An 'error' event without a listener ends the process.
  body.on('error', () => {});
  const headers: IncomingHttpHeaders = Object.fromEntries(raw.headers);
  // As on a socket: a body without Content-Length is a body of unknown length, not an empty one.
  if (raw.body && headers['content-length'] === undefined) headers['transfer-encoding'] = 'chunked';
  const made = Object.assign(body, { headers, socket: {} });
  withoutSocket.set(raw, made);
  return made;
}

/** Gives the address of the client that sent a request; `unknown` where the request has no socket. */
export type AddressOf = (request: Incoming) => string;

/**
 * Creates the function that finds a client's address: the address of the socket, or, where that is a trusted proxy, the
 * last address in X-Forwarded-For that is not.
 * @param trusted addresses and CIDR ranges
 */
export function createAddressOf(trusted: string[]): AddressOf {
  const isTrusted = proxyAddr.compile(trusted);
  return ({ headers, socket }) => {
    const hops = headers['x-forwarded-for'];
    const request = { socket, headers: { 'x-forwarded-for': hops && withoutPorts(String(hops)) } };
    const address: string | undefined = proxyAddr(request as unknown as IncomingMessage, isTrusted);
    // A dual-stack socket gives IPv4 addresses as IPv6: both spellings are the same client.
    return address?.replace(/^::ffff:(?=\d+\.)/i, '') ?? 'unknown';
  };
}

/** `192.0.2.1:4711` and `[2001:db8::1]:4711`, which some proxies write, are addresses with a port; brackets go, too. */
function withoutPorts(hops: string): string {
  return hops
    .split(',')
    .map((hop) => hop.replace(/^\s*"?(?:\[([^\]]*)\]|(\d+(?:\.\d+){3}))(?::\d+)?"?\s*$/, (_, six, four) => six ?? four))
    .join(',');
}

/**
 * Parses `questionIndex` as clients send it: plain decimal digits, from 1 to the number of the session's questions.
 * @throws Problem `invalid-question` for anything else
 */
export function requireQuestion(value: string | null | undefined, { interview }: Session): number {
  const count = interview.questions.length;
  const index = /^[1-9]\d{0,3}$/.test(value ?? '') ? Number(value) : 0;
  if (index < 1 || index > count) {
    throw problem('invalid-question', { detail: `questionIndex must be a whole number from 1 to ${count}.` });
  }
  return index;
}
