/** Node's HTTP server: the time for a head, the response to what is not HTTP, and an orderly end. */
import http, {
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { connectionsFor, trackConnections } from './connections.ts';
import { endAfterBody } from './drain.ts';
import { type ProblemCode, problem } from './problem.ts';

/** A request's head must arrive within this time, and a new connection must begin one. */
const HEAD_MS = 15_000;
/** How often Node looks for late heads. Its default of 30 s makes a limit of 15 s one of up to 45 s. */
const CHECK_MS = 1_000;

/** A connection on which nothing moves ends after this time. */
const SILENT_MS = 120_000;

/** A client that has no place has this time to read the response. */
const CROWDED_MS = 2_000;
/** A client that sent something other than HTTP has this time to read the response. */
const REFUSED_MS = 1_000;

/** Codes of Node's parser that mean more than a bad request. */
const unreadable: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** The limits of a server that a test sets. */
interface HttpServerOptions {
  /** How many connections it may have; by default what the process's descriptors allow. */
  places?: number;
  /** A connection that brings nothing ends after this time; 15,000 ms by default. */
  firstByteMs?: number;
}

/** A server and its end. */
interface HttpServer {
  server: Server;
  /**
   * Stops accepting connections, waits up to `withinMs` for the requests in flight, then cuts them. The bytes that a
   * cut request brought are kept: its pump commits them before it ends.
   */
  close(withinMs: number): Promise<void>;
}

/**
 * Creates a server that does not listen yet. Where nearly all its places are busy, requests get 503 with Retry-After.
 * @param tls PEM texts, for HTTPS
 */
export function createHttpServer(
  listener: RequestListener,
  tls: { cert: Buffer; key: Buffer } | null,
  { places = connectionsFor(), firstByteMs = HEAD_MS }: HttpServerOptions = {},
): HttpServer {
  // The application refuses a request without Host, with a problem; Node's own response has no body.
  const options = { connectionsCheckingInterval: CHECK_MS, requireHostHeader: false };
  const serve: RequestListener = (request, response) => {
    // The time for the first byte is over.
    request.socket.setTimeout(SILENT_MS);
    if (connections.isCrowded()) refuseCrowded(request, response);
    else listener(request, response);
  };
  const server: Server = tls
    ? https.createServer({ ...options, ...tls, handshakeTimeout: HEAD_MS }, serve)
    : http.createServer(options, serve);
  // No limit for a whole request: an answer on a slow network may take hours. Bodies have an idle limit instead
  // (platform note 10).
  server.requestTimeout = 0;
  server.headersTimeout = HEAD_MS;
  server.keepAliveTimeout = 65_000;
  server.timeout = SILENT_MS;
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => socket.setTimeout(firstByteMs));
  // "A server that receives an Expect field value containing a member other than 100-continue MAY respond with 417"
  // (RFC 9110, 10.1.1). Node would respond so, without a problem; the server ignores the field instead.
  server.on('checkExpectation', serve);
  server.on('clientError', refuseUnreadable);
  const connections = trackConnections(server, places);
  return {
    server,
    close: (withinMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => connections.destroy('all'), withinMs);
        // A connection that is busy when the server stops accepting becomes idle with its response.
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

/** Responds to a request that has no place. Its connection ends, so that another may have it. */
function refuseCrowded(request: IncomingMessage, response: ServerResponse): void {
  const { status, body, allHeaders } = problem('unavailable', { detail: 'The server is busy; try again in a moment.' });
  endAfterBody(request, response, { withinMs: CROWDED_MS });
  const length = { 'Content-Length': String(Buffer.byteLength(body)) };
  response.writeHead(status, { ...allHeaders, ...length, Connection: 'close' });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Responds with a problem to bytes that never become a request. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket & { _httpMessage?: ServerResponse }): void {
  // Not into the middle of a response that is being sent.
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const { status, body, allHeaders } = problem(unreadable[error.code ?? ''] ?? 'invalid-request');
  const headers = { ...allHeaders, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
  // The client has time to read the response; one that keeps its side open does not keep this side open.
  socket.resume();
  setTimeout(() => socket.destroy(), REFUSED_MS);
}
