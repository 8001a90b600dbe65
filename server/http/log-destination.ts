/**
 * Where the log's lines are written: standard error. It may be full, broken or read by nobody: then lines are lost, and
 * nothing else is.
 */
import { constants, openSync, write } from 'node:fs';
import { isatty } from 'node:tty';

/** How many bytes of lines wait for a destination that takes none. Lines beyond them are dropped and counted. */
const MAX_WAITING_BYTES = 1 << 20;
/** After a drop, lines are taken again once no more than this waits: else every second line would tell of drops. */
const ROOM_BYTES = MAX_WAITING_BYTES / 2;
/** How many bytes one write carries at least, if they are there. */
const BATCH_BYTES = 64 << 10;
/** A write that failed is repeated after this time. */
const RETRY_MS = 250;

/** What `fs.write` does with one descriptor: calls back with an error, or with the number of bytes written. */
type Write = (bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void) => void;

/** A destination of pino. */
export interface LogDestination {
  /** Takes lines. It never throws and never waits. */
  write(lines: string): void;
  /** Resolves once everything is written, and after `withinMs` at the latest. */
  flush(withinMs: number): Promise<void>;
}

/**
 * Creates the destination.
 * @param writeBytes writes to standard error by default
 */
export function createLogDestination(writeBytes: Write = createStandardError()): LogDestination {
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let isWriting = false;
  let whenEmpty = () => {};

  const push = (lines: string) => {
    const bytes = Buffer.from(lines);
    waiting.push(bytes);
    waitingBytes += bytes.length;
  };
  const tellDropped = () => {
    if (dropped === 0 || waitingBytes > ROOM_BYTES) return;
    const msg = `${dropped} lines of the log were lost here: standard error took none`;
    dropped = 0;
    push(`${JSON.stringify({ level: 40, time: new Date().toISOString(), msg })}\n`);
  };
  const next = () => {
    isWriting = true;
    const batch: Buffer[] = [];
    for (let bytes = 0; bytes < BATCH_BYTES && waiting.length > 0; ) {
      const first = waiting.shift() as Buffer;
      batch.push(first);
      bytes += first.length;
    }
    const bytes = Buffer.concat(batch);
    writeBytes(bytes, (error, written) => {
      const rest = bytes.subarray(error ? 0 : written);
      waitingBytes -= bytes.length - rest.length;
      if (rest.length > 0) waiting.unshift(rest);
      // Nothing waits for the timer: it must not keep the process running.
      if (error) return void setTimeout(next, RETRY_MS).unref();
      tellDropped();
      if (waiting.length > 0) return next();
      isWriting = false;
      whenEmpty();
    });
  };

  return {
    write(lines) {
      tellDropped();
      if (dropped > 0 || waitingBytes + lines.length > MAX_WAITING_BYTES) dropped += 1;
      else push(lines);
      if (!isWriting) next();
    },
    flush: (withinMs) =>
      new Promise((resolve) => {
        if (!isWriting) return resolve();
        const timer = setTimeout(resolve, withinMs);
        whenEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}

/** Writes that never block this process, wherever the system allows it. */
function createStandardError(): Write {
  let descriptor = 2;
  // Node makes pipes and sockets non-blocking when it opens their stream: a write then fails with EAGAIN where it would
  // wait for a reader. A blocked write would hold a thread of the pool, and the end of the process waits for these.
  void process.stderr;
  try {
    // A terminal that was stopped (Ctrl+S). A second descriptor, since other processes share this one and its flags.
    if (isatty(2)) descriptor = openSync('/dev/fd/2', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // Another user's terminal: the descriptor that is open works.
  }
  return (bytes, done) => write(descriptor, bytes, done);
}
