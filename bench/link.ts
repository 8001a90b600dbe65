// A slow link on one machine: a TCP relay whose client-to-server direction leaves through one shared bottleneck.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { type Cargo, createDelayLine, type DelayLine } from './delay-line.ts';
import { type LinkRate, opportunityBytes, schedule } from './link-rate.ts';

export { type LinkRate, meanKbit, parseLink, periodOf, readTrace } from './link-rate.ts';

export interface LinkOptions {
  readonly to: { readonly host: string; readonly port: number };
  readonly rate: LinkRate;
  /** One-way delay, added to each direction. */
  readonly delayMs?: number;
  /** What the bottleneck holds for all connections together before senders must wait. */
  readonly queueBytes?: number;
  /** Where in the trace the first byte falls. */
  readonly startMs?: number;
}

export interface LinkStats {
  connections: number;
  /** Bytes that left the bottleneck, lost and repeated ones too; bytes that came back. */
  bytesUp: number;
  bytesDown: number;
  maxQueuedBytes: number;
  /** The longest that a byte waited in the bottleneck. */
  maxQueueMs: number;
  /** Connections hit by `blackhole()` and by `reset()`. */
  blackholed: number;
  resets: number;
  /** When the first byte came, and the trace with it, by `performance.now()`; null before. */
  beganMs: number | null;
}

export interface Link {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly stats: Readonly<LinkStats>;
  /** All open connections go silent both ways, without FIN or RST, for good. New ones work. */
  blackhole(): void;
  /** All open connections are reset at both ends; what they had in the queue is lost. */
  reset(): void;
  /** For so long nothing moves, connections stay open and new ones hang, as in a dead spot. */
  offline(ms: number): void;
  /** Ends everything and frees the port. */
  close(): Promise<void>;
}

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly up: DelayLine;
  readonly down: DelayLine;
  /** Silent or reset: nothing moves any more. */
  dead: boolean;
}

/** Bytes to a slow receiver after which nothing more is taken from its sender. */
const receiveWindowBytes = 1_048_576;

/**
 * Opens a link on a free port of 127.0.0.1. Connections take turns, packet by packet, in one bounded first-in-first-out
 * queue; a full queue leaves the bytes with their senders (back-pressure: nothing is dropped). Downwards there is only
 * the delay. Loss, handshakes and slow start are not modelled. The trace starts with the first byte of a client.
 */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { to, rate, delayMs = 50, queueBytes = 65_536, startMs = 0 } = options;
  const opportunityMs = schedule(rate, startMs);
  const stats: LinkStats = {
    connections: 0,
    bytesUp: 0,
    bytesDown: 0,
    maxQueuedBytes: 0,
    maxQueueMs: 0,
    blackholed: 0,
    resets: 0,
    beganMs: null,
  };
  const connections = new Set<Connection>();
  const sockets = new Set<Socket>();
  const queue: { readonly connection: Connection; cargo: Cargo; readonly sinceMs: number }[] = [];
  let queuedBytes = 0;
  let nextOpportunity = 0;
  let onlineAtMs = 0;
  let timer: NodeJS.Timeout | undefined;

  const enqueue = (connection: Connection, cargo: Cargo): void => {
    queue.push({ connection, cargo, sinceMs: performance.now() });
    if (typeof cargo !== 'string') queuedBytes += cargo.length;
    stats.maxQueuedBytes = Math.max(stats.maxQueuedBytes, queuedBytes);
  };

  /** Fills the queue from the senders that wait, a packet each in turn. */
  const admit = (): void => {
    const ready = ({ client, upstream }: Connection) =>
      client.readableLength > 0 && !client.destroyed && upstream.writableLength < receiveWindowBytes;
    while (queuedBytes < queueBytes) {
      const turn = [...connections].find(ready);
      if (!turn) return;
      connections.delete(turn);
      connections.add(turn);
      const bytes = Math.min(opportunityBytes, turn.client.readableLength, queueBytes - queuedBytes);
      const packet: Buffer | null = turn.client.read(bytes);
      if (packet === null) return;
      enqueue(turn, packet);
      sayEnd(turn.client);
    }
  };

  /** Uses one opportunity: so many bytes from the front of the queue leave, and the ends that come up behind them. */
  const deliver = (): void => {
    let budgetBytes = opportunityBytes;
    for (let front = queue[0]; front && budgetBytes > 0; front = queue[0]) {
      const { connection, cargo, sinceMs } = front;
      if (typeof cargo === 'string') {
        queue.shift();
        connection.up.push(cargo);
        continue;
      }
      const leaving = cargo.subarray(0, budgetBytes);
      if (leaving.length < cargo.length) front.cargo = cargo.subarray(leaving.length);
      else queue.shift();
      budgetBytes -= leaving.length;
      queuedBytes -= leaving.length;
      stats.bytesUp += leaving.length;
      stats.maxQueueMs = Math.max(stats.maxQueueMs, performance.now() - sinceMs);
      connection.up.push(leaving);
    }
  };

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (stats.beganMs === null) {
      if (queue.length === 0 && ![...connections].some(({ client }) => client.readableLength > 0)) return;
      stats.beganMs = performance.now();
    }
    const { beganMs } = stats;
    const nowMs = performance.now();
    // An opportunity that finds nothing waiting is gone: a link saves no capacity up.
    let useful = queue.length > 0;
    for (let atMs = beganMs + opportunityMs(nextOpportunity); atMs <= nowMs; ) {
      if (useful && atMs >= onlineAtMs) {
        deliver();
        admit();
        useful = queue.length > 0;
      }
      atMs = beganMs + opportunityMs(++nextOpportunity);
    }
    admit();
    if (queue.length === 0) return;
    const wakeMs = Math.max(beganMs + opportunityMs(nextOpportunity), onlineAtMs);
    timer = setTimeout(pump, Math.max(1, Math.ceil(wakeMs - performance.now())));
  };

  const drop = (connection: Connection): void => {
    connection.dead = true;
    connections.delete(connection);
    connection.up.clear();
    connection.down.clear();
    for (let at = queue.length - 1; at >= 0; at--) {
      const item = queue[at];
      if (item?.connection !== connection) continue;
      if (typeof item.cargo !== 'string') queuedBytes -= item.cargo.length;
      queue.splice(at, 1);
    }
  };

  const accept = (client: Socket): void => {
    stats.connections++;
    const upstream = createConnection({ ...to, allowHalfOpen: true, noDelay: true });
    const whenOnline = () => onlineAtMs;
    const connection: Connection = {
      client,
      upstream,
      up: createDelayLine(delayMs, whenOnline, (cargo) => {
        // A server that is gone answers with a reset.
        if (upstream.destroyed) connection.down.push('rst');
        else arrive(upstream, cargo);
      }),
      down: createDelayLine(delayMs, whenOnline, (cargo) => {
        if (typeof cargo !== 'string') stats.bytesDown += cargo.length;
        arrive(client, cargo);
        if (connection.down.waitingBytes() + client.writableLength < receiveWindowBytes) upstream.resume();
      }),
      dead: false,
    };
    connections.add(connection);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('readable', () => {
      if (connection.dead) return;
      sayEnd(client);
      pump();
    });
    const leaveQueue = (cargo: Cargo) => {
      if (connection.dead) return;
      enqueue(connection, cargo);
      pump();
    };
    client.on('end', () => leaveQueue('fin'));
    client.on('close', (failed) => {
      connections.delete(connection);
      leaveQueue(failed ? 'rst' : 'fin');
    });
    upstream.on('drain', pump);
    upstream.on('data', (bytes) => {
      if (connection.dead) return;
      connection.down.push(bytes);
      if (connection.down.waitingBytes() >= receiveWindowBytes) upstream.pause();
    });
    client.on('drain', () => connection.dead || upstream.resume());
    upstream.on('end', () => connection.dead || connection.down.push('fin'));
    upstream.on('close', (failed) => connection.dead || connection.down.push(failed ? 'rst' : 'fin'));
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
    blackhole() {
      for (const connection of [...connections]) {
        stats.blackholed++;
        drop(connection);
        connection.client.pause();
        connection.upstream.pause();
      }
    },
    reset() {
      for (const connection of [...connections]) {
        stats.resets++;
        drop(connection);
        connection.client.resetAndDestroy();
        connection.upstream.resetAndDestroy();
      }
    },
    offline(ms) {
      onlineAtMs = Math.max(onlineAtMs, performance.now() + ms);
    },
    async close() {
      clearTimeout(timer);
      const closed = new Promise((resolve) => server.close(resolve));
      for (const connection of [...connections]) drop(connection);
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A socket read by exact counts emits its 'end' only at a further read of nothing. */
function sayEnd(socket: Socket): void {
  if (socket.readableLength === 0) socket.read(0);
}

function arrive(socket: Socket, cargo: Cargo): void {
  if (cargo === 'fin') socket.end();
  else if (cargo === 'rst') socket.resetAndDestroy();
  else if (socket.writable) socket.write(cargo);
}
