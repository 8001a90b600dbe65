/** How much the uplink carries, measured at the device check by sending noise that the server throws away. */
import { paths } from '../server/wire.ts';
import { systemTimers, type Timers } from './timers.ts';

/** Sends the bytes and resolves once the server has answered for all of them; rejects otherwise, and when aborted. */
export type Post = (
  bytes: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
  /** Bytes that have left the page, where the platform tells: some of them may still wait in the device. */
  onProgress: (sentBytes: number) => void,
) => Promise<void>;

export interface UplinkOptions {
  post: Post;
  timers?: Timers;
  /** All in all, in ms. */
  limitMs?: number;
}

const LIMIT_MS = 4000;
/** The first ones open the connection, and say how long a round trip is. */
const SMALL_BYTES = 64;
const BODIES_BYTES = [32_768, 131_072, 524_288];
/** A body that moved for that long, in ms, has told enough. */
const ENOUGH_MS = 1200;
/** What the system takes off the page's hands has not moved yet: before that, in ms, progress says nothing. */
const SOCKET_MS = 300;

interface Sent {
  /** Until the answer, or until the limit came first. */
  tookMs: number;
  whole: boolean;
  /** Bytes a ms, from progress alone; null where it told nothing. */
  progressRate: number | null;
}

/**
 * kbit/s upwards, or null where nothing could be measured: no connection, a refusal, silence for all of `limitMs`.
 * Never rejects. On a cellular link this is the rate of one moment: use a part of it.
 */
export async function measureUplink({
  post,
  timers = systemTimers,
  limitMs = LIMIT_MS,
}: UplinkOptions): Promise<number | null> {
  const over = new AbortController();
  const endsAt = timers.now() + limitMs;
  const limit = timers.set(() => over.abort(), limitMs);
  try {
    await send(post, timers, SMALL_BYTES, over.signal);
    let roundTripMs = (await send(post, timers, SMALL_BYTES, over.signal)).tookMs;
    let sentBytes = 0;
    let movingMs = 0;
    for (const bytes of BODIES_BYTES) {
      const expectedMs = sentBytes > 0 ? (bytes * movingMs) / sentBytes : 0;
      if (over.signal.aborted || timers.now() + expectedMs > endsAt) break;
      const { tookMs, whole, progressRate } = await send(post, timers, bytes, over.signal);
      if (!whole) {
        const rate = rateOfPart(bytes, tookMs, progressRate);
        if (rate !== null && (sentBytes === 0 || rate < sentBytes / movingMs)) return kbps(rate);
        break;
      }
      roundTripMs = Math.min(roundTripMs, tookMs);
      const bodyMs = Math.max(1, tookMs - roundTripMs, tookMs / 10);
      sentBytes += bytes;
      movingMs += bodyMs;
      if (bodyMs >= ENOUGH_MS) break;
    }
    return sentBytes > 0 ? kbps(sentBytes / movingMs) : null;
  } catch {
    return null;
  } finally {
    timers.clear(limit);
    over.abort();
  }
}

/** Rejects with what `post` does, but not for the limit's sake. */
async function send(post: Post, timers: Timers, bytes: number, signal: AbortSignal): Promise<Sent> {
  const at = timers.now();
  const progress: { ms: number; bytes: number }[] = [];
  const answered = post(noise(bytes), signal, (sent) => {
    progress.push({ ms: timers.now() - at, bytes: sent });
  }).then(() => true);
  answered.catch(() => {});
  // A post that takes no notice of its signal must not keep the device check waiting.
  const whole = await Promise.race([answered, aborted(signal)]).catch((error: unknown) => {
    if (signal.aborted) return false;
    throw error;
  });
  const first = progress.find(({ ms }) => ms >= SOCKET_MS);
  const last = progress.at(-1);
  const progressRate = first && last && last.ms > first.ms ? (last.bytes - first.bytes) / (last.ms - first.ms) : null;
  return { tookMs: timers.now() - at, whole, progressRate };
}

/** What did not get through in so long shows the most that the link carries; progress shows how much less it is. */
function rateOfPart(bytes: number, tookMs: number, progressRate: number | null): number | null {
  if (tookMs < ENOUGH_MS / 2) return null;
  const most = bytes / tookMs;
  return Math.min(most, progressRate ?? most);
}

function aborted(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    signal.addEventListener('abort', () => resolve(false), { once: true });
  });
}

const kbps = (bytesPerMs: number): number => Math.round(bytesPerMs * 8);

/** Bytes that no proxy and no radio compresses. */
function noise(bytes: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes);
  // 64 KiB are the most it gives at once: Web Cryptography, getRandomValues.
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(all.subarray(at, at + 65_536));
  return all;
}

/** For pages. XMLHttpRequest, since fetch tells no progress of what it sends. */
export function createXhrPost({ token, endpoint = paths.uplink }: { token: string; endpoint?: string }): Post {
  return (bytes, signal, onProgress) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const request = new XMLHttpRequest();
      const abort = () => request.abort();
      request.upload.addEventListener('progress', ({ loaded }) => onProgress(loaded));
      request.addEventListener('loadend', () => {
        signal.removeEventListener('abort', abort);
        if (request.status === 204) resolve();
        else reject(new Error(`POST ${endpoint} answered ${request.status || 'nothing'}`));
      });
      signal.addEventListener('abort', abort);
      request.open('POST', endpoint);
      request.setRequestHeader('Authorization', `Bearer ${token}`);
      request.setRequestHeader('Content-Type', 'application/octet-stream');
      request.send(bytes);
    });
}
