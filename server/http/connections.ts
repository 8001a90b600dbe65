/** How many connections a server has, which of them rest, and the places that are left. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Descriptors for what is no connection: the catalog, the log, child processes, files that are placed. */
const OTHER_DESCRIPTORS = 128;
/** More connections than one process can serve. */
const MAX_CONNECTIONS = 8_192;
/** Where the system does not say: the usual limit of old systems. */
const USUAL_DESCRIPTORS = 1_024;
/** A connection may be closed for another one after this time without a request. */
const RESTED_MS = 1_000;
/** The part of the places whose requests are served. The others are for the response that there is no place. */
const SERVED_PART = 2 / 3;

/**
 * How many connections the process can have. Each of two thirds takes two descriptors, its own and its upload's file's; the
 * others take one.
 * @param descriptors how many files the process may open
 */
export function connectionsFor(descriptors: number = descriptorLimit()): number {
  return Math.max(16, Math.min(MAX_CONNECTIONS, Math.floor((descriptors - OTHER_DESCRIPTORS) / (1 + SERVED_PART))));
}

function descriptorLimit(): number {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = userLimits?.open_files?.soft;
  if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
  return typeof soft === 'number' ? soft : USUAL_DESCRIPTORS;
}

/**
 * Tracks the connections and their requests in flight. Node's own lists leave out connections without a first request,
 * and connections that never finished their TLS handshake: any of these would delay the end of the server.
 *
 * Where the places run short, the connection that has rested longest is closed for a new one: a client opens another
 * when it needs one. Only where all are busy, `isCrowded` says that requests are to be refused.
 * @param places how many connections the server may have
 */
export function trackConnections(server: Server, places: number) {
  const connections = new Map<string, { socket: Socket; inFlight: number }>();
  // Those without a request in flight; the one that has rested longest is the first.
  const resting = new Map<string, { socket: Socket; sinceMs: number }>();
  const rest = (key: string, socket: Socket) => resting.set(key, { socket, sinceMs: performance.now() });
  const makePlace = () => {
    const [longest] = resting;
    // A new one has its request on the way.
    if (!longest || performance.now() - longest[1].sinceMs < RESTED_MS) return;
    resting.delete(longest[0]);
    longest[1].socket.destroy();
  };
  const crowd = Math.floor(places * SERVED_PART);
  // Connections beyond are closed at once, without a response.
  server.maxConnections = places;
  // The socket of a request over TLS is not the socket of its connection; both have the same address and port.
  const keyOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const key = keyOf(socket);
    if (connections.size >= crowd) makePlace();
    connections.set(key, { socket, inFlight: 0 });
    rest(key, socket);
    socket.on('close', () => {
      connections.delete(key);
      resting.delete(key);
    });
  });
  server.on('request', ({ socket }, response) => {
    const key = keyOf(socket);
    const connection = connections.get(key);
    if (!connection) return;
    connection.inFlight += 1;
    resting.delete(key);
    response.on('close', () => {
      connection.inFlight -= 1;
      if (connection.inFlight === 0 && connections.get(key) === connection) rest(key, connection.socket);
    });
  });
  return {
    isCrowded: () => connections.size > crowd,
    destroy(which: 'all' | 'idle'): void {
      for (const { socket } of (which === 'idle' ? resting : connections).values()) socket.destroy();
    },
  };
}
