/**
 * An uplink and the tus server behind it on a clock that the test moves: what a minute of sending comes to is known in some
 * milliseconds, and to the millisecond. One upload; bodies are counted, not kept.
 */
import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';
import type { Timers } from '../../client/timers.ts';

/** What one delivery opportunity carries, as in Mahimahi's traces. */
export const OPPORTUNITY_BYTES = 1500;
/** Head of a request. */
const HEAD_BYTES = 400;
/** What lies in the bottleneck's queue before it, at most, when a small request comes up behind a body. */
const QUEUE_BYTES = 65_536;
/** How often the server commits what a body has brought so far, and how long it needs for an answer. */
const COMMIT_MS = 2000;
const SERVER_MS = 3;

export interface VirtualLink {
  httpStack: HttpStack;
  fetch: typeof fetch;
  /** Requests by method. */
  requests: Record<string, number>;
  /** Bytes of the answer that went out, lost and repeated ones too. */
  sentBytes(): number;
  /** Whatever is under way goes silent for good; new requests get through. True where something was. */
  blackhole(): boolean;
}

export interface VirtualLinkOptions {
  timers: Timers;
  /** When the n-th opportunity falls, in ms, ascending. */
  opportunityMs: (n: number) => number;
  /** One way. */
  delayMs: number;
  /** Base64 of the SHA-256 of the recording's first so many bytes. */
  sha256: (bytes: number) => Promise<string>;
}

interface Body {
  from: number;
  bytes: number;
  since: number;
  dead: boolean;
  /** When how much of it, head and all, has left. */
  marks: { atMs: number; bytes: number }[];
}

export function createVirtualLink({ timers, opportunityMs, delayMs, sha256 }: VirtualLinkOptions): VirtualLink {
  const requests: Record<string, number> = {};
  let next = 0;
  let left = OPPORTUNITY_BYTES;
  let held = 0;
  let length: number | null = null;
  let sentBytes = 0;
  let live: Body | null = null;

  const until = (atMs: number) => new Promise<void>((go) => timers.set(go, Math.max(0, atMs - timers.now())));
  const never = () => new Promise<never>(() => {});

  function skipTo(nowMs: number): void {
    while (opportunityMs(next) < nowMs) {
      next += 1;
      left = OPPORTUNITY_BYTES;
    }
  }

  /** Puts so many bytes behind what is on the link. */
  function send(bytes: number): Body['marks'] {
    const marks: Body['marks'] = [];
    skipTo(timers.now());
    for (let sent = 0; sent < bytes; ) {
      const part = Math.min(left, bytes - sent);
      sent += part;
      left -= part;
      marks.push({ atMs: opportunityMs(next), bytes: sent });
      if (left > 0) continue;
      next += 1;
      left = OPPORTUNITY_BYTES;
    }
    return marks;
  }

  const leftBy = (body: Body, atMs: number) => body.marks.findLast((mark) => mark.atMs <= atMs)?.bytes ?? 0;
  const arrivedBy = (body: Body, atMs: number) => body.from + Math.max(0, leftBy(body, atMs - delayMs) - HEAD_BYTES);

  /** A request without a body, which waits in the queue behind a body's bytes. */
  async function roundTrip(): Promise<void> {
    const now = timers.now();
    const before = live && !live.dead ? Math.min(QUEUE_BYTES, live.bytes + HEAD_BYTES - leftBy(live, now)) : 0;
    let n = 0;
    while (opportunityMs(n) < now) n += 1;
    await until(opportunityMs(n + Math.floor((before + HEAD_BYTES) / OPPORTUNITY_BYTES)) + 2 * delayMs + SERVER_MS);
  }

  async function state(): Promise<Record<string, string>> {
    const commits = live ? Math.floor((timers.now() - live.since) / COMMIT_MS) * COMMIT_MS + live.since : 0;
    const offset = live ? arrivedBy(live, commits) : held;
    return {
      'upload-offset': String(offset),
      'upload-complete': length === offset ? '?1' : '?0',
      ...(length === null ? { 'upload-defer-length': '1' } : { 'upload-length': String(length) }),
      ...(length === offset ? { 'repr-digest': `sha-256=:${await sha256(offset)}:` } : {}),
    };
  }

  /** A connection is gone: what had arrived is kept, what was still to be sent is not on the link any more. */
  function drop(body: Body): void {
    if (live !== body) return;
    if (!body.dead) held = arrivedBy(body, timers.now());
    live = null;
    next = 0;
    left = OPPORTUNITY_BYTES;
  }

  async function patch(body: Body): Promise<Record<string, string>> {
    live = body;
    sentBytes += body.bytes;
    await until((body.marks.at(-1)?.atMs ?? 0) + delayMs + SERVER_MS);
    if (live !== body || body.dead) return never();
    held = body.from + body.bytes;
    live = null;
    const headers = await state();
    await until(timers.now() + delayMs);
    return headers;
  }

  function createRequest(method: string, url: string): HttpRequest {
    const headers: Record<string, string> = {};
    let onProgress: (bytes: number) => void = () => {};
    let body: Body | null = null;
    let aborted = false;
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader: (name, value) => void Object.assign(headers, { [name]: value }),
      getHeader: (name) => headers[name],
      setProgressHandler(handler) {
        onProgress = handler;
      },
      getUnderlyingObject: () => null,
      async send(data: Blob | null) {
        requests[method] = (requests[method] ?? 0) + 1;
        if (method === 'HEAD') {
          await roundTrip();
          return aborted ? never() : response(200, await state());
        }
        if (headers['Upload-Length'] !== undefined) length = Number(headers['Upload-Length']);
        const bytes = data?.size ?? 0;
        const marks = send(bytes + HEAD_BYTES);
        body = { from: Number(headers['Upload-Offset']), bytes, since: timers.now(), dead: false, marks };
        onProgress(bytes); // the kernel swallows it whole
        const answer = await patch(body);
        return aborted ? never() : response(204, answer);
      },
      async abort() {
        aborted = true;
        if (body) drop(body);
      },
    };
  }

  return {
    requests,
    httpStack: { createRequest, getName: () => 'virtual link' },
    async fetch(_input, init) {
      const method = init?.method ?? '';
      requests[`${method} by fetch`] = (requests[`${method} by fetch`] ?? 0) + 1;
      await roundTrip();
      if (init?.signal?.aborted) throw new Error('aborted');
      if (method === 'POST') return new Response('', { status: 201, headers: { Location: 'http://server/files/1' } });
      return new Response(null, { status: 200, headers: await state() });
    },
    sentBytes: () => sentBytes,
    blackhole() {
      if (!live || live.dead) return false;
      const body = live;
      held = arrivedBy(body, timers.now());
      body.dead = true;
      // The server sees no more of it than that.
      body.marks = body.marks.filter(({ atMs }) => atMs <= timers.now() - delayMs);
      return true;
    },
  };
}

function response(status: number, headers: Record<string, string>): HttpResponse {
  return {
    getStatus: () => status,
    getHeader: (name) => headers[name.toLowerCase()],
    getBody: () => '',
    getUnderlyingObject: () => null,
  };
}

/** The ideal sender: when the last byte is through where each leaves as soon as it exists and the link can carry it, plus a round trip. */
export function idealMs(
  slices: readonly { atMs: number; bytes: number }[],
  { opportunityMs, delayMs }: Pick<VirtualLinkOptions, 'opportunityMs' | 'delayMs'>,
): number {
  let waiting = 0;
  let at = 0;
  for (let n = 0, next = 0; next < slices.length || waiting > 0; n++) {
    at = opportunityMs(n);
    for (let slice = slices[next]; slice && slice.atMs <= at; slice = slices[next]) {
      waiting += slice.bytes;
      next += 1;
    }
    waiting = Math.max(0, waiting - OPPORTUNITY_BYTES);
  }
  return at + 2 * delayMs;
}
