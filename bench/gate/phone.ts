/** A phone in Node: the page's sending engine on recorded slices, over a link of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fitQuality, type Quality, retune } from '../../client/capture/quality.ts';
import { measureUplink } from '../../client/capture/uplink-test.ts';
import type { LinkRate } from '../../test/support/network/link-rate.ts';
import { type Network, openNetwork } from '../../test/support/network/network.ts';
import { startSession } from '../../test/support/server/server.ts';
import { giveAnswer, openSession } from './answer.ts';
import type { GateFigures, MultipartFigures } from './gate-figures.ts';
import { type PostOptions, postAnswer } from './multipart.ts';
import { type RungRecordings, recordingFor } from './slices.ts';

/** Questions of the default interview: more answers take more sessions. */
export const QUESTIONS = 5;
/** Wait after which a gate counts as never opened, in ms. */
export const GATE_LIMIT_MS = 180_000;

/** A candidate who may start one session. */
export interface Candidate {
  name: string;
  token: string;
}

/** A phone, its answers and its link. */
export interface PhoneOptions {
  /** Number of the phone, from 0. */
  phone: number;
  /** The server's port on this machine. */
  port: number;
  rate: LinkRate;
  delayMs: number;
  /** Position in the trace at which the phone begins, in ms. */
  startMs: number;
  answers: number;
  /** Lengths of the answers in turn, in seconds; odd phones begin with the second. */
  seconds: readonly number[];
  ladder: readonly RungRecordings[];
  /** Returns a candidate for the next session; never the same one twice. */
  nextCandidate: () => Candidate;
  /** The engine's random numbers, in [0, 1). */
  random: () => number;
  /** Called for each gate as soon as all of its figures are known. */
  onGate: (figures: GateFigures) => void;
  /** Given: connections go dead at the stop, both ways, and the wait is given up after this time, in ms. */
  deadLimitMs?: number;
}

/** Gives all answers of a phone, one after another; resolves once their multipart counterparts have arrived, too. */
export async function runPhone(options: PhoneOptions): Promise<void> {
  const { phone, port, rate, delayMs, startMs, answers, seconds, ladder, nextCandidate, onGate, deadLimitMs } = options;
  const link = await openNetwork({ to: { host: '127.0.0.1', port }, rate, delayMs, startMs });
  const limitMs = deadLimitMs ?? GATE_LIMIT_MS;
  const dead = deadLimitMs !== undefined;
  const posted: Promise<void>[] = [];
  try {
    let quality: Quality | null = null;
    for (let done = 0; done < answers; ) {
      const [candidate, other] = [nextCandidate(), nextCandidate()];
      const folder = await startSession(link.url, candidate.token, candidate.name);
      const otherFolder = await startSession(`http://127.0.0.1:${port}`, other.token, other.name);
      quality ??= await measureQuality(link, candidate.token);
      const session = openSession({ link, folder, token: candidate.token, random: options.random });
      for (let question = 1; question <= QUESTIONS && done < answers; question++, done++) {
        const recording = recordingFor(ladder, quality, seconds[(phone + done) % seconds.length] ?? 0, phone + done);
        let multipart: Promise<MultipartFigures> | undefined;
        const post = (at: Pick<PostOptions, 'startMs' | 'lastSliceMs'>): void => {
          const of = { port, rate, delayMs, recording, limitMs, question, token: other.token, folder: otherFolder };
          multipart = postAnswer({ ...of, ...at, ...(dead && { onMoving: (own: Network) => own.blackhole() }) });
        };
        const answered = { link, rate, delayMs, startMs, phone, question, recording, limitMs, dead, onLastSlice: post };
        const figures = await giveAnswer(session, answered);
        posted.push(Promise.resolve(multipart).then((others) => onGate({ ...figures, multipart: others ?? null })));
        // A page does not continue behind a shut gate.
        if (figures.waitMs === null) return;
        const { backlogMs, maxBacklogMs } = figures;
        quality = retune(quality, { backlogMs, maxBacklogMs, uplinkKbps: session.uplinkKbps() });
      }
      session.close();
    }
  } finally {
    await Promise.all(posted);
    await link.close();
  }
}

/** Measures the quality as the device check does; waits until the bytes of an aborted measurement have left the queue. */
async function measureQuality(link: Network, token: string): Promise<Quality> {
  const quality = fitQuality(await measureUplink({ post: postTo(link, token) }));
  for (let before = -1, turns = 0; before !== link.stats.bytesUp && turns < 20; turns++) {
    before = link.stats.bytesUp;
    await sleep(250);
  }
  return quality;
}

/** `POST /api/uplink` over the phone's link. Rejects unless the response is ok. */
function postTo(link: Network, token: string) {
  return async (bytes: Uint8Array, signal: AbortSignal): Promise<void> => {
    const response = await fetch(`${link.url}/api/uplink`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
      signal,
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`POST /api/uplink: ${response.status}`);
  };
}
