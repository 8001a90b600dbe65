/**
 * One take -> one upload: start, resume, retry, progress, digest.
 *
 * Invariants:
 * 1. `open` is said only after the server confirmed the whole answer with a digest equal to the device's own. tus-js-client's
 *    onSuccess alone proves nothing (field note 5).
 * 2. The spool forgets the take only then.
 * 3. One tus.Upload object an attempt, given `uploadUrl` only: with an endpoint any odd HEAD makes it start from zero (field
 *    note 17), and abort() + start() on one object sends twice (field note 18).
 * 4. An attempt that is over sends nothing and says nothing.
 */
import { type FileSource, type HttpStack, Upload } from 'tus-js-client';
import { createTakeDigest, type TakeDigest } from './digest.ts';
import { findWay } from './find-way.ts';
import { createGrowingSource } from './growing-source.ts';
import { judgeLost } from './lost-take.ts';
import { probeOffset } from './offset-probe.ts';
import { createRetrySchedule } from './retry-schedule.ts';
import { judgeGone, type SessionState } from './session-state.ts';
import type { Spool, SpooledTake } from './spool.ts';
import { systemTimers, type Timers } from './timers.ts';
import { createTransfer } from './transfer.ts';
import { confirmedDigest, type Failure, judgeError, offsetOf, tellsCompletion } from './tus-answers.ts';
import { createTusRequests, type TusRequests } from './tus-requests.ts';
import { createUplinkMeter, MAX_PATCH_BYTES, type UplinkMeter } from './uplink-meter.ts';
import type { UploadEvent, UploadStatus } from './upload-events.ts';
import { createUploadNews } from './upload-news.ts';
import { createUploadTries, type Outcome } from './upload-tries.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';

/** `retryNow` gives up a request that has been silent for so long: the way it went may be gone. */
export const RETRY_NOW_QUIET_MS = 5000;

export interface Uploader {
  /** Begins or goes on; nothing happens where it runs already, or is done. */
  start(): void;
  /** Ends the attempt without a word; `start` goes on from what the server holds. */
  pause(): void;
  /** The recorder was told to stop: the last bytes wait a moment for the end, to be sent in one. */
  expectEnd(): void;
  /** The take is stopped and the candidate waits: the schedule starts over, at once where it was waiting. */
  hurry(): void;
  /** "Retry", `online`, a returning page: an attempt at once. Also the one way on after a final refusal. */
  retryNow(): void;
  status(): UploadStatus;
}

export interface UploaderOptions {
  spool: Spool;
  take: SpooledTake;
  endpoint: string;
  /** The bearer, asked at each request: a new log-in replaces it. */
  token: () => string;
  onEvent: (event: UploadEvent) => void;
  fetch?: typeof fetch;
  /** tus-js-client's own by default: XMLHttpRequest in browsers. */
  httpStack?: HttpStack;
  timers?: Timers;
  newId?: () => string;
  /** From 0 up to, not including, 1: spreads the tries of many devices. */
  random?: () => number;
  /** One for all takes of a session. */
  meter?: UplinkMeter;
  /** Asked where the server does not know the upload (404, 410), before the same takeId is created again. */
  sessionState?: () => Promise<SessionState>;
}

interface Conversation {
  requests: TusRequests;
  watchdog: Watchdog;
  signal: AbortSignal;
}

export function createUploader({
  spool,
  take: { ...take },
  endpoint,
  token,
  onEvent,
  fetch = (...args) => globalThis.fetch(...args),
  httpStack,
  timers = systemTimers,
  newId = () => crypto.randomUUID(),
  random = Math.random,
  meter = createUplinkMeter(),
  sessionState = async () => 'open',
}: UploaderOptions): Uploader {
  const { takeId } = take;
  let digest: TakeDigest = createTakeDigest({ spool, takeId });
  const transfer = createTransfer({ timers, meter });
  const news = createUploadNews({ takeId, onEvent });
  const schedule = createRetrySchedule({ timers, onGate: news.show, random });
  let run: AbortController | null = null;
  let attempts = 0;
  let sha256: string | null = null;
  let stoppedAt: number | null = null;
  /** Of the attempt that runs. */
  let watching: Watchdog | null = null;
  /** Gives up the attempt's request where it is silent. */
  let nudge: () => void = () => {};
  let nudged = false;
  let silent = false;

  function progressed(): void {
    schedule.reset();
    news.forget();
    news.show({ kind: 'uploading' });
  }

  async function remember(uploadUrl: string | null): Promise<void> {
    take.uploadUrl = uploadUrl;
    await spool.setUploadUrl(takeId, uploadUrl);
  }

  /** From POST to the server's confirmation, or to the first thing that fails. */
  async function attempt(outer: AbortSignal): Promise<Outcome> {
    attempts += 1;
    const controller = new AbortController();
    const { signal } = controller;
    const giveUp = () => {
      silent = true;
      controller.abort();
    };
    const watchdog = createWatchdog({ timers, onStall: giveUp });
    watching = watchdog;
    const follow = () => controller.abort();
    nudged = silent = false;
    nudge = () => {
      if (watchdog.quietMs() < RETRY_NOW_QUIET_MS) return;
      nudged = true;
      giveUp();
    };
    outer.addEventListener('abort', follow);
    try {
      const requests = createTusRequests({ endpoint, token, fetch, timers, watchdog, signal });
      if (take.uploadUrl === null) {
        const { folder, question, mimeType, sentAs } = take;
        const metadata = { folder, questionIndex: String(question), filetype: mimeType, takeId: sentAs };
        const created = await requests.create(metadata);
        if (created.kind !== 'created') return created;
        await remember(created.url);
      }
      const url = take.uploadUrl ?? '';
      const sent = await send(url, { requests, watchdog, signal });
      if (sent.kind !== 'sent') return sent;
      const theirs = sent.digest ?? (await requests.confirm(url));
      if (typeof theirs !== 'string') return theirs;
      await digest.catchUp(await spool.size(takeId));
      return { kind: 'confirmed', equal: theirs === digest.base64() };
    } catch (error) {
      return { kind: 'later', reason: String(error), retryAfterMs: 0 }; // the device's own store failed
    } finally {
      watchdog.end();
      outer.removeEventListener('abort', follow);
      nudge = () => {};
    }
  }

  /** One tus.Upload: HEAD, then PATCHes until the length is declared. */
  function send(url: string, { requests, watchdog, signal }: Conversation) {
    return new Promise<{ kind: 'sent'; digest: string | null } | Failure>((resolve) => {
      let over = false;
      let confirmed: string | null = null;
      let lengthMayRepeat = false;
      let patch = new AbortController();
      const source = createGrowingSource({
        spool,
        takeId,
        timers,
        maxPatchBytes: meter.patchBytes,
        endWithData: () => lengthMayRepeat,
        stoppedAt: () => stoppedAt,
        // Kept up on the way, so that nothing is left to hash at the gate.
        onHandOut: (to) => void digest.catchUp(to).catch(() => {}),
      });

      const end = (outcome: Parameters<typeof resolve>[0]) => {
        if (over) return;
        over = true;
        patch.abort();
        watchdog.end();
        source.close();
        signal.removeEventListener('abort', stop);
        transfer.end();
        void upload.abort();
        resolve(outcome);
      };
      const stop = () => end({ kind: 'later', reason: 'no byte moved', retryAfterMs: 0, unanswered: true });

      const upload = new Upload(new Blob(['a take']), {
        uploadUrl: url,
        uploadLengthDeferred: true,
        storeFingerprintForResuming: false,
        fingerprint: async () => takeId,
        retryDelays: null,
        chunkSize: MAX_PATCH_BYTES,
        fileReader: { openFile: async () => source as unknown as FileSource },
        ...(httpStack && { httpStack }),
        onBeforeRequest(request) {
          // The last moment to hold back a request of an attempt that ended while its slice was being read.
          if (over) return new Promise(() => {});
          // Here and not in `headers`: those are set when a PATCH is opened, which may be long before it is sent.
          request.setHeader('Authorization', `Bearer ${token()}`);
          watchdog.begin();
          if (request.getMethod() !== 'PATCH') return;
          const from = Number(request.getHeader('Upload-Offset'));
          transfer.begin(from);
          patch = new AbortController();
          const ask = (until: AbortSignal) => requests.offset(url, until);
          void probeOffset({ timers, watchdog, from, ask, signal: patch.signal });
        },
        async onAfterResponse(request, response) {
          if (over) return;
          patch.abort();
          watchdog.end();
          const header = (name: string) => response.getHeader(name);
          confirmed = confirmedDigest(header) ?? confirmed;
          lengthMayRepeat ||= tellsCompletion(header);
          if (request.getMethod() !== 'HEAD' || response.getStatus() >= 300) return;
          const offset = offsetOf(header);
          if (offset === null) return;
          if (transfer.found(offset)) progressed();
          const held = await spool.get(takeId);
          // More than this device recorded cannot be its bytes: the digest of nothing it has.
          if (held?.ended && offset > held.bytes) end({ kind: 'sent', digest: '' });
        },
        onProgress(position) {
          if (!over && transfer.at(position)) watchdog.moved();
        },
        onChunkComplete(_size, accepted) {
          if (!over && transfer.acked(accepted)) progressed();
        },
        onSuccess: () => end({ kind: 'sent', digest: confirmed }),
        onError: (error) => end(judgeError(error)),
      });
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop);
      upload.start();
    });
  }

  const tries = createUploadTries({
    schedule,
    news,
    async attempt(signal) {
      const outcome = await attempt(signal)
        .then((first) => judgeGone(first, { ask: sessionState, timers, signal }))
        .then((second) => judgeLost(second, { spool, takeId }));
      const moved = transfer.moved();
      // A connection that died without a word rarely died alone.
      const found = silent && (await findWay({ fetch, endpoint, timers, signal }));
      return { outcome, quick: moved || nudged, moved, found };
    },
    forgetUpload: () => remember(null).catch(() => {}),
    mismatches: () => take.mismatches,
    async startOver() {
      Object.assign(take, { sentAs: newId(), uploadUrl: null, mismatches: take.mismatches + 1 });
      await spool.renew(takeId, take.sentAs).catch(() => {});
      digest = createTakeDigest({ spool, takeId });
      transfer.restart();
    },
  });

  async function go(signal: AbortSignal): Promise<void> {
    if (!(await tries.run(signal))) return;
    run = null;
    sha256 = digest.hex();
    await spool.forget(takeId).catch(() => {}); // a record left over is asked for by HEAD, and forgotten, after the next reload
    news.show({ kind: 'open' });
  }

  return {
    start() {
      if (run || news.gate().kind === 'open') return;
      run = new AbortController();
      void go(run.signal);
    },
    pause() {
      run?.abort();
      run = null;
    },
    expectEnd() {
      stoppedAt ??= timers.now();
    },
    hurry() {
      schedule.reset();
      schedule.wake();
    },
    retryNow() {
      nudge();
      schedule.wake();
    },
    status: () => {
      const quietMs = Math.round(watching?.quietMs() ?? 0);
      const state = { takeId, question: take.question, gate: news.gate(), attempts, quietMs, sha256 };
      return { ...state, ...transfer.counts(), ...tries.status() };
    },
  };
}
