/**
 * The upload of one take: attempts, their schedule, the digest, and giving up.
 *
 * Invariants:
 * 1. The gate opens only after the server confirmed the whole answer with a digest equal to the device's own.
 * 2. The spool forgets the take only then.
 * 3. A run that was paused starts no attempt, and leaves the state to the next run.
 */
import type { HttpStack } from 'tus-js-client';
import type { Spool } from '../spool/spool.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { type Attempt, type AttemptResult, type SentTake, startAttempt } from './attempt.ts';
import { createDetour, type Detour } from './detour.ts';
import { createTakeDigest, type TakeDigest } from './digest.ts';
import { createUploadEmitter, DAMAGED, type UploaderEvent, type UploadStatus } from './events.ts';
import { flushConnections } from './flush-connections.ts';
import { createHttpStack } from './http-stack.ts';
import { reclassify, type SessionState } from './outcome.ts';
import { createProgress } from './progress.ts';
import { createRetrySchedule } from './retry-schedule.ts';
import { createThroughput, type Throughput } from './throughput.ts';
import type { Failure } from './tus-responses.ts';

/** `retryNow` gives up a request that has been silent for this time: its network may be gone. */
const RETRY_NOW_QUIET_MS = 5000;
/**
 * How often a take is sent anew without being asked, because the server's copy has another digest, or lost bytes. The
 * device holds every byte until the server has confirmed the whole answer.
 */
const MAX_RENEWALS = 2;

/** The upload of one take. */
export interface Uploader {
  /** Starts or resumes; no effect where the upload runs or is confirmed. */
  start(): void;
  /** Ends the attempt without an event; `start` resumes from what the server holds. */
  pause(): void;
  /** The recorder was stopped: the last bytes wait for up to `END_WAIT_MS` to be sent together with the length. */
  expectEnd(): void;
  /** The take is stopped and the candidate waits: the schedule starts over, and a wait ends at once. */
  hurry(): void;
  /** "Retry", `online`, a returning page: an attempt at once. The only way to an attempt after a final refusal. */
  retryNow(): void;
  status(): UploadStatus;
}

/** Options of `createUploader`. */
export interface UploaderOptions {
  spool: Spool;
  take: SentTake;
  /** Of the tus server: absolute, or relative to the page. */
  endpoint: string;
  /** The bearer, asked at each request: a new log-in replaces it. */
  token: () => string;
  onEvent: (event: UploaderEvent) => void;
  fetch?: typeof fetch;
  /** tus-js-client's own by default: XMLHttpRequest in browsers, node:http in Node. */
  httpStack?: HttpStack;
  timers?: Timers;
  /** A new takeId for the wire, after a mismatch of digests. */
  newId?: () => string;
  /** From 0 up to, not including, 1: spreads the attempts of many devices. */
  random?: () => number;
  /** One for all takes of a session. */
  throughput?: Throughput;
  /** One for all takes of a session. */
  detour?: Detour;
  /** Asked where the server does not know the upload (404, 410), before the same takeId is created again. */
  sessionState?: () => Promise<SessionState>;
}

/** What the uploader does; aborting `run` pauses it. */
type State =
  | { kind: 'idle' }
  /** An attempt runs, or its result is being classified. */
  | { kind: 'attempting'; run: AbortController; attempt: Attempt }
  /** Until the next attempt is due. */
  | { kind: 'waiting'; run: AbortController }
  /** Until the candidate asks for an attempt. */
  | { kind: 'refused'; run: AbortController }
  /** `sha256` is that of the answer, in hex. */
  | { kind: 'confirmed'; sha256: string };

/** Creates the upload of one take; nothing is sent before `start`. */
export function createUploader({
  spool,
  take: { ...take },
  endpoint,
  token,
  onEvent,
  fetch = (...args) => globalThis.fetch(...args),
  timers = systemTimers,
  newId = () => crypto.randomUUID(),
  random = Math.random,
  throughput = createThroughput(),
  detour = createDetour(),
  httpStack = createHttpStack({ usesPost: detour.usesPost }),
  sessionState = async () => 'open',
}: UploaderOptions): Uploader {
  const { takeId, question } = take;
  const progress = createProgress({ timers, throughput });
  const emitter = createUploadEmitter({ takeId, onEvent });
  const schedule = createRetrySchedule({ timers, onGate: emitter.emitGate, random });
  let state: State = { kind: 'idle' };
  let digest: TakeDigest = createTakeDigest({ spool, takeId });
  let attempts = 0;
  /** How often in a row, without a byte that moved, the server did not know the upload. */
  let lost = 0;
  let stoppedAt: number | null = null;
  let recalled = false; // another attempt was asked for while this one, perhaps without a network, is under way
  let lastFailure: { reason: string; unanswered?: boolean; obstacle?: number | null } | null = null;

  async function setUploadUrl(uploadUrl: string | null): Promise<void> {
    take.uploadUrl = uploadUrl;
    await spool.setUploadUrl(takeId, uploadUrl);
  }

  /** Starts an attempt, which `run` ends. */
  function begin(run: AbortController): Attempt {
    attempts += 1;
    recalled = false;
    const attempt = startAttempt({
      ...{ spool, take, endpoint, token, fetch, httpStack, timers, throughput, detour, progress, signal: run.signal },
      stoppedAt: () => stoppedAt,
      onCreated: setUploadUrl,
      // The digest is kept up on the way, so that nothing is left to hash at the gate.
      onHandOut: (end) => void digest.catchUp(end).catch(() => {}),
      onProgress() {
        schedule.reset();
        lost = 0;
        if (lastFailure) lastFailure.obstacle = null;
        emitter.allowRepeat();
        emitter.emitGate({ kind: 'uploading' });
      },
    });
    state = { kind: 'attempting', run, attempt };
    return attempt;
  }

  /** Compares the digests of a confirmed answer, and finds out what a failure means. */
  async function conclude(result: AttemptResult, signal: AbortSignal): Promise<'equal' | 'mismatch' | Failure> {
    const asked = { spool, takeId, sessionState, timers, signal };
    if (result.kind === 'excess') return 'mismatch';
    if (result.kind !== 'confirmed') return reclassify(result, asked);
    try {
      await digest.catchUp(await spool.size(takeId));
    } catch (error) {
      return reclassify({ kind: 'later', reason: String(error), retryAfterMs: 0 }, asked);
    }
    return result.digest === digest.base64() ? 'equal' : 'mismatch';
  }

  /** Prepares the take to be sent from its first byte under a new takeId. */
  async function renew(): Promise<void> {
    Object.assign(take, { sentAs: newId(), uploadUrl: null, mismatches: take.mismatches + 1 });
    digest = createTakeDigest({ spool, takeId });
    progress.restart();
    lost = 0;
    await spool.renew(takeId, take.sentAs).catch(() => {});
  }

  /**
   * The server holds other bytes: renews the take, `MAX_RENEWALS` times unasked, then once the candidate asks. Resolves
   * to whether the candidate asked.
   */
  async function resend(run: AbortController): Promise<boolean> {
    const final = take.mismatches >= MAX_RENEWALS;
    const reason = 'The server holds other bytes than this device recorded';
    lastFailure = { reason };
    if (final) state = { kind: 'refused', run };
    emitter.emitProblem({ status: 0, code: 'digest-mismatch', detail: reason, final });
    if (final && !(await schedule.waitForWake(run.signal))) return false;
    await renew();
    return final;
  }

  /**
   * Whether the server's copy is beyond repair: it lacks bytes that were acknowledged, or the server
   * does not know an upload that it created a moment ago.
   */
  function isDamaged(outcome: Failure): boolean {
    if (outcome.kind === 'gone') lost += 1;
    return outcome.kind === 'gone' ? lost > 1 : outcome.kind === 'later' && outcome.problem?.code === DAMAGED;
  }

  /** The server holds the whole answer, with an equal digest. */
  async function confirm(): Promise<void> {
    state = { kind: 'confirmed', sha256: digest.hex() };
    // A record that is left is asked for by HEAD after the next reload, and forgotten then.
    await spool.forget(takeId).catch(() => {});
    emitter.emitGate({ kind: 'open' });
  }

  /** Makes attempts until the server confirmed the answer, or `run` is aborted. */
  async function attemptUntilConfirmed(run: AbortController): Promise<void> {
    const { signal } = run;
    /** Whether the candidate or the browser asked for this attempt. */
    let asked = true;
    /** Whether the candidate or the browser ended the wait before this attempt. */
    let woken = false;
    /** Whether the attempt before was repeated at once and moved no byte. */
    let corrected = false;
    while (!signal.aborted) {
      if (asked || !schedule.failed) emitter.emitGate({ kind: 'uploading' });
      if (asked) emitter.allowRepeat();
      if (signal.aborted) return;
      const attempt = begin(run);
      const outcome = await conclude(await attempt.result, signal);
      const moved = progress.takeMoved();
      const gaveUp = attempt.gaveUp();
      // Where one connection died silently, the other ones of the browser are mostly dead as well.
      const flushed = gaveUp !== null && (await flushConnections({ fetch, endpoint, timers, signal }));
      if (signal.aborted) return;
      if (outcome === 'equal') return confirm();
      if (outcome === 'mismatch') {
        asked = await resend(run);
        continue;
      }
      lastFailure = describe(outcome);
      // Until the server has confirmed the answer every byte is here: another copy is made, the bad one is left.
      if (isDamaged(outcome) && (take.mismatches < MAX_RENEWALS || woken)) {
        await renew();
        woken = false;
        continue;
      }
      const final = outcome.kind === 'refused' && outcome.final;
      // Before the event: its listener may ask for the status.
      if (final) state = { kind: 'refused', run };
      emitter.emitFailure(outcome);
      if (final) {
        asked = woken = await schedule.waitForWake(signal);
        continue;
      }
      if (outcome.kind === 'gone') await setUploadUrl(null).catch(() => {});
      // After a 404, a 409, or a stall while another connection works, the next attempt starts at once, but only once
      // without progress: some middleboxes pass small requests and drop bodies.
      const conflict = outcome.kind === 'later' && outcome.conflict === true;
      const correct = outcome.kind === 'gone' || conflict || flushed;
      const otherWay = outcome.kind === 'later' && outcome.lost !== undefined && detour.lost(outcome.lost);
      const quick = moved || gaveUp === 'asked' || recalled || otherWay || (correct && !corrected);
      corrected = correct && !moved;
      if (signal.aborted) return;
      state = { kind: 'waiting', run };
      asked = woken = await schedule.wait(
        { quick, retryAfterMs: outcome.kind === 'later' ? outcome.retryAfterMs : 0 },
        signal,
      );
    }
  }

  return {
    start() {
      if (state.kind !== 'idle') return;
      const run = new AbortController();
      state = { kind: 'waiting', run };
      void attemptUntilConfirmed(run);
    },
    pause() {
      if (!('run' in state)) return;
      state.run.abort();
      state = { kind: 'idle' };
    },
    expectEnd() {
      stoppedAt ??= timers.now();
    },
    hurry() {
      schedule.reset();
      schedule.wake();
    },
    retryNow() {
      recalled = state.kind === 'attempting';
      if (state.kind === 'attempting' && state.attempt.quietMs() >= RETRY_NOW_QUIET_MS) state.attempt.giveUp();
      schedule.wake();
    },
    status: () => ({
      takeId,
      question,
      gate: emitter.gate(),
      ...progress.counts(),
      attempts,
      refused: state.kind === 'refused',
      lastFailure: lastFailure?.reason ?? null,
      unanswered: lastFailure?.unanswered ?? false,
      obstacle: lastFailure?.obstacle ?? null,
      quietMs: state.kind === 'attempting' ? Math.round(state.attempt.quietMs()) : 0,
      sha256: state.kind === 'confirmed' ? state.sha256 : null,
    }),
  };
}

/** Statuses of a proxy by which a server is away or busy, which waiting alone may cure. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What the status tells of a failure. */
function describe(failure: Failure): { reason: string; unanswered: boolean; obstacle: number | null } {
  if (failure.kind !== 'later')
    return { reason: failure.kind === 'refused' ? failure.detail : failure.reason, unanswered: false, obstacle: null };
  const { reason, unanswered = false, lost } = failure;
  return { reason, unanswered, obstacle: lost?.status && !PASSING.has(lost.status) ? lost.status : null };
}
