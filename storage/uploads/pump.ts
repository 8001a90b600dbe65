import type { Readable } from 'node:stream';

/** How a source ended: by itself, cut by its peer, silent for too long, by the caller's signal, or over the limit. */
export type PumpEnd = 'end' | 'cut' | 'idle' | 'aborted' | 'too-large';

/** A body is given up after this time without a byte, unless the caller gives another. */
export const IDLE_MS = 30_000;

/** The limits of a pump. */
export interface PumpOptions {
  /** How many bytes may come; bytes beyond are not handed on, and the pump ends with `too-large`. */
  maxBytes?: number;
  /** The pump ends with `idle` after this time without a byte; `IDLE_MS` by default. */
  idleMs?: number;
  /** Fewer bytes than GATHER_BYTES wait this long for more, so that a small body is handed on whole; 100 ms by default. */
  holdMs?: number;
  /** Ends the pump with `aborted`. */
  signal?: AbortSignal | undefined;
  /**
   * Called when every byte was handed on and no further one has come for `quietMs`; once for each such pause. An error
   * that it throws ends the pump.
   */
  onQuiet?: (() => Promise<void>) | undefined;
  /** 270 ms by default: a HEAD that is sent 300 ms after the last byte tells it. */
  quietMs?: number;
}

/** The source is paused while this many bytes wait in memory for the sink. */
const HIGH_WATER_BYTES = 1 << 20;
/** This many bytes are handed to the sink without waiting for more. */
const GATHER_BYTES = 256 << 10;
/** So is this number of chunks: the Buffer of a chunk of one byte takes about 100 bytes. */
const GATHER_CHUNKS = 1_024;
const HIGH_WATER_CHUNKS = 4 * GATHER_CHUNKS;

/**
 * Carries a stream's chunks to a sink, in order, a batch at a time, and keeps what arrived before a cut.
 *
 * `for await` and `pipeline` drop the chunks that wait in a stream when it is destroyed: a request that its peer cut
 * would lose up to the size of every buffer on the way. So chunks are taken out of the stream as they arrive, and after
 * any end the sink gets the chunks that still wait.
 * @param sink is called with a batch, its size in bytes, and whether the batch is known to be the last one
 * @throws the error of the sink or of `onQuiet`, which ends the pump
 */
export async function pump(
  source: Readable,
  sink: (chunks: Buffer[], bytes: number, last: boolean) => Promise<void>,
  {
    maxBytes = Number.POSITIVE_INFINITY,
    idleMs = IDLE_MS,
    holdMs = 100,
    signal,
    onQuiet,
    quietMs = 270,
  }: PumpOptions = {},
): Promise<PumpEnd> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let seenBytes = 0;
  let held = false;
  let quiet = false;
  let hold: NodeJS.Timeout | undefined;
  let ended: PumpEnd | null = null;
  let wake: () => void = () => {};

  const isWorthIt = () => waitingBytes >= GATHER_BYTES || waiting.length >= GATHER_CHUNKS;
  const isReady = () => ended !== null || quiet || isWorthIt() || (held && waitingBytes > 0);
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
    quiet = false;
    pause?.refresh();
    take(chunk);
    if (waitingBytes >= HIGH_WATER_BYTES || waiting.length >= HIGH_WATER_CHUNKS) source.pause();
  };
  const onEnd = () => end('end');
  const onCut = () => {
    // A destroyed stream still has the chunks that it buffered while paused; read() would also emit them to `onData`.
    source.off('data', onData);
    for (let chunk = source.read(); chunk !== null && !ended; chunk = source.read()) take(chunk);
    end('cut');
  };
  const onAbort = () => end('aborted');
  const idle = setTimeout(() => end('idle'), idleMs);
  const onPause = () => {
    quiet = true;
    wake();
  };
  const pause = onQuiet && setTimeout(onPause, quietMs);

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
      if (!quiet || waiting.length > 0) continue;
      quiet = false;
      await onQuiet?.();
    }
  } finally {
    clearTimeout(idle);
    clearTimeout(hold);
    clearTimeout(pause);
    source.off('data', onData).off('end', onEnd).off('close', onCut);
    // The error listener stays: an error without a listener ends the process.
    source.pause();
    signal?.removeEventListener('abort', onAbort);
  }
}
