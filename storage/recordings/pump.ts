import type { Readable } from 'node:stream';

/** How a source ended: by itself, cut by its peer, silent for too long, by our own wish, or over the limit. */
export type PumpEnd = 'end' | 'cut' | 'idle' | 'aborted' | 'too-large';

export interface PumpOptions {
  /** Bytes that may come; what is beyond is not handed on, and the pump ends with `too-large`. */
  maxBytes?: number;
  /** Ends the pump after that long without a byte. */
  idleMs?: number;
  /** A small body is handed on whole: fewer bytes than GATHER_BYTES wait that long for more. */
  holdMs?: number;
  signal?: AbortSignal | undefined;
}

/** Bytes that may wait in memory while the sink writes, before the source is paused. */
const HIGH_WATER_BYTES = 1 << 20;
/** Bytes that are worth a write of their own. */
const GATHER_BYTES = 256 << 10;
/** A chunk of one byte is a buffer, too, and costs a hundred times as much: as many of them as are worth a write. */
const GATHER_CHUNKS = 1_024;
const HIGH_WATER_CHUNKS = 4 * GATHER_CHUNKS;

/**
 * Carries a stream's chunks to a sink, in order, a batch at a time, and keeps what arrived before a cut.
 *
 * `for await` and `pipeline` drop the chunks that wait in a stream when it is destroyed; a request that its peer cut
 * would lose up to the size of every buffer on the way. So chunks are taken out as they come, and what waits is handed
 * to the sink whatever the end was. An error of the sink ends the pump and is thrown.
 * @param sink gets a batch, and whether it is known to be the last one
 */
export async function pump(
  source: Readable,
  sink: (chunks: Buffer[], bytes: number, last: boolean) => Promise<void>,
  { maxBytes = Number.POSITIVE_INFINITY, idleMs = 30_000, holdMs = 200, signal }: PumpOptions = {},
): Promise<PumpEnd> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let seenBytes = 0;
  let held = false;
  let hold: NodeJS.Timeout | undefined;
  let ended: PumpEnd | null = null;
  let wake: () => void = () => {};

  const isWorthIt = () => waitingBytes >= GATHER_BYTES || waiting.length >= GATHER_CHUNKS;
  const isReady = () => ended !== null || isWorthIt() || (held && waitingBytes > 0);
  const end = (how: PumpEnd) => {
    ended ??= how;
    wake();
  };
  const take = (chunk: Buffer) => {
    const room = maxBytes - seenBytes;
    if (chunk.length > room) end('too-large');
    const kept = chunk.length > room ? chunk.subarray(0, room) : chunk;
    if (kept.length === 0) return;
    seenBytes += kept.length;
    waitingBytes += kept.length;
    waiting.push(kept);
    if (isReady()) wake();
    else
      hold ??= setTimeout(() => {
        held = true;
        wake();
      }, holdMs);
  };
  const onData = (chunk: Buffer) => {
    if (ended) return;
    idle.refresh();
    take(chunk);
    if (waitingBytes >= HIGH_WATER_BYTES || waiting.length >= HIGH_WATER_CHUNKS) source.pause();
  };
  const onEnd = () => end('end');
  const onCut = () => {
    // A destroyed stream still holds what it had buffered while it was paused; read() would tell `onData` of it, too.
    source.off('data', onData);
    for (let chunk = source.read(); chunk !== null && !ended; chunk = source.read()) take(chunk);
    end('cut');
  };
  const onAbort = () => end('aborted');
  const idle = setTimeout(() => end('idle'), idleMs);

  source.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) end('aborted');
  if (source.readableEnded) end('end');
  else if (source.destroyed) onCut();
  try {
    for (;;) {
      if (!isReady())
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (waiting.length > 0) {
        const chunks = waiting;
        const bytes = waitingBytes;
        waiting = [];
        waitingBytes = 0;
        held = false;
        clearTimeout(hold);
        hold = undefined;
        await sink(chunks, bytes, ended !== null);
        if (!ended && source.isPaused()) source.resume();
        idle.refresh();
      } else if (ended) return ended;
    }
  } finally {
    clearTimeout(idle);
    clearTimeout(hold);
    source.off('data', onData).off('end', onEnd).off('close', onCut);
    // The error listener stays: an error that nobody hears ends the process.
    source.pause();
    signal?.removeEventListener('abort', onAbort);
  }
}
