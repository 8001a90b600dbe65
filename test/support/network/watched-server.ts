/** A TCP server for tests of the network: it records what it sees, and writes only what a test writes. */
import { createHash } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, vi } from 'vitest';

/** One end of a connection with everything that it saw, and when (ms of `performance.now()`). */
export type WatchedEnd = ReturnType<typeof watch>;

/** SHA-256, in hex. */
export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Repeats a check until it passes, for up to 20 s. */
export const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

function watch(socket: Socket) {
  const parts: Buffer[] = [];
  const seen = { bytes: 0, firstMs: 0, lastMs: 0, end: false, closed: false, error: null as string | null };
  socket.on('data', (more) => {
    seen.firstMs ||= performance.now();
    seen.lastMs = performance.now();
    seen.bytes += more.length;
    parts.push(more);
  });
  socket.on('end', () => (seen.end = true));
  socket.on('close', () => (seen.closed = true));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    seen.error = error.code ?? error.message;
  });
  return { socket, seen, digest: () => sha256(Buffer.concat(parts)) };
}

/** Connects to a port of this machine, and watches the client's end. */
export const dial = (port: number) => watch(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));

/** Opens a server on a free port of 127.0.0.1. */
export async function openWatchedServer() {
  const served: WatchedEnd[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => served.push(watch(socket)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    /** The ends of its connections, in the order of their coming. */
    served,
    to: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    /** Waits until connection `index` has seen `bytes` bytes. */
    arrived: (index: number, bytes: number) => eventually(() => expect(served[index]?.seen.bytes).toBe(bytes)),
    close() {
      for (const { socket } of served) socket.destroy();
      server.close();
    },
  };
}
