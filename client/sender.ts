/**
 * The sending of a session's takes: oldest first and one at a time, so that the uplink goes to the bytes that wait longest.
 * A take that was refused for good, or shows `failed`, lets the next one pass, and takes the line back once it moves again.
 */
import type { Gate } from './interview.ts';
import type { NewTake, SpooledTake } from './spool.ts';
import { systemTimers } from './timers.ts';
import { createUplinkMeter } from './uplink-meter.ts';
import type { UploadEvent, UploadStatus } from './upload-events.ts';
import { createUploader, type Uploader, type UploaderOptions } from './uploader.ts';

/** A gate that opened. */
export interface GateRecord {
  question: number;
  takeId: string;
  /** From `enterGate` to the server's confirmation; 0 where nobody waited. */
  waitMs: number;
  /** Of the answer. */
  bytes: number;
  /** Sent more than once on the way. */
  resentBytes: number;
  /** Recorded, but not confirmed to have arrived, when the candidate came to the gate; 0 where nobody waited. */
  backlogBytes: number;
  /** Length of the answer. */
  recordedMs: number;
  /** Of the answer, in hex, as the server confirmed it. */
  sha256: string;
}

export interface TakeStatus extends UploadStatus {
  /** What the recorder handed over … */
  recordedBytes: number;
  /** … and what of it the device has kept for certain. */
  persistedBytes: number;
  /** Length recorded so far. */
  recordedMs: number;
}

export interface SenderStatus {
  /** Of the newest take, also after its end; null before the first. */
  takeId: string | null;
  recordedBytes: number;
  persistedBytes: number;
  ackedBytes: number;
  /** Every take of this page, oldest first. */
  takes: TakeStatus[];
  gate: GateRecord[];
  /** What the uplink took lately, round trips and all; null until a PATCH carried 16 KiB. */
  uplinkKbps: number | null;
  /** For how long the request in flight has moved nothing; 0 where none is. */
  quietMs: number;
}

export interface Sender {
  /**
   * Takes up what an earlier page left in the spool, ends it and sends it; empty takes are forgotten. Call it before the
   * first `begin`. Resolves to those takes, oldest first.
   */
  recover(): Promise<SpooledTake[]>;
  /** A new take in the spool, sent while it grows. Rejects where the device refuses to keep it. */
  begin(take: Omit<NewTake, 'folder'>): Promise<SpooledTake>;
  /** Resolves to the bytes persisted in all; rejects where the device cannot keep the chunk. */
  append(takeId: string, data: ArrayBuffer, recordedMs: number): Promise<number>;
  /** No chunk comes any more. */
  end(takeId: string): Promise<void>;
  /** The candidate stands at this take's gate: tells its state, and tries at once. */
  enterGate(takeId: string): void;
  /** Takes of this page that the server has not confirmed, oldest first. */
  unsent(): Array<{ takeId: string; question: number; recordedMs: number; refused: boolean }>;
  /** Gives a take up: it is neither sent nor kept any longer. */
  drop(takeId: string): Promise<void>;
  /** "Retry", `online`, `pageshow`, `focus`: an attempt at once for whatever is not sent. */
  retryNow(): void;
  status(): SenderStatus;
  /** Stops sending without a word; what is not confirmed stays in the spool. */
  close(): void;
}

export interface SenderOptions extends Omit<UploaderOptions, 'take' | 'meter'> {
  /** The session's folder. */
  folder: string;
}

interface Entry {
  take: SpooledTake;
  uploader: Uploader;
  gate: Gate;
  recordedBytes: number;
  persistedBytes: number;
  recordedMs: number;
  /** Null until the candidate stands at the gate. */
  entered: { at: number; backlogBytes: number } | null;
}

/** Between tries to tell the device's store that a take has ended. */
const END_RETRY_MS = 2000;

export function createSender({ folder, onEvent, ...options }: SenderOptions): Sender {
  const { spool, timers = systemTimers } = options;
  const entries = new Map<string, Entry>();
  const opened: GateRecord[] = [];
  const meter = createUplinkMeter();
  let closed = false;

  function add(take: SpooledTake): void {
    const uploader = createUploader({ ...options, meter, take, onEvent: hear });
    const recorded = { recordedBytes: take.bytes, persistedBytes: take.bytes, recordedMs: take.recordedMs };
    entries.set(take.takeId, { take, uploader, gate: { kind: 'uploading' }, ...recorded, entered: null });
    dispatch();
  }

  const unsent = (): Entry[] => [...entries.values()].filter(({ gate }) => gate.kind !== 'open');

  /**
   * What an unsent take waits for. One that shows `failed` lets the next pass, but never one of its own question: the
   * server counts the take that it heard of last. Nor where the network failed, which it would fail for them all.
   */
  function blocker(entry: Entry): Entry | undefined {
    const all = unsent();
    const blocks = ({ gate, take, uploader }: Entry) =>
      gate.kind !== 'failed' || take.question === entry.take.question || uploader.status().unanswered;
    return all.slice(0, Math.max(0, all.indexOf(entry))).find(blocks);
  }

  /** Whether the candidate has answered the question anew, and that is not sent either. */
  function isReplaced(entry: Entry): boolean {
    return unsent().findLast(({ take }) => take.question === entry.take.question) !== entry;
  }

  async function drop(takeId: string): Promise<void> {
    entries.get(takeId)?.uploader.pause();
    entries.delete(takeId);
    dispatch();
    await spool.forget(takeId);
  }

  /** Lets run whose turn it is, and those that only try now and then. */
  function dispatch(): void {
    // The one that replaces it would wait for ever.
    const spent = unsent().find((entry) => entry.uploader.status().refused && isReplaced(entry));
    if (spent) return void drop(spent.take.takeId).catch(() => {});
    for (const entry of unsent()) {
      if (!closed && !blocker(entry)) entry.uploader.start();
      else if (!entry.uploader.status().refused) entry.uploader.pause();
    }
  }

  function hear(event: UploadEvent): void {
    const entry = entries.get(event.takeId);
    if (closed || !entry) return;
    if (event.type === 'refused') {
      if (!event.final || !isReplaced(entry)) onEvent(event);
      dispatch();
      return;
    }
    entry.gate = event.gate;
    if (event.gate.kind === 'open') record(entry);
    onEvent(event);
    dispatch();
    // Those behind wait for the same thing: they show it as their own.
    if (event.gate.kind === 'open') return;
    for (const { take } of unsent().filter((other) => blocker(other) === entry))
      onEvent({ ...event, takeId: take.takeId });
  }

  function record({ take, uploader, persistedBytes: bytes, recordedMs, entered }: Entry): void {
    const waitMs = entered === null ? 0 : Math.round(timers.now() - entered.at);
    const { resentBytes, sha256 } = uploader.status();
    const { question, takeId } = take;
    const backlogBytes = entered?.backlogBytes ?? 0;
    opened.push({ question, takeId, waitMs, bytes, resentBytes, backlogBytes, recordedMs, sha256: sha256 ?? '' });
  }

  /** Until it is written down the upload can't end; a store that refuses it now holds up nothing else. */
  async function endInSpool(takeId: string): Promise<void> {
    while (!closed && entries.has(takeId)) {
      const written = await spool.end(takeId).then(
        () => true,
        () => false,
      );
      if (written) return;
      await new Promise<void>((resolve) => timers.set(resolve, END_RETRY_MS));
    }
  }

  return {
    async recover() {
      const found = (await spool.list(folder)).filter(({ takeId }) => !entries.has(takeId));
      const left = found.filter(({ bytes }) => bytes > 0).map((take) => ({ ...take, ended: true }));
      for (const { takeId, bytes } of found) if (bytes === 0) void spool.forget(takeId).catch(() => {});
      for (const take of left) add(take);
      for (const { takeId } of left) void endInSpool(takeId);
      return left;
    },
    async begin(take) {
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
    end: (takeId) => spool.end(takeId),
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
    drop,
    retryNow() {
      for (const { uploader } of entries.values()) uploader.retryNow();
    },
    status() {
      const takes = [...entries.values()].map(({ uploader, recordedBytes, persistedBytes, recordedMs }) => {
        return { ...uploader.status(), recordedBytes, persistedBytes, recordedMs };
      });
      const { takeId = null, recordedBytes = 0, persistedBytes = 0, ackedBytes = 0 } = takes.at(-1) ?? {};
      const quietMs = Math.max(0, ...takes.map((take) => take.quietMs));
      const uplinkKbps = meter.kbps();
      return { takeId, recordedBytes, persistedBytes, ackedBytes, takes, gate: [...opened], uplinkKbps, quietMs };
    },
    close() {
      closed = true;
      for (const { uploader } of entries.values()) uploader.pause();
    },
  };
}
