/** The shared bottleneck of a network: the place where the bytes of all connections wait for their turn to leave. */
import type { Cargo } from './delay-line.ts';
import { type LinkRate, opportunityBytes, schedule } from './link-rate.ts';

/** One connection, as the bottleneck sees it. */
export interface Sender {
  /** Bytes that the client has sent and that may enter the bottleneck now. */
  readyBytes(): number;
  /** Takes bytes from the client; null where fewer are there. */
  read(bytes: number): Buffer | null;
  /** Receives what has left the bottleneck. */
  pass(cargo: Cargo): void;
}

/** How a bottleneck is shaped. */
interface BottleneckOptions {
  /** null: everything leaves at once. */
  readonly rate: LinkRate | null;
  /** Position in the trace at which the first byte leaves. */
  readonly startMs: number;
  /** Bytes of all connections that are queued before senders must wait. */
  readonly queueBytes: number;
  /** The time before which nothing leaves, by `performance.now()`. */
  readonly onlineAtMs: () => number;
}

/** Measurements of a bottleneck since it was opened. */
export interface BottleneckStats {
  maxQueuedBytes: number;
  /** The longest time that a byte has waited in the queue. */
  maxQueueMs: number;
  /** Arrival of the first byte, with which the trace starts, by `performance.now()`; null before. */
  beganMs: number | null;
}

/** A first-in-first-out queue of bounded size, emptied at a given rate. */
interface Bottleneck {
  add(sender: Sender): void;
  /** Queues an end or a reset behind the bytes of its sender, which sends no more. */
  push(sender: Sender, end: Exclude<Cargo, Buffer>): void;
  /** Removes a sender with everything that it has in the queue. */
  remove(sender: Sender): void;
  /** Moves what may move; called whenever a sender has become ready. */
  pump(): void;
  close(): void;
}

/**
 * Senders take turns, packet by packet. A full queue leaves the bytes with their senders (back-pressure: nothing is
 * dropped). The trace starts with the first byte of a client.
 * @throws Error for a rate that never delivers
 */
export function createBottleneck(options: BottleneckOptions, stats: BottleneckStats): Bottleneck {
  const { rate, startMs, queueBytes, onlineAtMs } = options;
  const opportunityMs = rate && schedule(rate, startMs);
  const senders = new Set<Sender>();
  const queue: { readonly sender: Sender; cargo: Cargo; readonly sinceMs: number }[] = [];
  let queuedBytes = 0;
  let nextOpportunity = 0;
  let timer: NodeJS.Timeout | undefined;

  const enqueue = (sender: Sender, cargo: Cargo): void => {
    queue.push({ sender, cargo, sinceMs: performance.now() });
    if (typeof cargo !== 'string') queuedBytes += cargo.length;
    stats.maxQueuedBytes = Math.max(stats.maxQueuedBytes, queuedBytes);
  };

  /** Fills the queue from the ready senders, one packet each in turn. */
  const admit = (): void => {
    while (queuedBytes < queueBytes) {
      const turn = [...senders].find((sender) => sender.readyBytes() > 0);
      if (!turn) return;
      senders.delete(turn);
      senders.add(turn);
      const packet = turn.read(Math.min(opportunityBytes, turn.readyBytes(), queueBytes - queuedBytes));
      if (packet === null) return;
      enqueue(turn, packet);
    }
  };

  /** Uses one opportunity: its bytes leave from the front of the queue, and the ends that follow these bytes. */
  const deliver = (): void => {
    let budgetBytes = opportunityBytes;
    for (let front = queue[0]; front && budgetBytes > 0; front = queue[0]) {
      const { sender, cargo, sinceMs } = front;
      if (typeof cargo === 'string') {
        queue.shift();
        sender.pass(cargo);
        continue;
      }
      const leaving = cargo.subarray(0, budgetBytes);
      if (leaving.length < cargo.length) front.cargo = cargo.subarray(leaving.length);
      else queue.shift();
      budgetBytes -= leaving.length;
      queuedBytes -= leaving.length;
      stats.maxQueueMs = Math.max(stats.maxQueueMs, performance.now() - sinceMs);
      sender.pass(leaving);
    }
  };

  const pumpAt = (wakeMs: number): void => {
    timer = setTimeout(pump, Math.max(1, Math.ceil(wakeMs - performance.now())));
  };

  /** Lets everything pass, as much at a time as each sender may send. */
  const passAll = (): void => {
    for (const sender of [...senders]) {
      for (let bytes = sender.readyBytes(); bytes > 0; bytes = sender.readyBytes()) {
        const packet = sender.read(bytes);
        if (packet === null) break;
        sender.pass(packet);
      }
    }
  };

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (stats.beganMs === null) {
      if (queue.length === 0 && ![...senders].some((sender) => sender.readyBytes() > 0)) return;
      stats.beganMs = performance.now();
    }
    const { beganMs } = stats;
    const nowMs = performance.now();
    if (!opportunityMs) {
      if (nowMs >= onlineAtMs()) passAll();
      else pumpAt(onlineAtMs());
      return;
    }
    // An opportunity that finds nothing waiting is gone: a link saves no capacity up.
    let useful = queue.length > 0;
    for (let atMs = beganMs + opportunityMs(nextOpportunity); atMs <= nowMs; ) {
      if (useful && atMs >= onlineAtMs()) {
        deliver();
        admit();
        useful = queue.length > 0;
      }
      atMs = beganMs + opportunityMs(++nextOpportunity);
    }
    admit();
    if (queue.length > 0) pumpAt(Math.max(beganMs + opportunityMs(nextOpportunity), onlineAtMs()));
  };

  return {
    add: (sender) => void senders.add(sender),
    push(sender, end) {
      senders.delete(sender);
      if (!opportunityMs) return sender.pass(end);
      enqueue(sender, end);
      pump();
    },
    remove(sender) {
      senders.delete(sender);
      for (let at = queue.length - 1; at >= 0; at--) {
        const item = queue[at];
        if (item?.sender !== sender) continue;
        if (typeof item.cargo !== 'string') queuedBytes -= item.cargo.length;
        queue.splice(at, 1);
      }
    },
    pump,
    close: () => clearTimeout(timer),
  };
}
