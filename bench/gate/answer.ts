/** One answer of a phone: slices into the engine as the recorder delivered them, the stop, the gate. */
import { createMemorySpool } from '../../client/memory-spool.ts';
import { createSender, type Sender } from '../../client/sender.ts';
import { createNodeStack } from '../../test/support/node-stack.ts';
import type { Link, LinkRate } from '../link.ts';
import { backlogMs, type GateFigures } from './gate-figures.ts';
import { idealAnswer, type Portion } from './ideal.ts';
import { createRequestLog, type RequestLog, stepsOf } from './request-log.ts';
import type { Recording } from './slices.ts';

/** Of one request's head, in bytes: the PATCHes' have about 350, the POST's 500. */
const HEAD_BYTES = 500;

/** An engine that sends the answers of one session. */
export interface Sitting {
  sender: Sender;
  log: RequestLog;
  /** Null once the take's gate opens, or why it stays shut: refused for good, or not within the limit. */
  opened(takeId: string, limitMs: number): Promise<string | null>;
  /** As the engine measured it; null where it does not say. */
  uplinkKbps(): number | null;
  close(): void;
}

/** The engine as the page assembles it, but on a spool in memory and on Node's sockets. */
export function openSitting(options: { link: Link; folder: string; token: string; random: () => number }): Sitting {
  const { link, folder, token, random } = options;
  const log = createRequestLog();
  const waiting = new Map<string, (why: string | null) => void>();
  const sender = createSender({
    random,
    spool: createMemorySpool(),
    folder,
    endpoint: `${link.url}/files`,
    token: () => token,
    httpStack: log.watchStack(createNodeStack()),
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

/** What is answered, and over what. Times in ms. */
export interface AnswerOptions {
  link: Link;
  rate: LinkRate;
  delayMs: number;
  /** Where in the trace the link began. */
  startMs: number;
  phone: number;
  /** From 1. */
  question: number;
  recording: Recording;
  limitMs: number;
  /** Connections go dead at the stop. */
  dead: boolean;
  /** Called when the last slice was handed over, with where the trace stands then. */
  onLastSlice: (at: { startMs: number; lastSliceMs: number }) => void;
}

/** Gives one answer in real time; resolves at its gate. Throws where the dead connection that was asked for did not happen. */
export async function giveAnswer(sitting: Sitting, options: AnswerOptions): Promise<Omit<GateFigures, 'multipart'>> {
  const { link, rate, delayMs, startMs, phone, question, recording, limitMs, dead, onLastSlice } = options;
  const { sender, log } = sitting;
  const takeId = crypto.randomUUID();
  const [sentBefore, requestsBefore] = [link.stats.bytesUp, log.requests.length];
  const startedAt = new Date().toISOString();
  await sender.begin({ takeId, question, mimeType: recording.mimeType, startedAt });
  const opened = sitting.opened(takeId, recording.stopMs + limitMs);

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
  // The last slice follows the stop, also where our timer for the stop was late.
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
    // Node's sockets don't tell how much of a cut request left: the link does.
    resentBytes: Math.max(gate?.resentBytes ?? 0, sentBytes - recording.bytes - requests.length * HEAD_BYTES),
    sentBytes,
    backlogMs: Math.round(behindMs),
    maxBacklogMs: Math.round(maxBehindMs),
    idealBacklogBytes: ideal.backlogBytes,
    steps: stepsOf(requests, stopMs, lastMs),
  };
}

/** A fault that did not happen would be a good figure of nothing. */
function goDead(link: Link): void {
  const before = link.stats.blackholed;
  link.blackhole();
  if (link.stats.blackholed === before) throw new Error('there was no open connection to go dead');
}

/** Till `performance.now()` says so. */
async function until(ms: number): Promise<void> {
  const leftMs = ms - performance.now();
  if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
}
