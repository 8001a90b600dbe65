/** Node's HTTP server with our limits: how long a head may take, what is said to what is no HTTP, and its end. */
import {
  createServer as createHttpServer,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { type ProblemCode, problem } from './problem.ts';

/** A request's head has that long to arrive. */
const HEAD_MS = 15_000;
/** Node looks for late heads every 30 s by itself, which made 15 s up to 45. */
const CHECK_MS = 1_000;

/** What Node's parser says, where it is not just a bad request. */
const unreadable: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** @param tls PEM texts, for HTTPS */
export function createServer(listener: RequestListener, tls: { cert: Buffer; key: Buffer } | null): Server {
  // A request without Host is refused by the application, in words.
  const options = { connectionsCheckingInterval: CHECK_MS, requireHostHeader: false };
  const server: Server = tls
    ? createHttpsServer({ ...options, ...tls }, listener)
    : createHttpServer(options, listener);
  // An answer may take as long as it takes: bodies have an idle limit instead (field note 12).
  server.requestTimeout = 0;
  server.headersTimeout = HEAD_MS;
  server.keepAliveTimeout = 65_000;
  server.timeout = 120_000;
  // "A server that receives an Expect field value containing a member other than 100-continue MAY respond with 417"
  // (RFC 9110, 10.1.1): Node would, in no words of ours. It is passed over.
  server.on('checkExpectation', listener);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Never into the middle of an answer that is on its way.
    const { _httpMessage: answering } = socket as Socket & { _httpMessage?: ServerResponse };
    if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent) {
      socket.destroy();
      return;
    }
    // It never becomes a request; it is told in the one shape of our refusals all the same.
    const { status, body, allHeaders } = problem(unreadable[error.code ?? ''] ?? 'invalid-request');
    const headers = { ...allHeaders, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
  });
  return server;
}

/**
 * Stops accepting and waits for the requests in flight, up to `withinMs`; then they are cut. One that is cut keeps what
 * it brought: its pump commits before it ends.
 */
export function closeServer(server: Server, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), withinMs);
    // A connection that was busy when the server stopped accepting is idle a moment later.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(idle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
