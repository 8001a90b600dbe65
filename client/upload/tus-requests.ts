/** The tus requests that we send without tus-js-client: the creation, idempotent by takeId, and HEAD. */
import type { TakeMetadata } from '../../server/wire.ts';
import { sleep, type Timers } from '../timers.ts';
import { METHOD_OVERRIDE } from './http-stack.ts';
import type { Watchdog } from './stall-watchdog.ts';
import {
  classify,
  confirmedDigest,
  type Failure,
  offsetOf,
  statesCompletion,
  type TusResponse,
} from './tus-responses.ts';

/** The waits between two HEADs that ask whether a whole answer is placed, in ms; the last one repeats. */
const CONFIRM_WAITS_MS = [250, 500, 1000, 2000] as const;
/**
 * After this time without a confirmation the attempt counts as failed, and the gate shows the waits of the schedule.
 */
const CONFIRM_LIMIT_MS = 15_000;

const unconfirmed = {
  kind: 'later',
  reason: 'The server has every byte, but did not confirm the answer',
  retryAfterMs: 0,
} as const;

/** The requests of one attempt. */
export interface TusRequests {
  /** Creates the upload; the same takeId gives the same upload. `url` is absolute. */
  create(metadata: TakeMetadata): Promise<{ kind: 'created'; url: string } | Failure>;
  /** Asks until the answer is placed, which may take the server a while. Resolves to the answer's SHA-256 (base64). */
  confirm(url: string): Promise<string | Failure>;
  /**
   * The bytes that the server holds, asked beside a request in flight; null where no response says so. Never rejects.
   */
  offset(url: string, signal: AbortSignal): Promise<number | null>;
}

/** Options of `createTusRequests`. */
export interface TusRequestsOptions {
  /** Absolute, or relative to the page. */
  endpoint: string;
  /** The bearer, asked at each request. */
  token: () => string;
  fetch: typeof fetch;
  timers: Timers;
  watchdog: Watchdog;
  /** Asked at each request: whether its method is sent as POST, with the method in a header. */
  usesPost: () => boolean;
  /** Ends the request in flight, which then counts as `later`. */
  signal: AbortSignal;
}

/** Creates the requests of one attempt. */
export function createTusRequests({
  endpoint,
  token,
  fetch,
  timers,
  watchdog,
  usesPost,
  signal,
}: TusRequestsOptions): TusRequests {
  function send(method: string, url: string, init: { headers?: Record<string, string>; signal: AbortSignal }) {
    const own = { Authorization: `Bearer ${token()}`, 'Tus-Resumable': '1.0.0', ...init.headers };
    const [sentAs, headers] =
      method !== 'POST' && usesPost() ? ['POST', { ...own, [METHOD_OVERRIDE]: method }] : [method, own];
    return fetch(url, { method: sentAs, headers, cache: 'no-store', signal: init.signal });
  }

  /** Sends a request under the watchdog; the `url` of the result is that of the response. */
  async function request(
    method: string,
    url: string,
    headers: Record<string, string>,
  ): Promise<(TusResponse & { kind: 'response'; url: string }) | Failure> {
    watchdog.begin();
    try {
      const response = await send(method, url, { headers, signal });
      const body = await response.text();
      const header = (name: string) => response.headers.get(name);
      return { kind: 'response', method, status: response.status, header, body, url: response.url };
    } catch (error) {
      const why = signal.aborted ? 'moved no byte' : String(error);
      const lost = { method, status: null, bytes: 0 };
      return { kind: 'later', reason: `${method} ${why}`, retryAfterMs: 0, lost, unanswered: true };
    } finally {
      watchdog.end();
    }
  }

  /**
   * HEAD says only that the answer is not placed; a PATCH without data, which our server accepts again, is told why:
   * that bytes are missing at the server, that its disk is full, or that it needs more time.
   */
  async function askWhy(url: string, length: string): Promise<string | Failure> {
    const empty = {
      'Upload-Offset': length,
      'Upload-Length': length,
      'Content-Type': 'application/offset+octet-stream',
    };
    const response = await request('PATCH', url, empty);
    if (response.kind !== 'response') return response;
    if (response.status >= 300) return classify(response);
    return confirmedDigest(response.header) ?? unconfirmed;
  }

  return {
    async create(metadata) {
      const response = await request('POST', endpoint, {
        'Upload-Defer-Length': '1',
        'Upload-Metadata': encodeMetadata(metadata),
      });
      if (response.kind !== 'response') return response;
      const location = response.header('Location');
      if (response.status !== 201 || !location) return classify(response);
      // Location may be relative, to the URL of the response.
      return { kind: 'created', url: new URL(location, response.url || endpoint).href };
    },
    async confirm(url) {
      const since = timers.now();
      let length: string | null | undefined = null;
      for (let i = 0; timers.now() - since < CONFIRM_LIMIT_MS && !signal.aborted; i++) {
        await sleep(timers, CONFIRM_WAITS_MS[Math.min(i, CONFIRM_WAITS_MS.length - 1)] ?? 0, signal);
        const response = await request('HEAD', url, {});
        if (response.kind !== 'response') return response;
        if (response.status >= 300) return classify(response);
        const digest = confirmedDigest(response.header);
        if (digest !== null) return digest;
        length = statesCompletion(response.header) ? response.header('Upload-Length') : null;
      }
      if (length && !signal.aborted) return askWhy(url, length);
      return unconfirmed;
    },
    async offset(url, until) {
      try {
        const response = await send('HEAD', url, { signal: until });
        return response.ok ? offsetOf((name) => response.headers.get(name)) : null;
      } catch {
        return null;
      }
    },
  };
}

/** "key base64(value)" pairs: tus 1.0.0, Upload-Metadata. */
function encodeMetadata(metadata: TakeMetadata): string {
  return Object.entries(metadata)
    .map(([key, value]) => `${key} ${btoa(String.fromCharCode(...new TextEncoder().encode(String(value))))}`)
    .join(',');
}
