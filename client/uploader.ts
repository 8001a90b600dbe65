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
import { createGrowingSource, MAX_PATCH_BYTES } from './growing-source.ts';
import type { Gate } from './interview.ts';
import { createRetrySchedule } from './retry-schedule.ts';
import type { Spool, SpooledTake } from './spool.ts';
import { systemTimers, type Timers } from './timers.ts';
import { createTransfer } from './transfer.ts';
import { confirmedDigest, type Failure, judgeError, offsetOf } from './tus-answers.ts';
import { createTusRequests } from './tus-requests.ts';
import type { UploadEvent, UploadStatus } from './upload-events.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';

/** `retryNow` gives up a request that has been silent for so long: the way it went may be gone. */
export const RETRY_NOW_QUIET_MS = 5000;
/** How often the same bytes are sent anew by themselves because the server's copy has another digest. */
export const MAX_MISMATCHES = 2;

export interface Uploader {
  /** Begins or goes on; nothing happens where it runs already, or is done. */
  start(): void;
  /** Ends the attempt without a word; `start` goes on from what the server holds. */
  pause(): void;
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
}

type Outcome = { kind: 'confirmed'; equal: boolean } | Failure;

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
}: UploaderOptions): Uploader {
  const { takeId } = take;
  let digest: TakeDigest = createTakeDigest({ spool, takeId });
  const transfer = createTransfer(timers);
  const schedule = createRetrySchedule({ timers, onGate: show });
  let run: AbortController | null = null;
  let gate: Gate = { kind: 'uploading' };
  let attempts = 0;
  let refusal: string | null = null;
  let refused = false;
  let lastFailure: string | null = null;
  /** Gives up the attempt's request where it is silent. */
  let nudge: () => void = () => {};
  let nudged = false;

  function show(next: Gate): void {
    const same = next.kind === gate.kind && (next.kind !== 'waiting' || next.seconds === (gate as typeof next).seconds);
    if (same) return;
    gate = next;
    onEvent({ type: 'gate', takeId, gate });
  }

  function tellRefusal({ kind: _, ...words }: Failure & { kind: 'refused' }): void {
    const told = `${words.code} ${words.final}`;
    if (told !== refusal) onEvent({ type: 'refused', takeId, ...words });
    refusal = told;
  }

  function progressed(): void {
    schedule.reset();
    refusal = null;
    show({ kind: 'uploading' });
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
    const watchdog = createWatchdog({ timers, onStall: () => controller.abort() });
    const follow = () => controller.abort();
    nudged = false;
    nudge = () => {
      if (watchdog.quietMs() < RETRY_NOW_QUIET_MS) return;
      nudged = true;
      controller.abort();
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
      const sent = await send(url, watchdog, signal);
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
  function send(url: string, watchdog: Watchdog, signal: AbortSignal) {
    return new Promise<{ kind: 'sent'; digest: string | null } | Failure>((resolve) => {
      let over = false;
      let confirmed: string | null = null;
      const source = createGrowingSource({ spool, takeId, timers, maxPatchBytes: transfer.patchBytes });

      const end = (outcome: Parameters<typeof resolve>[0]) => {
        if (over) return;
        over = true;
        watchdog.end();
        source.close();
        signal.removeEventListener('abort', stop);
        transfer.end();
        void upload.abort();
        resolve(outcome);
      };
      const stop = () => end({ kind: 'later', reason: 'no byte moved', retryAfterMs: 0 });

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
          if (request.getMethod() === 'PATCH') transfer.begin(Number(request.getHeader('Upload-Offset')));
        },
        async onAfterResponse(request, response) {
          if (over) return;
          watchdog.end();
          const header = (name: string) => response.getHeader(name);
          confirmed = confirmedDigest(header) ?? confirmed;
          if (request.getMethod() !== 'HEAD' || response.getStatus() >= 300) return;
          const offset = offsetOf(header);
          if (offset === null) return;
          if (transfer.found(offset)) progressed();
          const held = await spool.get(takeId);
          // More than this device recorded cannot be its bytes: the digest of nothing it has.
          if (held?.ended && offset > held.bytes) end({ kind: 'sent', digest: '' });
        },
        onProgress(position) {
          if (over) return;
          if (transfer.at(position)) watchdog.moved();
        },
        onChunkComplete(_size, accepted) {
          if (over) return;
          if (transfer.acked(accepted)) progressed();
          // Kept up on the way, so that nothing is left to hash at the gate.
          digest.catchUp(accepted).catch(() => {});
        },
        onSuccess: () => end({ kind: 'sent', digest: confirmed }),
        onError: (error) => end(judgeError(error)),
      });
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop);
      upload.start();
    });
  }

  async function loop(signal: AbortSignal): Promise<void> {
    let asked = true;
    /** A 404 or a 409 may be answered at once, but not twice in a row without progress. */
    let corrected = false;
    while (!signal.aborted) {
      if (asked || !schedule.failed) show({ kind: 'uploading' });
      if (asked) refusal = null; // whoever asked wants to hear why again
      refused = false;
      const outcome = await attempt(signal);
      if (signal.aborted) return;
      const moved = transfer.moved();
      if (outcome.kind === 'confirmed' && outcome.equal) return done();
      if (outcome.kind === 'confirmed') {
        asked = await resend(signal);
        continue;
      }
      lastFailure = outcome.kind === 'refused' ? outcome.detail : outcome.reason;
      if (outcome.kind === 'refused') tellRefusal(outcome);
      if (outcome.kind === 'refused' && outcome.final) {
        refused = true;
        asked = await schedule.waitForWake(signal);
        continue;
      }
      if (outcome.kind === 'gone') await remember(null).catch(() => {});
      const correct: boolean = outcome.kind === 'gone' || (outcome.kind === 'later' && outcome.conflict === true);
      const quick = moved || nudged || (correct && !corrected);
      corrected = correct && !moved;
      const retryAfterMs = outcome.kind === 'later' ? outcome.retryAfterMs : 0;
      asked = await schedule.wait({ quick, retryAfterMs }, signal);
    }
  }

  /** The server holds other bytes: they go again under a new name, by themselves at most twice, then when asked to. */
  async function resend(signal: AbortSignal): Promise<boolean> {
    const final = take.mismatches >= MAX_MISMATCHES;
    const detail = 'The server holds other bytes than this device recorded';
    lastFailure = detail;
    tellRefusal({ kind: 'refused', status: 0, code: 'digest-mismatch', detail, final });
    refused = final;
    if (final && !(await schedule.waitForWake(signal))) return false;
    Object.assign(take, { sentAs: newId(), uploadUrl: null, mismatches: take.mismatches + 1 });
    await spool.renew(takeId, take.sentAs).catch(() => {});
    digest = createTakeDigest({ spool, takeId });
    transfer.restart();
    return final;
  }

  async function done(): Promise<void> {
    run = null;
    await spool.forget(takeId).catch(() => {}); // a record left over is asked for by HEAD, and forgotten, after the next reload
    show({ kind: 'open' });
  }

  return {
    start() {
      if (run || gate.kind === 'open') return;
      run = new AbortController();
      void loop(run.signal);
    },
    pause() {
      run?.abort();
      run = null;
    },
    hurry() {
      schedule.reset();
      schedule.wake();
    },
    retryNow() {
      nudge();
      schedule.wake();
    },
    status: () => ({ takeId, question: take.question, gate, ...transfer.counts(), attempts, refused, lastFailure }),
  };
}
