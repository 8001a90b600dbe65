/** A phone in Node: the page's sending engine on recorded slices, over a link of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fitQuality, type Quality, retune } from '../../client/quality.ts';
import { measureUplink } from '../../client/uplink.ts';
import { startSession } from '../../test/support/server.ts';
import { type Link, type LinkRate, openLink } from '../link.ts';
import { giveAnswer, openSitting } from './answer.ts';
import type { GateFigures, MultipartFigures } from './gate-figures.ts';
import { type PostOptions, postAnswer } from './multipart.ts';
import { type RungRecordings, recordingFor } from './slices.ts';

/** Of the default interview: more answers take more sessions. */
export const QUESTIONS = 5;
/** A gate that is not open after so long is counted as never opened, in ms. */
export const GATE_LIMIT_MS = 180_000;

/** Who may begin one session. */
export interface Candidate {
  name: string;
  token: string;
}

/** What a phone does, and over what. */
export interface PhoneOptions {
  /** From 0. */
  phone: number;
  /** Of the server, on this machine. */
  port: number;
  rate: LinkRate;
  delayMs: number;
  /** Where in the trace the phone begins, in ms. */
  startMs: number;
  answers: number;
  /** Lengths of the answers in turn; odd phones begin with the second. */
  seconds: readonly number[];
  ladder: readonly RungRecordings[];
  /** A candidate for a session; each is asked for once. */
  nextCandidate: () => Candidate;
  /** The engine's chance, from 0 to 1. */
  random: () => number;
  /** Called for each gate as soon as all is known of it. */
  onGate: (figures: GateFigures) => void;
  /** Connections go dead at the stop, both ways, and so many ms after it the wait is given up. */
  deadLimitMs?: number;
}

/** All answers of a phone, one after another; resolves once the multipart ones beside them have come in too. */
export async function runPhone(options: PhoneOptions): Promise<void> {
  const { phone, port, rate, delayMs, startMs, answers, seconds, ladder, nextCandidate, onGate, deadLimitMs } = options;
  const link = await openLink({ to: { host: '127.0.0.1', port }, rate, delayMs, startMs });
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
      const sitting = openSitting({ link, folder, token: candidate.token, random: options.random });
      for (let question = 1; question <= QUESTIONS && done < answers; question++, done++) {
        const recording = recordingFor(ladder, quality, seconds[(phone + done) % seconds.length] ?? 0, phone + done);
        let multipart: Promise<MultipartFigures> | undefined;
        const post = (at: Pick<PostOptions, 'startMs' | 'lastSliceMs'>): void => {
          const of = { port, rate, delayMs, recording, limitMs, question, token: other.token, folder: otherFolder };
          multipart = postAnswer({ ...of, ...at, ...(dead && { onMoving: (own: Link) => own.blackhole() }) });
        };
        const answered = { link, rate, delayMs, startMs, phone, question, recording, limitMs, dead, onLastSlice: post };
        const figures = await giveAnswer(sitting, answered);
        posted.push(Promise.resolve(multipart).then((others) => onGate({ ...figures, multipart: others ?? null })));
        // Behind a shut gate a page does not go on.
        if (figures.waitMs === null) return;
        const { backlogMs, maxBacklogMs } = figures;
        quality = retune(quality, { backlogMs, maxBacklogMs, uplinkKbps: sitting.uplinkKbps() });
      }
      sitting.close();
    }
  } finally {
    await Promise.all(posted);
    await link.close();
  }
}

/** As the device check does it. What an aborted measurement left in the queue is gone before a candidate begins. */
async function measureQuality(link: Link, token: string): Promise<Quality> {
  const quality = fitQuality(await measureUplink({ post: postTo(link, token) }));
  for (let before = -1, turns = 0; before !== link.stats.bytesUp && turns < 20; turns++) {
    before = link.stats.bytesUp;
    await sleep(250);
  }
  return quality;
}

/** `POST /api/uplink` over the phone's link. Rejects unless it is taken. */
function postTo(link: Link, token: string) {
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
