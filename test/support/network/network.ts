/** A network on one machine: a TCP path to a server that has a rate, a delay and faults, all to be switched at run time. */
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { type BottleneckStats, createBottleneck, type Sender } from './bottleneck.ts';
import { type Cargo, createDelayLine, type DelayLine } from './delay-line.ts';
import type { LinkRate } from './link-rate.ts';
import { createRequestFollower } from './request-follower.ts';

/** `rst`: both ends see a reset; `fin`: both ends see the other end close in the middle of a message. */
type CutManner = 'rst' | 'fin';

/** Identifies a request on a network; both numbers count from 1. */
interface RequestPlace {
  readonly connection: number;
  readonly request: number;
}

/** When to cut. The bytes before the cut still reach the server; the response no longer reaches the client. */
export type CutRule = {
  /** Default `rst`. */
  readonly how?: CutManner;
  /** Number of cuts after which the rule is worn out. Default: no limit. */
  readonly times?: number;
} & (
  | {
      /** Called once per connection (and once for those open when the rule is set): bytes to the server until the cut. */
      readonly afterBytes: () => number;
    }
  | {
      /**
       * Cuts at the first body byte count for which this is true; 0 is asked right behind the head, so a rule that is
       * true at the whole Content-Length loses just the response. It must be pure, and stay true for more bytes.
       */
      readonly match: (requestHead: string, bodyBytesSoFar: number, place: RequestPlace) => boolean;
    }
);

/** The path of a network. Without a rate and a delay, bytes pass at once. */
export interface NetworkOptions {
  readonly to: { readonly host: string; readonly port: number };
  /** Rate from clients to the server; without one, nothing is slowed. */
  readonly rate?: LinkRate;
  /** One-way delay, added to each direction. Default 0. */
  readonly delayMs?: number;
  /** Bytes of all connections that the bottleneck holds before senders must wait. Default 65,536. */
  readonly queueBytes?: number;
  /** Position in the trace at which the first byte leaves. Default 0. */
  readonly startMs?: number;
}

/** What a network has done so far. */
interface NetworkStats extends BottleneckStats {
  /** Connections that were accepted. */
  connections: number;
  /** Connections that were reset because of `refuse(true)`. */
  refused: number;
  /** Connections cut by a rule. */
  cuts: number;
  /** Connections cut by `cutAll()`. */
  cutAtOnce: number;
  /** Connections made silent by `blackhole()`. */
  blackholed: number;
  /** Bytes that left the bottleneck, lost and repeated ones too. */
  bytesUp: number;
  /** Bytes that came back. */
  bytesDown: number;
}

/** An open network. */
export interface Network {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly stats: Readonly<NetworkStats>;
  /** Replaces the rule, for open connections too; null: cut nothing. */
  setCut(rule: CutRule | null): void;
  /** Cuts all open connections now, by a reset unless said otherwise; what waits in the bottleneck is lost. */
  cutAll(how?: CutManner): void;
  /** All open connections go silent both ways, without FIN or RST, for good. New connections work. */
  blackhole(): void;
  /** While true, new connections are reset at once. Open connections are not touched. */
  refuse(on: boolean): void;
  /** For `ms`, nothing moves: connections stay open and new ones hang, as in a dead spot. */
  offline(ms: number): void;
  /** Ends everything and frees the port. */
  close(): Promise<void>;
}

interface Connection extends Sender {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly up: DelayLine;
  readonly down: DelayLine;
  /** `cut`: what still comes from either end is read and lost. `silent`: it is not even read. */
  state: 'open' | 'cut' | 'silent';
  /** Bytes to pass until the cut; null under a rule that does not count them. */
  allowanceBytes: number | null;
}

/** Bytes to a slow receiver after which nothing more is taken from its sender. */
const receiveWindowBytes = 1_048_576;
/** Time that an end has to read what was passed to it before it is reset (or destroyed, behind a FIN). */
const settleMs = { rst: 100, fin: 1000 };

/**
 * Opens a network on a free port of 127.0.0.1. A server that cannot be reached is a reset for the client. Downwards
 * there is only the delay. Packet loss, handshakes and slow start are not modelled.
 * @throws Error for a rate that never delivers
 */
export async function openNetwork(options: NetworkOptions): Promise<Network> {
  const { to, rate = null, delayMs = 0, queueBytes = 65_536, startMs = 0 } = options;
  const stats: NetworkStats = {
    ...{ connections: 0, refused: 0, cuts: 0, cutAtOnce: 0, blackholed: 0, bytesUp: 0, bytesDown: 0 },
    ...{ maxQueuedBytes: 0, maxQueueMs: 0, beganMs: null },
  };
  const connections = new Set<Connection>();
  const sockets = new Set<Socket>();
  let rule: CutRule | null = null;
  let cutsLeft = 0;
  let refusing = false;
  let onlineAt = 0;
  const onlineAtMs = () => onlineAt;
  const bottleneck = createBottleneck({ rate, startMs, queueBytes, onlineAtMs }, stats);

  const newAllowance = () => (rule && 'afterBytes' in rule && cutsLeft > 0 ? Math.max(0, rule.afterBytes()) : null);

  /** Forgets a connection with everything that is on its way to the client or waits in the bottleneck. */
  const drop = (connection: Connection, state: 'cut' | 'silent'): void => {
    connection.state = state;
    connections.delete(connection);
    bottleneck.remove(connection);
    connection.down.clear();
  };

  const cut = (connection: Connection, how: CutManner): void => {
    drop(connection, 'cut');
    connection.up.push(how === 'rst' ? 'rst' : 'close');
    if (how === 'rst') connection.client.resetAndDestroy();
    else leave(connection.client, how);
    connection.client.read();
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
    const upstream = createConnection({ ...to, allowHalfOpen: true, noDelay: true });
    sockets.add(upstream);
    upstream.on('close', () => sockets.delete(upstream));
    upstream.on('error', () => {});
    const number = ++stats.connections;
    const requests = createRequestFollower();
    const isOpen = () => connection.state === 'open';

    /** How many of these bytes may pass before the cut; null: all, and no cut. */
    const cutPoint = (bytes: Buffer): number | null => {
      const active = cutsLeft > 0 ? rule : null;
      const match = active && 'match' in active ? active.match : null;
      const inRequest = requests.follow(bytes, (head, bodyBytes, request) =>
        match ? match(head, bodyBytes, { connection: number, request }) : false,
      );
      if (match || connection.allowanceBytes === null) return inRequest;
      if (connection.allowanceBytes <= bytes.length) return connection.allowanceBytes;
      connection.allowanceBytes -= bytes.length;
      return null;
    };

    const connection: Connection = {
      ...{ client, upstream, state: 'open', allowanceBytes: newAllowance() },
      up: createDelayLine(delayMs, onlineAtMs, (cargo) => {
        // A server that is gone answers bytes with a reset.
        if (!upstream.destroyed) arrive(upstream, cargo);
        else if (isOpen()) connection.down.push('rst');
      }),
      down: createDelayLine(delayMs, onlineAtMs, (cargo) => {
        if (typeof cargo !== 'string') stats.bytesDown += cargo.length;
        arrive(client, cargo);
        if (connection.down.waitingBytes() + client.writableLength < receiveWindowBytes) upstream.resume();
      }),
      readyBytes: () => (isOpen() && upstream.writableLength < receiveWindowBytes ? client.readableLength : 0),
      read(bytes) {
        const packet: Buffer | null = client.read(bytes);
        readEnd(client);
        return packet;
      },
      pass(cargo) {
        if (!isOpen()) return;
        if (typeof cargo === 'string') return connection.up.push(cargo);
        const point = cutPoint(cargo);
        const passing = point === null ? cargo : cargo.subarray(0, point);
        stats.bytesUp += passing.length;
        if (passing.length > 0) connection.up.push(passing);
        if (point === null) return;
        cutsLeft--;
        stats.cuts++;
        cut(connection, rule?.how ?? 'rst');
      },
    };
    connections.add(connection);
    bottleneck.add(connection);

    client.on('readable', () => {
      if (connection.state === 'cut') client.read();
      if (!isOpen()) return;
      readEnd(client);
      bottleneck.pump();
    });
    client.on('end', () => isOpen() && bottleneck.push(connection, 'fin'));
    client.on('close', (failed) => {
      connections.delete(connection);
      if (isOpen()) bottleneck.push(connection, failed ? 'rst' : 'fin');
    });
    client.on('drain', () => isOpen() && upstream.resume());
    upstream.on('drain', bottleneck.pump);
    upstream.on('data', (bytes) => {
      if (!isOpen()) return;
      connection.down.push(bytes);
      if (connection.down.waitingBytes() + client.writableLength >= receiveWindowBytes) upstream.pause();
    });
    upstream.on('end', () => isOpen() && connection.down.push('fin'));
    upstream.on('close', (failed) => isOpen() && connection.down.push(failed ? 'rst' : 'fin'));
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    stats,
    setCut(next) {
      rule = next;
      cutsLeft = next?.times ?? Number.POSITIVE_INFINITY;
      for (const connection of connections) connection.allowanceBytes = newAllowance();
    },
    cutAll(how = 'rst') {
      stats.cutAtOnce += connections.size;
      for (const connection of [...connections]) cut(connection, how);
    },
    blackhole() {
      for (const connection of [...connections]) {
        stats.blackholed++;
        drop(connection, 'silent');
        connection.up.clear();
        connection.client.pause();
        connection.upstream.pause();
      }
    },
    refuse(on) {
      refusing = on;
    },
    offline(ms) {
      onlineAt = Math.max(onlineAt, performance.now() + ms);
    },
    async close() {
      bottleneck.close();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const connection of [...connections]) drop(connection, 'silent');
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A socket that is read by exact counts emits its 'end' only at a further read of nothing. */
function readEnd(socket: Socket): void {
  if (socket.readableLength === 0) socket.read(0);
}

function arrive(socket: Socket, cargo: Cargo): void {
  if (cargo === 'fin') socket.end();
  else if (cargo === 'close') leave(socket, 'fin');
  else if (cargo === 'rst') leave(socket, 'rst');
  else if (socket.writable) socket.write(cargo);
}

/**
 * Ends one side of a connection behind what was already written to it. The socket is read on meanwhile: one that is closed
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
