// A TCP relay for fault tests: it passes bytes on unchanged until it is told to cut, to fall silent or to refuse.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** `rst`: both ends see a reset; `fin`: both ends see the other one close in mid-sentence. */
export type CutManner = 'rst' | 'fin';

/** Where one request stands on its connection; both numbers count from 1. */
export interface RequestPlace {
  readonly connection: number;
  readonly request: number;
}

/** When to cut. What had passed before the cut still reaches the server; the answer no longer reaches the client. */
export type CutRule = {
  /** Default `rst`. */
  readonly how?: CutManner;
  /** Cuts in all before the rule wears out. Default: no end. */
  readonly times?: number;
} & (
  | {
      /** Asked once a connection (and once for those open when the rule is set): bytes to the server until the cut. */
      readonly afterBytes: () => number;
    }
  | {
      /**
       * Cuts at the first body byte count for which this is true; 0 is asked right behind the head, so a rule that is
       * true at the whole Content-Length loses just the answer. It must be pure, and stay true for more bytes.
       */
      readonly match: (requestHead: string, bodyBytesSoFar: number, place: RequestPlace) => boolean;
    }
);

export interface RelayStats {
  connections: number;
  refused: number;
  cuts: number;
  /** Bytes passed on from clients to the server, and back. */
  bytesUp: number;
  bytesDown: number;
}

export interface Relay {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly stats: Readonly<RelayStats>;
  /** Replaces the rule, for open connections too; null: cut nothing. */
  setCut(rule: CutRule | null): void;
  /** Cuts all open connections now. */
  cutAll(how?: CutManner): void;
  /** All open connections go silent both ways, without FIN or RST, for good. New ones work. */
  blackhole(): void;
  /** While true, new connections are reset at once. Open ones go on. */
  refuse(on: boolean): void;
  /** Ends everything and frees the port. */
  close(): Promise<void>;
}

interface Connection {
  readonly number: number;
  readonly client: Socket;
  readonly upstream: Socket;
  readonly requests: RequestFollower;
  /** Bytes to pass until the cut; null under a rule that does not count them. */
  allowanceBytes: number | null;
  /** Cut or silent: nothing is passed on any more. */
  over: boolean;
}

/** How long a cut end may take to read what was passed before it is reset (or destroyed, behind a FIN). */
const settleMs = { rst: 100, fin: 1000 };

/** Opens a relay on a free port of 127.0.0.1. A server that cannot be reached is a reset for the client. */
export async function openRelay(options: { to: { host: string; port: number }; cut?: CutRule }): Promise<Relay> {
  const stats: RelayStats = { connections: 0, refused: 0, cuts: 0, bytesUp: 0, bytesDown: 0 };
  const connections = new Set<Connection>();
  const sockets = new Set<Socket>();
  let rule: CutRule | null = null;
  let cutsLeft = 0;
  let refusing = false;

  const allowance = () => (rule && 'afterBytes' in rule && cutsLeft > 0 ? Math.max(0, rule.afterBytes()) : null);

  const setCut = (next: CutRule | null): void => {
    rule = next;
    cutsLeft = next?.times ?? Number.POSITIVE_INFINITY;
    for (const connection of connections) connection.allowanceBytes = allowance();
  };

  const cut = (connection: Connection, how: CutManner): void => {
    stats.cuts++;
    connection.over = true;
    connections.delete(connection);
    leave(connection.upstream, how);
    if (how === 'rst') connection.client.resetAndDestroy();
    else leave(connection.client, how);
  };

  /** How many of these bytes may pass before the cut; null: all, and no cut. */
  const cutPoint = (connection: Connection, bytes: Buffer): number | null => {
    const active = cutsLeft > 0 ? rule : null;
    const place = { connection: connection.number };
    const matches = active && 'match' in active ? active.match : null;
    const inRequest = connection.requests.follow(bytes, (head, bodyBytes, request) =>
      matches ? matches(head, bodyBytes, { ...place, request }) : false,
    );
    if (matches) return inRequest;
    if (connection.allowanceBytes === null) return null;
    if (connection.allowanceBytes <= bytes.length) return connection.allowanceBytes;
    connection.allowanceBytes -= bytes.length;
    return null;
  };

  const accept = (client: Socket): void => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    client.on('error', () => {});
    if (refusing) {
      stats.refused++;
      client.resetAndDestroy();
      return;
    }
    const upstream = createConnection({ ...options.to, allowHalfOpen: true, noDelay: true });
    sockets.add(upstream);
    upstream.on('close', () => sockets.delete(upstream));
    const requests = createRequestFollower();
    const number = ++stats.connections;
    const connection: Connection = { number, client, upstream, requests, allowanceBytes: allowance(), over: false };
    connections.add(connection);

    client.on('data', (bytes) => {
      if (connection.over) return;
      const point = cutPoint(connection, bytes);
      const passing = point === null ? bytes : bytes.subarray(0, point);
      stats.bytesUp += passing.length;
      if (passing.length > 0 && !upstream.write(passing)) client.pause();
      if (point === null) return;
      cutsLeft--;
      cut(connection, rule?.how ?? 'rst');
    });
    upstream.on('data', (bytes) => {
      if (connection.over) return;
      stats.bytesDown += bytes.length;
      if (!client.write(bytes)) upstream.pause();
    });
    upstream.on('drain', () => connection.over || client.resume());
    client.on('drain', () => connection.over || upstream.resume());
    client.on('end', () => connection.over || upstream.end());
    upstream.on('end', () => connection.over || client.end());

    const ended = (other: Socket, failed: boolean): void => {
      connections.delete(connection);
      if (connection.over) return;
      connection.over = true;
      leave(other, failed ? 'rst' : 'fin');
    };
    upstream.on('error', () => {});
    client.on('close', (failed) => ended(upstream, failed));
    upstream.on('close', (failed) => ended(client, failed));
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  setCut(options.cut ?? null);
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    stats,
    setCut,
    cutAll(how = 'rst') {
      for (const connection of [...connections]) cut(connection, how);
    },
    blackhole() {
      for (const connection of connections) {
        connection.over = true;
        connection.client.pause();
        connection.upstream.pause();
      }
      connections.clear();
    },
    refuse(on) {
      refusing = on;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/**
 * Ends one side of a connection behind what was already written to it. It reads on meanwhile: a socket that is closed
 * with unread bytes sends an RST instead of a FIN.
 */
function leave(socket: Socket, how: CutManner): void {
  if (socket.destroyed) return;
  socket.resume();
  const finish = () => {
    const timer = setTimeout(() => (how === 'rst' ? socket.resetAndDestroy() : socket.destroy()), settleMs[how]);
    socket.once('close', () => clearTimeout(timer));
  };
  if (how === 'fin') socket.end(finish);
  else if (socket.writableLength === 0 && !socket.connecting) finish();
  else socket.write('', finish);
}

type Stop = (head: string, bodyBytes: number, request: number) => boolean;

interface RequestFollower {
  /** Follows the stream through these bytes and returns where in them `stop` became true; null if it did not. */
  follow(bytes: Buffer, stop: Stop): number | null;
}

/** Heads longer than this are no HTTP (TLS, say): the connection is then passed on without being followed. */
const maxHeadBytes = 65_536;

/** Knows where on a client's stream of HTTP/1.1 requests it is: bodies by Content-Length or chunked (RFC 9112, 6.3). */
function createRequestFollower(): RequestFollower {
  let state: 'head' | 'body' | 'size' | 'chunk' | 'gap' | 'trailer' | 'opaque' = 'head';
  let text = '';
  let head = '';
  let request = 0;
  let bodyBytes = 0;
  let leftBytes = 0;

  const nextRequest = (): void => {
    state = 'head';
    head = '';
  };

  /** A line, or a whole head, is there. */
  const endText = (): void => {
    const line = text;
    text = '';
    if (state === 'gap') state = 'size';
    else if (state === 'trailer' && line === '\r\n') nextRequest();
    else if (state === 'size') {
      leftBytes = Number.parseInt(line, 16);
      state = leftBytes > 0 ? 'chunk' : 'trailer';
    } else if (state === 'head') {
      head = line.trimStart();
      request++;
      bodyBytes = 0;
      leftBytes = requestLength(head) ?? 0;
      if (/^transfer-encoding:.*chunked/im.test(head)) state = 'size';
      else if (leftBytes > 0) state = 'body';
    }
  };

  /** The smallest count in (bodyBytes, bodyBytes + taken] where `stop` is true, given that it is at the end. */
  const firstStop = (taken: number, stop: Stop): number => {
    let [no, yes] = [bodyBytes, bodyBytes + taken];
    while (yes - no > 1) {
      const middle = Math.floor((no + yes) / 2);
      if (stop(head, middle, request)) yes = middle;
      else no = middle;
    }
    return yes;
  };

  const follow = (bytes: Buffer, stop: Stop): number | null => {
    let at = 0;
    while (at < bytes.length && state !== 'opaque') {
      if (state === 'body' || state === 'chunk') {
        const taken = Math.min(leftBytes, bytes.length - at);
        if (stop(head, bodyBytes + taken, request)) return at + firstStop(taken, stop) - bodyBytes;
        bodyBytes += taken;
        leftBytes -= taken;
        at += taken;
        if (leftBytes === 0 && state === 'chunk') state = 'gap';
        else if (leftBytes === 0) nextRequest();
        continue;
      }
      text += String.fromCharCode(bytes[at++] ?? 0);
      if (text.length > maxHeadBytes) state = 'opaque';
      const inHead = state === 'head';
      if (!text.endsWith(inHead ? '\r\n\r\n' : '\r\n')) continue;
      endText();
      if (inHead && stop(head, 0, request)) return at;
    }
    return null;
  };
  return { follow };
}

/** The Content-Length of a request by its head; null without one. For use in `match`. */
export function requestLength(requestHead: string): number | null {
  const digits = /^content-length:\s*(\d+)/im.exec(requestHead)?.[1];
  return digits === undefined ? null : Number(digits);
}
