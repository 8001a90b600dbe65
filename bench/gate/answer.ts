/** One answer of a phone: the engine gets slices as the recorder delivered them, then the stop; then the gate is awaited. */
import { DefaultHttpStack } from 'tus-js-client';
import { createMemorySpool } from '../../client/spool/memory-spool.ts';
import { createUploadQueue, type UploadQueue } from '../../client/upload/upload-queue.ts';
import type { LinkRate } from '../../test/support/network/link-rate.ts';
import type { Network } from '../../test/support/network/network.ts';
import { backlogMs, type GateFigures } from './gate-figures.ts';
import { idealAnswer, type Portion } from './ideal.ts';
import { createRequestLog, type RequestLog, stepsOf } from './request-log.ts';
import type { Recording } from './slices.ts';

/** Bytes of one request's head: about 350 for a PATCH, 500 for the POST. */
const HEAD_BYTES = 500;

/** An engine that sends the answers of one session. */
interface EngineSession {
  sender: UploadQueue;
  log: RequestLog;
  /** Resolves with null when the take's gate opens, or with the reason why it stays shut: refused for good, or not within the limit. */
  opened(takeId: string, limitMs: number): Promise<string | null>;
  /** The uplink that the engine has measured, in kbit/s; null before. */
  uplinkKbps(): number | null;
  close(): void;
}

/** Assembles the engine as the page does, but with a spool in memory and Node's sockets. */
export function openSession(options: {
  link: Network;
  folder: string;
  token: string;
  random: () => number;
}): EngineSession {
  const { link, folder, token, random } = options;
  const log = createRequestLog();
  const waiting = new Map<string, (why: string | null) => void>();
  const sender = createUploadQueue({
    random,
    spool: createMemorySpool(),
    folder,
    endpoint: `${link.url}/files`,
    token: () => token,
    httpStack: log.watchStack(new DefaultHttpStack({})),
    fetch: log.watchFetch(fetch),
    onEvent(event) {
      if (event.type === 'gate' && event.gate.kind === 'open') waiting.get(event.takeId)?.(null);
      if (event.type === 'refused' && event.final) waiting.get(event.takeId)?.(`${event.code}: ${event.detail}`);
    },
  });
  return {
    sender,
    log,
    opened: (takeId, limitMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve('not within the limit'), limitMs);
        waiting.set(takeId, (why) => {
          clearTimeout(timer);
          resolve(why);
        });
      }),
    uplinkKbps: () => sender.status().uplinkKbps,
    close: () => sender.close(),
  };
}

/** An answer and its link. Times in ms. */
interface AnswerOptions {
  link: Network;
  rate: LinkRate;
  delayMs: number;
  /** Position in the trace at which the link began. */
  startMs: number;
  phone: number;
  /** From 1. */
  question: number;
  recording: Recording;
  limitMs: number;
  /** True: all connections go dead at the stop. */
  dead: boolean;
  /** Called when the last slice was handed over, with the position in the trace at that moment. */
  onLastSlice: (at: { startMs: number; lastSliceMs: number }) => void;
}

/**
 * Gives one answer in real time; resolves at its gate.
 * @throws Error when `dead` was asked for and no connection was open
 */
export async function giveAnswer(
  session: EngineSession,
  options: AnswerOptions,
): Promise<Omit<GateFigures, 'multipart'>> {
  const { link, rate, delayMs, startMs, phone, question, recording, limitMs, dead, onLastSlice } = options;
  const { sender, log } = session;
  const takeId = crypto.randomUUID();
  const [sentBefore, requestsBefore] = [link.stats.bytesUp, log.requests.length];
  const startedAt = new Date().toISOString();
  await sender.create({ takeId, question, mimeType: recording.mimeType, startedAt });
  const opened = session.opened(takeId, recording.stopMs + limitMs);

  const beganMs = performance.now();
  const handedOver: Portion[] = [];
  let maxBehindMs = 0;
  const behind = () => backlogMs(handedOver, sender.status().ackedBytes, beganMs);
  const handOver = async (slices: Recording['slices'], fromMs: number): Promise<void> => {
    for (const { atMs, data } of slices) {
      await until(fromMs + atMs);
      handedOver.push({ atMs: performance.now(), bytes: data.byteLength });
      maxBehindMs = Math.max(maxBehindMs, behind());
      await sender.append(takeId, data, Math.round(atMs));
    }
  };
  await handOver(
    recording.slices.filter(({ atMs }) => atMs <= recording.stopMs),
    beganMs,
  );
  await until(beganMs + recording.stopMs);
  const stopMs = performance.now();
  const behindMs = behind();
  if (dead) goDead(link);
  sender.enterGate(takeId);
  // The last slice follows the stop, even if the timer of the stop was late.
  const rest = recording.slices.filter(({ atMs }) => atMs > recording.stopMs);
  await handOver(rest, stopMs - recording.stopMs);
  await sender.end(takeId);
  const lastMs = performance.now();
  const traceBeganMs = link.stats.beganMs ?? lastMs;
  onLastSlice({ startMs: startMs + lastMs - traceBeganMs, lastSliceMs: lastMs - stopMs });
  const shut = await opened;
  const sentBytes = link.stats.bytesUp - sentBefore;
  const requests = log.requests.slice(requestsBefore);
  const gate = sender.status().gate.find((each) => each.takeId === takeId);
  const ideal = idealAnswer({
    ...{ rate, startMs, delayMs },
    portions: handedOver.map(({ atMs, bytes }) => ({ atMs: atMs - traceBeganMs, bytes })),
    stopMs: stopMs - traceBeganMs,
  });
  return {
    where: 'node',
    phone,
    seconds: recording.seconds,
    traceMs: Math.round(startMs + stopMs - traceBeganMs),
    bytes: recording.bytes,
    kbit: (recording.bytes * 8) / recording.stopMs,
    waitMs: gate?.waitMs ?? null,
    shut,
    idealMs: Math.round(ideal.waitMs),
    // Only the link knows how many bytes of a cut request left: Node's sockets don't report it.
    resentBytes: Math.max(gate?.resentBytes ?? 0, sentBytes - recording.bytes - requests.length * HEAD_BYTES),
    sentBytes,
    backlogMs: Math.round(behindMs),
    maxBacklogMs: Math.round(maxBehindMs),
    idealBacklogBytes: ideal.backlogBytes,
    steps: stepsOf(requests, stopMs, lastMs),
  };
}

/** Makes all connections silent; throws without one, because the figure would then measure nothing. */
function goDead(link: Network): void {
  const before = link.stats.blackholed;
  link.blackhole();
  if (link.stats.blackholed === before) throw new Error('there was no open connection to go dead');
}

/** Waits until `performance.now()` reaches `untilMs`. */
async function until(ms: number): Promise<void> {
  const leftMs = ms - performance.now();
  if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
}
