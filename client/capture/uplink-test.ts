/** How much the uplink carries, measured at the device check by sending noise that the server discards. */
import { paths } from '../../server/wire.ts';
import { systemTimers, type Timers } from '../timers.ts';

/** Sends the bytes. Resolves once the server has confirmed all of them; rejects otherwise, and when aborted. */
export type Post = (
  bytes: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
  /**
   * Called with the bytes that have left the page, where the platform says so: some of them may still wait in the
   * device.
   */
  onProgress: (sentBytes: number) => void,
) => Promise<void>;

interface UplinkOptions {
  post: Post;
  timers?: Timers;
  /** The most that the whole measurement may take. */
  limitMs?: number;
}

const LIMIT_MS = 4000;
/** The first two bodies open the connection, and show how long a round trip takes. */
const SMALL_BYTES = 64;
const BODIES_BYTES = [32_768, 131_072, 524_288];
/** After a body that took this long to send, no further body is needed, in ms. */
const ENOUGH_MS = 1200;
/** At first the system only buffers what the page sends: progress before this time means nothing, in ms. */
const SOCKET_MS = 300;

interface Sent {
  /** Until the response, or until the limit where that came first. */
  tookMs: number;
  whole: boolean;
  /** Bytes per ms, from progress alone; null where there was too little progress. */
  progressRate: number | null;
}

/**
 * Measures the uplink in kbit/s; null where it cannot be measured: no connection, a refusal, silence for all of `limitMs`.
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

/** Sends one body. Rejects as `post` does, but not because of the limit. */
async function send(post: Post, timers: Timers, bytes: number, signal: AbortSignal): Promise<Sent> {
  const at = timers.now();
  const progress: { ms: number; bytes: number }[] = [];
  const confirmed = post(noise(bytes), signal, (sent) => {
    progress.push({ ms: timers.now() - at, bytes: sent });
  }).then(() => true);
  confirmed.catch(() => {});
  // A post that ignores its signal must not keep the device check waiting.
  const whole = await Promise.race([confirmed, aborted(signal)]).catch((error: unknown) => {
    if (signal.aborted) return false;
    throw error;
  });
  const first = progress.find(({ ms }) => ms >= SOCKET_MS);
  const last = progress.at(-1);
  const progressRate = first && last && last.ms > first.ms ? (last.bytes - first.bytes) / (last.ms - first.ms) : null;
  return { tookMs: timers.now() - at, whole, progressRate };
}

/**
 * A body that did not get through in `tookMs` shows the most that the link carries; progress shows how much less it is.
 */
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

/** Bytes that no proxy and no radio can compress. */
function noise(bytes: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes);
  // getRandomValues fills at most 64 KiB at once: Web Cryptography, getRandomValues.
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(all.subarray(at, at + 65_536));
  return all;
}

/** The `post` of pages. It uses XMLHttpRequest, since fetch reports no progress of what it sends. */
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
        else reject();
      });
      signal.addEventListener('abort', abort);
      request.open('POST', endpoint);
      request.setRequestHeader('Authorization', `Bearer ${token}`);
      request.setRequestHeader('Content-Type', 'application/octet-stream');
      request.send(bytes);
    });
}
