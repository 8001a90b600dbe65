/**
 * One attempt of an upload: a conversation of POST, HEAD and PATCHes, with one result.
 *
 * Invariants:
 * 1. One tus.Upload object an attempt, given `uploadUrl` only: with an endpoint any odd HEAD makes it start from zero
 *    (platform note 12), and abort() + start() on one object sends twice (platform note 13).
 * 2. The success of tus-js-client proves nothing (platform note 5): an attempt is `confirmed` by the server's own
 *    digest alone.
 * 3. An attempt that is over sends nothing and reports nothing.
 */
import { type FileSource, type HttpStack, Upload } from 'tus-js-client';
import type { Spool, SpooledTake } from '../spool/spool.ts';
import type { Timers } from '../timers.ts';
import type { Detour } from './detour.ts';
import { createGrowingSource } from './growing-source.ts';
import { probeOffset } from './offset-probe.ts';
import type { Progress } from './progress.ts';
import { createWatchdog, type Watchdog } from './stall-watchdog.ts';
import { MAX_PATCH_BYTES, type Throughput } from './throughput.ts';
import { createTusRequests, type TusRequests } from './tus-requests.ts';
import { classifyError, confirmedDigest, type Failure, offsetOf, statesCompletion } from './tus-responses.ts';

/** A take, or (with `aheadOf`) sound that goes ahead of the take of that takeId. */
export type SentTake = SpooledTake & { aheadOf?: string };

/** What an attempt came to. */
export type AttemptResult =
  /** The server holds the whole answer; `digest` is the server's SHA-256 (base64) of the answer. */
  | { kind: 'confirmed'; digest: string }
  /** The server holds more bytes than the device recorded: its copy is another one. */
  | { kind: 'excess' }
  | Failure;

/** An attempt that runs. */
export interface Attempt {
  /** Never rejects. */
  result: Promise<AttemptResult>;
  /** For how many ms the request in flight has moved no byte; 0 between requests, and after the end. */
  quietMs(): number;
  /** Gives up the request in flight, and the attempt with it. */
  giveUp(): void;
  /**
   * Why a request was given up: `asked` by `giveUp`, or `stalled` because no byte moved for `STALL_MS`; null where none
   * was.
   */
  gaveUp(): 'asked' | 'stalled' | null;
}

/** Options of `startAttempt`. */
export interface AttemptOptions {
  spool: Spool;
  /** An upload is created where the take has no `uploadUrl`. */
  take: SentTake;
  /** Of the tus server: absolute, or relative to the page. */
  endpoint: string;
  /** The bearer, asked at each request. */
  token: () => string;
  fetch: typeof fetch;
  httpStack: HttpStack;
  timers: Timers;
  throughput: Throughput;
  detour: Detour;
  progress: Progress;
  /** When the recorder was stopped, by the timers' clock; null while it runs. */
  stoppedAt: () => number | null;
  /** The upload was created at `url`. */
  onCreated: (url: string) => Promise<void>;
  /** The bytes of the take up to `end` are about to be sent. */
  onHandOut: (end: number) => void;
  /** The server holds more bytes than before. */
  onProgress: () => void;
  /** Ends the attempt. */
  signal: AbortSignal;
}

/** What the steps of an attempt share; its `signal` is aborted when the attempt gives up, too. */
interface Conversation extends AttemptOptions {
  requests: TusRequests;
  watchdog: Watchdog;
}

/** Starts an attempt: it runs until the server's confirmation, or until the first thing that fails. */
export function startAttempt(options: AttemptOptions): Attempt {
  const { endpoint, token, fetch, timers, detour, signal: outer } = options;
  const controller = new AbortController();
  const { signal } = controller;
  let gaveUp: ReturnType<Attempt['gaveUp']> = null;
  const giveUp = (why: 'asked' | 'stalled') => {
    gaveUp = why;
    controller.abort();
  };
  const follow = () => controller.abort();
  outer.addEventListener('abort', follow);
  if (outer.aborted) follow();
  const watchdog = createWatchdog({ timers, onStall: () => giveUp('stalled') });
  const requests = createTusRequests({
    ...{ endpoint, token, fetch, timers, watchdog, signal },
    usesPost: detour.usesPost,
  });
  const result = converse({ ...options, signal, watchdog, requests })
    // The device's own store failed.
    .catch((error: unknown): Failure => ({ kind: 'later', reason: String(error), retryAfterMs: 0 }))
    .finally(() => {
      watchdog.end();
      outer.removeEventListener('abort', follow);
    });
  return { result, quietMs: watchdog.quietMs, giveUp: () => giveUp('asked'), gaveUp: () => gaveUp };
}

/**
 * Creates the upload where there is none, sends the bytes, and waits for the confirmation. Rejects where the spool
 * fails.
 */
async function converse(conversation: Conversation): Promise<AttemptResult> {
  const { take, requests, onCreated } = conversation;
  let url = take.uploadUrl;
  if (url === null) {
    const { folder, question, mimeType, sentAs, aheadOf } = take;
    const metadata = { folder, questionIndex: String(question), filetype: mimeType, takeId: sentAs };
    const created = await requests.create(aheadOf ? { ...metadata, part: 'voice', aheadOf } : metadata);
    if (created.kind !== 'created') return created;
    url = created.url;
    await onCreated(url);
  }
  const sent = await send(url, conversation);
  if (sent.kind !== 'sent') return sent;
  const digest = sent.digest ?? (await requests.confirm(url));
  return typeof digest === 'string' ? { kind: 'confirmed', digest } : digest;
}

/**
 * Runs one tus.Upload: HEAD, then PATCHes until the length is declared. `digest` is null where the last PATCH did not
 * confirm.
 */
function send(
  url: string,
  {
    spool,
    take,
    token,
    httpStack,
    timers,
    throughput,
    detour,
    progress,
    requests,
    watchdog,
    signal,
    ...on
  }: Conversation,
): Promise<{ kind: 'sent'; digest: string | null } | { kind: 'excess' } | Failure> {
  const { takeId } = take;
  return new Promise((resolve) => {
    let over = false;
    let digest: string | null = null;
    let lengthMayRepeat = false;
    let patch = new AbortController();
    /** The request that was sent last, and the end of the bytes that were read for it. */
    let last = { method: 'HEAD', bytes: 0 };
    let readTo = 0;
    const source = createGrowingSource({
      spool,
      takeId,
      timers,
      maxPatchBytes: () => Math.min(throughput.patchBytes(), detour.maxBodyBytes()),
      endWithData: () => lengthMayRepeat,
      stoppedAt: on.stoppedAt,
      onHandOut(end) {
        readTo = end;
        on.onHandOut(end);
      },
    });

    const end = (result: Parameters<typeof resolve>[0]) => {
      if (over) return;
      over = true;
      patch.abort();
      watchdog.end();
      source.close();
      signal.removeEventListener('abort', stop);
      progress.end();
      void upload.abort();
      resolve(result);
    };
    const stop = () => {
      const lost = { ...last, status: null };
      end({ kind: 'later', reason: 'no byte moved', retryAfterMs: 0, lost, unanswered: true });
    };
    const fail = (failure: Failure) =>
      end(
        failure.kind === 'later' && failure.lost
          ? { ...failure, lost: { ...failure.lost, bytes: last.bytes } }
          : failure,
      );

    const upload = new Upload(new Blob(['a take']), {
      uploadUrl: url,
      uploadLengthDeferred: true,
      storeFingerprintForResuming: false,
      fingerprint: async () => takeId,
      retryDelays: null,
      chunkSize: MAX_PATCH_BYTES,
      fileReader: { openFile: async () => source as unknown as FileSource },
      httpStack,
      onBeforeRequest(request) {
        // The last moment to hold back a request of an attempt that ended while its slice was being read.
        if (over) return new Promise(() => {});
        // Not in the option `headers`: they are read when a PATCH is opened, which may be long before it is sent.
        request.setHeader('Authorization', `Bearer ${token()}`);
        watchdog.begin();
        last = { method: request.getMethod(), bytes: 0 };
        if (request.getMethod() !== 'PATCH') return;
        const from = Number(request.getHeader('Upload-Offset'));
        last.bytes = Math.max(0, readTo - from);
        progress.begin(from);
        patch = new AbortController();
        const ask = (until: AbortSignal) => requests.offset(url, until);
        void probeOffset({ timers, watchdog, from, ask, signal: patch.signal });
      },
      async onAfterResponse(request, response) {
        if (over) return;
        patch.abort();
        watchdog.end();
        const header = (name: string) => response.getHeader(name);
        digest = confirmedDigest(header) ?? digest;
        lengthMayRepeat ||= statesCompletion(header);
        if (request.getMethod() !== 'HEAD' || response.getStatus() >= 300) return;
        const offset = offsetOf(header);
        if (offset === null) return;
        if (progress.found(offset)) on.onProgress();
        const held = await spool.get(takeId);
        // What is not in the spool was never sent, whether the take still grows or not.
        if (held && offset > held.bytes) end({ kind: 'excess' });
      },
      onProgress(position) {
        if (!over && progress.sent(position)) watchdog.moved();
      },
      onChunkComplete(_size, accepted) {
        if (over) return;
        detour.passed(last.bytes);
        if (progress.acked(accepted)) on.onProgress();
      },
      onSuccess: () => end({ kind: 'sent', digest }),
      onError: (error) => fail(classifyError(error)),
    });
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop);
    upload.start();
  });
}
