/**
 * Takes jobs out of the catalog and runs them: so many of each kind at once, the one that is due longest first.
 *
 * Invariants:
 * 1. A job that runs has a lease that is renewed; one whose lease is gone is aborted, and what it made does not count.
 * 2. Every try ends: done, queued again with a wait that grows, or dead with the reason. What counts as a try is a lease,
 *    so that a job that takes the whole process down is dead after MAX_TRIES of them.
 */
import type { Jobs } from '../../storage/index.ts';
import type { Job, JobKind } from '../../storage/types.ts';
import { JobError } from './job-error.ts';

export interface WorkContext {
  signal: AbortSignal;
  /** From 0 to 1. */
  onProgress: (fraction: number) => void;
  /** Whether the lease still is this run's; asked right before anything is published. */
  isOurs: () => Promise<boolean>;
}

/** What came of a job: which one comes after it, or why there was nothing to do. */
export interface WorkDone {
  next?: JobKind | undefined;
  reason?: string;
}

/** @throws JobError; any other Error counts as one that may pass */
export type Work = (job: Job, context: WorkContext) => Promise<WorkDone>;

export interface RunnerOptions {
  jobs: Pick<Jobs, 'lease' | 'renew' | 'end'>;
  work: Record<JobKind, Work>;
  /** How many at once. */
  slots: Record<JobKind, number>;
  /** Whether jobs of a kind can be run just now. */
  isReady: (kind: JobKind) => boolean;
  log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  /** Who leases; one for each process. */
  owner: string;
  /** Jobs of that session alone. */
  sessionId?: string | undefined;
  /** How often a lease is renewed, and how far the job is written down. */
  renewMs?: number;
}

/** Tries of a job, before it is dead. */
export const MAX_TRIES = 6;
/** The wait after the first failed try, in ms, and how it grows: 5 s, 30 s, 3 min, 18 min, 1 h. */
export const FIRST_WAIT_MS = 5_000;
const WAIT_GROWTH = 6;
const MAX_WAIT_MS = 3_600_000;
export const LEASE_MS = 60_000;

export type Runner = ReturnType<typeof createRunner>;

export function createRunner(options: RunnerOptions) {
  const { jobs, work, slots, isReady, log, owner, sessionId, renewMs = 5_000 } = options;
  const running = new Map<number, { job: Job; abort: AbortController; ended: Promise<void> }>();
  let stopped = false;
  let looking: Promise<void> | null = null;
  let lookAgain = false;

  /** How a failed try ends. */
  function endOf(job: Job, error: unknown) {
    const reason = error instanceof Error ? error.message : String(error);
    const { final, retryAfterMs } = error instanceof JobError ? error : { final: false, retryAfterMs: 0 };
    if (final || job.attempts >= MAX_TRIES) return { state: 'dead' as const, reason };
    const waitMs = Math.min(FIRST_WAIT_MS * WAIT_GROWTH ** (job.attempts - 1), MAX_WAIT_MS);
    return { state: 'queued' as const, reason, delayMs: Math.max(waitMs, Math.min(retryAfterMs, MAX_WAIT_MS)) };
  }

  async function run(job: Job, abort: AbortController): Promise<void> {
    const { signal } = abort;
    let progress = 0;
    const renew = async () => {
      const ours = await jobs.renew(job, owner, LEASE_MS, progress);
      if (!ours) abort.abort(new Error('the lease is gone'));
      return ours;
    };
    // A catalog that is busy for a moment is asked again in time: the lease is twelve times as long.
    const heart = setInterval(() => void renew().catch(() => {}), renewMs);
    const onProgress = (fraction: number) => {
      progress = Math.min(Math.max(fraction, progress, 0), 1);
    };
    const about = { job: job.id, kind: job.kind, folder: job.folder, question: job.question };
    try {
      if (job.attempts > MAX_TRIES)
        throw new JobError(`It was begun ${MAX_TRIES} times, and the server ended each time before it did.`, {
          final: true,
        });
      const { next, reason } = await work[job.kind](job, { signal, onProgress, isOurs: renew });
      await jobs.end(job, owner, { state: 'done', next, ...(reason === undefined ? {} : { reason }) });
      log.info(about, reason ?? 'the job is done');
    } catch (error) {
      if (signal.aborted) {
        await jobs.end(job, owner, { state: 'queued', reason: job.reason, delayMs: 0, spared: true });
      } else {
        const end = endOf(job, error);
        await jobs.end(job, owner, end);
        log.warn(
          { ...about, ...(error instanceof JobError ? {} : { err: error }), ...end },
          end.state === 'dead' ? 'the job is given up' : 'the job is tried again',
        );
      }
    } finally {
      clearInterval(heart);
    }
  }

  function freeKinds(): JobKind[] {
    const used = (kind: JobKind) => [...running.values()].filter(({ job }) => job.kind === kind).length;
    return (Object.keys(slots) as JobKind[]).filter((kind) => used(kind) < slots[kind] && isReady(kind));
  }

  async function lookOnce(): Promise<void> {
    while (!stopped) {
      const job = await jobs.lease(freeKinds(), owner, LEASE_MS, sessionId);
      if (!job) return;
      const abort = new AbortController();
      if (stopped) abort.abort(new Error('the server stops'));
      const ended = run(job, abort)
        // The catalog can't be told: the lease runs out, and the job is taken up again.
        .catch((cause: unknown) => log.warn({ job: job.id, err: cause }, 'the end of a job can’t be written down'))
        .finally(() => {
          running.delete(job.id);
          look();
        });
      running.set(job.id, { job, abort, ended });
    }
  }

  /** Begins what is due and has a place; never twice at once. */
  function look(): void {
    if (stopped) return;
    lookAgain = looking !== null;
    looking ??= lookOnce()
      .catch((cause: unknown) => log.warn({ err: cause }, 'jobs can’t be looked for'))
      .finally(() => {
        looking = null;
        if (lookAgain) look();
      });
  }

  return {
    look,
    /** Resolves once what is due has been begun. */
    async looked(): Promise<void> {
      await looking;
    },
    /** How many run. */
    running: () => running.size,
    /** Aborts what runs, which is due again at once, and waits for its end. */
    async stop(): Promise<void> {
      stopped = true;
      await looking;
      for (const { abort } of running.values()) abort.abort(new Error('the server stops'));
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}
