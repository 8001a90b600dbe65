/**
 * An uplink and the tus server behind it on a clock that the test moves: the result of a minute of sending is known in some
 * milliseconds, and exact to the millisecond. It has one upload; bodies are counted, not kept. It is no part of the network
 * beside it, which has real sockets and real time: here there are only the engine's calls of fetch and of its HTTP stack.
 */
import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';
import type { Timers } from '../../../client/timers.ts';
import { opportunityBytes } from './link-rate.ts';

/** Bytes of a request's head. */
const HEAD_BYTES = 400;
/** Most bytes of a body that are in the bottleneck's queue before a small request. */
const QUEUE_BYTES = 65_536;
/** Interval at which the server commits a body's bytes, and its time for a response, in ms. */
const COMMIT_MS = 2000;
const SERVER_MS = 3;

/** A link with its server. */
export interface VirtualLink {
  httpStack: HttpStack;
  fetch: typeof fetch;
  /** Number of requests by method. */
  requests: Record<string, number>;
  /** Bytes of bodies that were sent, lost and repeated ones too. */
  sentBytes(): number;
  /** The current PATCH goes silent for good; new requests get through. Returns false without a PATCH. */
  blackhole(): boolean;
}

/** A link's shape, and the recording that it carries. */
interface VirtualLinkOptions {
  timers: Timers;
  /** Time of the n-th opportunity, in ms, ascending. */
  opportunityMs: (n: number) => number;
  /** One-way delay. */
  delayMs: number;
  /** SHA-256 of the recording's first `bytes` bytes, in Base64. */
  sha256: (bytes: number) => Promise<string>;
}

interface Body {
  from: number;
  bytes: number;
  since: number;
  dead: boolean;
  /** Times at which bytes of it, its head included, have left. */
  marks: { atMs: number; bytes: number }[];
}

/** Makes a link on `timers`. */
export function createVirtualLink({ timers, opportunityMs, delayMs, sha256 }: VirtualLinkOptions): VirtualLink {
  const requests: Record<string, number> = {};
  let next = 0;
  let left = opportunityBytes;
  let held = 0;
  let length: number | null = null;
  let sentBytes = 0;
  let live: Body | null = null;

  const until = (atMs: number) => new Promise<void>((go) => timers.set(go, Math.max(0, atMs - timers.now())));
  const never = () => new Promise<never>(() => {});

  function skipTo(nowMs: number): void {
    while (opportunityMs(next) < nowMs) {
      next += 1;
      left = opportunityBytes;
    }
  }

  /** Queues bytes behind those that are on the link. */
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
      left = opportunityBytes;
    }
    return marks;
  }

  const leftBy = (body: Body, atMs: number) => body.marks.findLast((mark) => mark.atMs <= atMs)?.bytes ?? 0;
  const arrivedBy = (body: Body, atMs: number) => body.from + Math.max(0, leftBy(body, atMs - delayMs) - HEAD_BYTES);

  /** The time of a request without a body, which waits in the queue behind a body's bytes. */
  async function roundTrip(): Promise<void> {
    const now = timers.now();
    const before = live && !live.dead ? Math.min(QUEUE_BYTES, live.bytes + HEAD_BYTES - leftBy(live, now)) : 0;
    let n = 0;
    while (opportunityMs(n) < now) n += 1;
    await until(opportunityMs(n + Math.floor((before + HEAD_BYTES) / opportunityBytes)) + 2 * delayMs + SERVER_MS);
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

  /** A connection has ended: bytes that had arrived are kept, bytes that were not sent are removed from the link. */
  function drop(body: Body): void {
    if (live !== body) return;
    if (!body.dead) held = arrivedBy(body, timers.now());
    live = null;
    next = 0;
    left = opportunityBytes;
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
        onProgress(bytes); // The kernel takes it whole.
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
      // The server gets no more of it.
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

/** The time at which an ideal sender's gate opens: each byte leaves as soon as it exists and the link can carry it, plus a round trip. */
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
    waiting = Math.max(0, waiting - opportunityBytes);
  }
  return at + 2 * delayMs;
}
