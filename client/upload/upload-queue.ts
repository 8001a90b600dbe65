/**
 * The uploads of a session's takes: oldest first and one at a time, so that the uplink carries the bytes that wait
 * longest. A take that was refused for good, or shows `failed`, lets the next one pass, and is first again once its
 * bytes move.
 */
import type { NewTake, SpooledTake } from '../spool/spool.ts';
import { sleep, systemTimers } from '../timers.ts';
import { createDetour } from './detour.ts';
import type { Gate, UploadEvent, UploaderEvent, UploadStatus } from './events.ts';
import { createHttpStack } from './http-stack.ts';
import { createSounds, type Sounds } from './sounds.ts';
import { createThroughput } from './throughput.ts';
import { createUploader, type Uploader, type UploaderOptions } from './uploader.ts';

/** A gate that opened. */
export interface GateRecord {
  /** From 1. */
  question: number;
  takeId: string;
  /** From `enterGate` to the server's confirmation; 0 where the candidate did not wait. */
  waitMs: number;
  /** Bytes of the answer. */
  bytes: number;
  /** Bytes that were sent in vain. */
  resentBytes: number;
  /** Bytes recorded and not acknowledged when the candidate came to the gate; 0 where the candidate did not wait. */
  backlogBytes: number;
  /** Length of the answer. */
  recordedMs: number;
  /** Of the answer, in hex, as the server confirmed it. */
  sha256: string;
}

/** The state of one take. */
export interface TakeStatus extends UploadStatus {
  /** Bytes that the recorder delivered … */
  recordedBytes: number;
  /** … and those of them that the spool persisted. */
  persistedBytes: number;
  /** Length recorded so far. */
  recordedMs: number;
}

/** The state of all takes of this page; the first four values are those of the newest take, also after its end. */
export interface UploadQueueStatus {
  /** Null before the first take. */
  takeId: string | null;
  recordedBytes: number;
  persistedBytes: number;
  ackedBytes: number;
  /** Every take of this page, oldest first. */
  takes: TakeStatus[];
  /** The gates that opened, in order. */
  gate: GateRecord[];
  /** Throughput of the latest PATCHes in kbit/s, round trips included; null until one carried 16 KiB. */
  uplinkKbps: number | null;
  /** For how many ms the request in flight has moved no byte; 0 between requests. */
  quietMs: number;
}

/** The uploads of a session's takes. */
export interface UploadQueue {
  /**
   * Ends and uploads the takes that an earlier page left in the spool, and forgets those in which nothing was recorded;
   * to be called before the first `create`. Resolves to the other ones, oldest first. Rejects where the spool cannot be
   * read.
   */
  recover(): Promise<SpooledTake[]>;
  /** Creates a take in the spool; it is uploaded while it grows. Rejects where the device refuses to store it. */
  create(take: Omit<NewTake, 'folder'>): Promise<SpooledTake>;
  /**
   * Adds a chunk; `recordedMs` is the length recorded so far. Resolves to the bytes persisted of the take; rejects
   * where the device cannot store the chunk.
   */
  append(takeId: string, data: ArrayBuffer, recordedMs: number): Promise<number>;
  /**
   * Records in the spool that no chunk follows, again and again until the device's store accepts it; each refusal is
   * emitted as `store-failed`. Never rejects; resolves early where the take is dropped or the queue closed meanwhile.
   */
  end(takeId: string): Promise<void>;
  /** The candidate waits at this take's gate: emits the gate's state, and makes an attempt at once. */
  enterGate(takeId: string): void;
  /** Takes of this page that the server has not confirmed, oldest first. */
  unsent(): Array<{ takeId: string; question: number; recordedMs: number; refused: boolean }>;
  /** Begins sound that goes ahead of a take. It is dropped with the take, and once the server confirmed the take. */
  beginSound: Sounds['begin'];
  /** Gives a take up: its upload ends, and the spool forgets it. Rejects where the spool does not. */
  drop(takeId: string): Promise<void>;
  /** "Retry", `online`, `pageshow`, `focus`: an attempt at once for each take that waits for one. */
  retryNow(): void;
  status(): UploadQueueStatus;
  /** Ends all uploads without an event; takes that are not confirmed stay in the spool. */
  close(): void;
}

/** Options of `createUploadQueue`. */
export interface UploadQueueOptions extends Omit<UploaderOptions, 'take' | 'throughput' | 'detour' | 'onEvent'> {
  /** The session's folder. */
  folder: string;
  onEvent: (event: UploadEvent) => void;
}

/** A take of this page. */
interface Entry {
  take: SpooledTake;
  uploader: Uploader;
  gate: Gate;
  recordedBytes: number;
  persistedBytes: number;
  recordedMs: number;
  /** Null until the candidate comes to the gate. `at` is by the timers' clock. */
  entered: { at: number; backlogBytes: number } | null;
}

/** @throws Error where no request to this endpoint could be sent. `URL.canParse` is missing in Safari before 17. */
function requireUrl(endpoint: string): void {
  try {
    new URL(endpoint, globalThis.location?.href);
  } catch (cause) {
    throw new Error(`The endpoint ${endpoint} is no URL: outside of a page it must be absolute`, { cause });
  }
}

/**
 * Fewer bytes than these are no recording, not even the name of a container: some recorders hand over a first chunk of
 * one byte, and a page may end behind it.
 */
const MIN_BYTES = 8;
/** The wait between two attempts to record in the device's store that a take ended. */
const END_RETRY_MS = 2000;

/**
 * Creates the queue of one session; nothing is sent before `recover` or `create`.
 *
 * @throws Error where nothing could ever be sent: no HTTP stack, or a relative endpoint outside of a page.
 */
export function createUploadQueue({ folder, onEvent, ...options }: UploadQueueOptions): UploadQueue {
  const { spool, endpoint, timers = systemTimers } = options;
  requireUrl(endpoint);
  const entries = new Map<string, Entry>();
  const opened: GateRecord[] = [];
  const throughput = createThroughput();
  const detour = createDetour();
  const httpStack = createHttpStack({ inner: options.httpStack, usesPost: detour.usesPost });
  const sounds = createSounds({ ...options, folder, detour, httpStack });
  const beside = { ...throughput, patchBytes: () => throughput.patchBytes(sounds.areMoving()) };
  const closing = new AbortController();

  function add(take: SpooledTake): void {
    const uploader = createUploader({ ...options, throughput: beside, detour, httpStack, take, onEvent: handle });
    const recorded = { recordedBytes: take.bytes, persistedBytes: take.bytes, recordedMs: take.recordedMs };
    entries.set(take.takeId, { take, uploader, gate: { kind: 'uploading' }, ...recorded, entered: null });
    dispatch();
  }

  const unsent = (): Entry[] => [...entries.values()].filter(({ gate }) => gate.kind !== 'open');

  /**
   * The take that an unsent take waits for. One that shows `failed` lets the next one pass, except a take of the same
   * question, since the server counts the take that was created last; and except where the network failed, as it would
   * fail for all takes.
   */
  function blocker(entry: Entry): Entry | undefined {
    const all = unsent();
    const blocks = ({ gate, take, uploader }: Entry) =>
      gate.kind !== 'failed' || take.question === entry.take.question || uploader.status().unanswered;
    return all.slice(0, Math.max(0, all.indexOf(entry))).find(blocks);
  }

  /** Whether the candidate has recorded another take of the question, which is unsent as well. */
  function isReplaced(entry: Entry): boolean {
    return unsent().findLast(({ take }) => take.question === entry.take.question) !== entry;
  }

  async function drop(takeId: string): Promise<void> {
    entries.get(takeId)?.uploader.pause();
    entries.delete(takeId);
    sounds.drop(takeId);
    dispatch();
    await spool.forget(takeId);
  }

  /** Starts the uploads that wait for none, and pauses the other ones, except those that wait for the candidate. */
  function dispatch(): void {
    // A take that was refused for good would block the take that replaces it for ever.
    const spent = unsent().find((entry) => entry.uploader.status().refused && isReplaced(entry));
    if (spent) return void drop(spent.take.takeId).catch(() => {});
    for (const entry of unsent()) {
      if (!closing.signal.aborted && !blocker(entry)) entry.uploader.start();
      else if (!entry.uploader.status().refused) entry.uploader.pause();
    }
  }

  function handle(event: UploaderEvent): void {
    const entry = entries.get(event.takeId);
    if (closing.signal.aborted || !entry) return;
    if (event.type === 'refused') {
      if (!event.final || !isReplaced(entry)) onEvent(event);
      dispatch();
      return;
    }
    entry.gate = event.gate;
    if (event.gate.kind === 'open') record(entry);
    onEvent(event);
    dispatch();
    // The takes that wait for this one show its gate as their own.
    if (event.gate.kind === 'open') return;
    for (const { take } of unsent().filter((other) => blocker(other) === entry))
      onEvent({ ...event, takeId: take.takeId });
  }

  function record({ take, uploader, persistedBytes: bytes, recordedMs, entered }: Entry): void {
    sounds.drop(take.takeId);
    const waitMs = entered === null ? 0 : Math.round(timers.now() - entered.at);
    const { resentBytes, sha256 } = uploader.status();
    const { question, takeId } = take;
    const backlogBytes = entered?.backlogBytes ?? 0;
    opened.push({ question, takeId, waitMs, bytes, resentBytes, backlogBytes, recordedMs, sha256: sha256 ?? '' });
  }

  /** Before the end is recorded the upload cannot end either; a store that refuses it delays nothing else. */
  async function end(takeId: string): Promise<void> {
    const isGone = () => closing.signal.aborted || !entries.has(takeId);
    do {
      try {
        return await spool.end(takeId);
      } catch (error) {
        if (isGone()) return;
        onEvent({ type: 'store-failed', takeId, error });
        await sleep(timers, END_RETRY_MS, closing.signal);
      }
    } while (!isGone());
  }

  return {
    async recover() {
      const found = (await spool.list(folder)).filter(({ takeId }) => !entries.has(takeId));
      const left = found.filter(({ bytes }) => bytes >= MIN_BYTES).map((take) => ({ ...take, ended: true }));
      for (const { takeId, bytes } of found) if (bytes < MIN_BYTES) void spool.forget(takeId).catch(() => {});
      for (const take of left) add(take);
      for (const { takeId } of left) void end(takeId);
      return left;
    },
    async create(take) {
      const spooled = await spool.create({ ...take, folder });
      add(spooled);
      return spooled;
    },
    async append(takeId, data, recordedMs) {
      const entry = entries.get(takeId);
      if (entry) entry.recordedBytes += data.byteLength;
      const bytes = await spool.append(takeId, data, recordedMs);
      if (entry) Object.assign(entry, { persistedBytes: bytes, recordedMs });
      return bytes;
    },
    end,
    enterGate(takeId) {
      const entry = entries.get(takeId);
      if (!entry) return;
      const { ackedBytes } = entry.uploader.status();
      entry.entered ??= { at: timers.now(), backlogBytes: Math.max(0, entry.recordedBytes - ackedBytes) };
      entry.uploader.expectEnd();
      const first = blocker(entry) ?? entry;
      onEvent({ type: 'gate', takeId, gate: entry.gate.kind === 'open' ? entry.gate : first.gate });
      first.uploader.hurry();
    },
    unsent: () =>
      unsent().map(({ take, uploader, recordedMs }) => {
        const { takeId, question } = take;
        return { takeId, question, recordedMs, refused: uploader.status().refused };
      }),
    beginSound: sounds.begin,
    drop,
    retryNow() {
      for (const { uploader } of entries.values()) uploader.retryNow();
      sounds.retryNow();
    },
    status() {
      const takes = [...entries.values()].map(({ uploader, recordedBytes, persistedBytes, recordedMs }) => {
        return { ...uploader.status(), recordedBytes, persistedBytes, recordedMs };
      });
      const { takeId = null, recordedBytes = 0, persistedBytes = 0, ackedBytes = 0 } = takes.at(-1) ?? {};
      const quietMs = Math.max(0, ...takes.map((take) => take.quietMs));
      const uplinkKbps = throughput.kbps();
      return { takeId, recordedBytes, persistedBytes, ackedBytes, takes, gate: [...opened], uplinkKbps, quietMs };
    },
    close() {
      closing.abort();
      sounds.close();
      for (const { uploader } of entries.values()) uploader.pause();
    },
  };
}
