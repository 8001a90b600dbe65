/** The tus requests we make ourselves: the creation, idempotent by takeId, and the question whether the answer is placed. */
import type { TakeMetadata } from '../server/wire.ts';
import { sleep, type Timers } from './timers.ts';
import { type Answer, confirmedDigest, type Failure, judge, offsetOf } from './tus-answers.ts';
import type { Watchdog } from './watchdog.ts';

/** How often HEAD asks whether a whole answer is placed yet, in ms; the last wait repeats … */
export const CONFIRM_WAITS_MS = [250, 500, 1000, 2000] as const;
/** … until the confirmation counts as failed, and the gate shows the waits. */
export const CONFIRM_LIMIT_MS = 15_000;

export interface TusRequests {
  /** The new upload's URL, absolute; the same one for the same takeId. */
  create(metadata: TakeMetadata): Promise<{ kind: 'created'; url: string } | Failure>;
  /** Asks HEAD until the answer is placed, and resolves to its SHA-256: a server may take a while to verify and place it. */
  confirm(url: string): Promise<string | Failure>;
  /** The bytes the server holds, asked beside a request in flight; null where nobody says. */
  offset(url: string, signal: AbortSignal): Promise<number | null>;
}

export interface TusRequestsOptions {
  /** Absolute, or relative to the page. */
  endpoint: string;
  token: () => string;
  fetch: typeof fetch;
  timers: Timers;
  watchdog: Watchdog;
  /** Ends the request in flight; it then counts as `later`. */
  signal: AbortSignal;
}

export function createTusRequests({
  endpoint,
  token,
  fetch,
  timers,
  watchdog,
  signal,
}: TusRequestsOptions): TusRequests {
  function ask(method: string, url: string, init: { headers?: Record<string, string>; signal: AbortSignal }) {
    const headers = { Authorization: `Bearer ${token()}`, 'Tus-Resumable': '1.0.0', ...init.headers };
    return fetch(url, { method, headers, cache: 'no-store', signal: init.signal });
  }

  async function request(
    method: string,
    url: string,
    headers: Record<string, string>,
  ): Promise<[Response, Answer] | Failure> {
    watchdog.begin();
    try {
      const response = await ask(method, url, { headers, signal });
      const body = await response.text();
      return [response, { method, status: response.status, header: (name) => response.headers.get(name), body }];
    } catch (error) {
      const why = signal.aborted ? 'moved no byte' : String(error);
      return { kind: 'later', reason: `${method} ${why}`, retryAfterMs: 0, unanswered: true };
    } finally {
      watchdog.end();
    }
  }

  return {
    async create(metadata) {
      const result = await request('POST', endpoint, {
        'Upload-Defer-Length': '1',
        'Upload-Metadata': encodeMetadata(metadata),
      });
      if (!Array.isArray(result)) return result;
      const [response, answer] = result;
      const location = answer.header('Location');
      if (answer.status !== 201 || !location) return judge(answer);
      // Location is relative (contract, section 4) to the URL that answered.
      return { kind: 'created', url: new URL(location, response.url || endpoint).href };
    },
    async confirm(url) {
      const since = timers.now();
      for (let i = 0; timers.now() - since < CONFIRM_LIMIT_MS && !signal.aborted; i++) {
        await sleep(timers, CONFIRM_WAITS_MS[Math.min(i, CONFIRM_WAITS_MS.length - 1)] ?? 0, signal);
        const result = await request('HEAD', url, {});
        if (!Array.isArray(result)) return result;
        const [, answer] = result;
        if (answer.status >= 300) return judge(answer);
        const digest = confirmedDigest(answer.header);
        if (digest !== null) return digest;
      }
      return { kind: 'later', reason: 'The server has every byte, but did not confirm the answer', retryAfterMs: 0 };
    },
    async offset(url, until) {
      try {
        const response = await ask('HEAD', url, { signal: until });
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
