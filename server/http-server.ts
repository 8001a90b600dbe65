/** Node's HTTP server with our limits: how long a head may take, what is said to what is no HTTP, and its end. */
import http, { type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { type ProblemCode, problem } from './problem.ts';

/** A request's head has that long to arrive. */
const HEAD_MS = 15_000;
/** Node looks for late heads every 30 s by itself, which made 15 s up to 45. */
const CHECK_MS = 1_000;

/** Who sent no HTTP has that long to read the answer. */
const REFUSED_MS = 1_000;

/** What Node's parser says, where it is not just a bad request. */
const unreadable: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

export interface HttpServer {
  server: Server;
  /**
   * Stops accepting and waits for the requests in flight, up to `withinMs`; then they are cut. One that is cut keeps what
   * it brought: its pump commits before it ends.
   */
  close(withinMs: number): Promise<void>;
}

/** @param tls PEM texts, for HTTPS */
export function createHttpServer(listener: RequestListener, tls: { cert: Buffer; key: Buffer } | null): HttpServer {
  // A request without Host is refused by the application, in words.
  const options = { connectionsCheckingInterval: CHECK_MS, requireHostHeader: false };
  const server: Server = tls
    ? https.createServer({ ...options, ...tls, handshakeTimeout: HEAD_MS }, listener)
    : http.createServer(options, listener);
  // An answer may take as long as it takes: bodies have an idle limit instead (field note 12).
  server.requestTimeout = 0;
  server.headersTimeout = HEAD_MS;
  server.keepAliveTimeout = 65_000;
  server.timeout = 120_000;
  // "A server that receives an Expect field value containing a member other than 100-continue MAY respond with 417"
  // (RFC 9110, 10.1.1): Node would, in no words of ours. It is passed over.
  server.on('checkExpectation', listener);
  server.on('clientError', refuseUnreadable);
  const connections = trackConnections(server);
  return {
    server,
    close: (withinMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => connections.destroy('all'), withinMs);
        // A connection that was busy when the server stopped accepting is idle a moment later.
        const idle = setInterval(() => connections.destroy('idle'), 50);
        server.close(() => {
          clearTimeout(cut);
          clearInterval(idle);
          resolve();
        });
        connections.destroy('idle');
      }),
  };
}

/** It never becomes a request; it is told in the one shape of our refusals all the same. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket & { _httpMessage?: ServerResponse }): void {
  // Never into the middle of an answer that is on its way.
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const { status, body, allHeaders } = problem(unreadable[error.code ?? ''] ?? 'invalid-request');
  const headers = { ...allHeaders, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
  // Time to read it; a peer that keeps its side open does not keep ours.
  socket.resume();
  setTimeout(() => socket.destroy(), REFUSED_MS);
}

/**
 * The connections and their requests in flight. Node's own lists leave out those without a request so far, and those that
 * never began with TLS: any of them would hold up the end.
 */
function trackConnections(server: Server) {
  const connections = new Map<string, { socket: Socket; inFlight: number }>();
  // A request over TLS has a socket of its own, at the same address.
  const keyOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const key = keyOf(socket);
    connections.set(key, { socket, inFlight: 0 });
    socket.on('close', () => connections.delete(key));
  });
  server.on('request', ({ socket }, response) => {
    const connection = connections.get(keyOf(socket));
    if (!connection) return;
    connection.inFlight += 1;
    response.on('close', () => {
      connection.inFlight -= 1;
    });
  });
  return {
    destroy(which: 'all' | 'idle'): void {
      for (const { socket, inFlight } of connections.values()) if (which === 'all' || inFlight === 0) socket.destroy();
    },
  };
}
