/**
 * Leases jobs from the catalog and runs them, up to a number of each kind at once. The job that is due longest comes first.
 *
 * Invariants:
 * 1. A running job has a lease that is renewed. A job that lost its lease is aborted, and its results are not published.
 * 2. Every attempt ends: done, queued again after a growing wait, or dead with a reason. Each lease is an attempt, so that a
 *    job that makes the whole process crash is dead after MAX_ATTEMPTS leases.
 */
import { type Jobs, LONGEST_WAIT_MS } from '../../storage/index.ts';
import type { Job, JobKind } from '../../storage/types.ts';
import type { Log } from '../http/log.ts';
import { JobError } from '../job-error.ts';

/** What the work of a job gets from the runner. */
interface WorkContext {
  signal: AbortSignal;
  /** Called with the part that is done, from 0 to 1. */
  onProgress: (fraction: number) => void;
  /** Whether this run still has the lease; asked right before anything is published. */
  isOurs: () => Promise<boolean>;
}

/** The result of a job. */
interface WorkDone {
  /** For people: why there was nothing to do, or what was found. */
  reason?: string;
  /** Whether no job follows for the same take. */
  isLast?: boolean;
}

/**
 * Does one job.
 * @throws JobError; any other Error counts as one that may pass
 */
export type Work = (job: Job, context: WorkContext) => Promise<WorkDone>;

/** What the runner needs. */
interface RunnerOptions {
  jobs: Pick<Jobs, 'lease' | 'renew' | 'end'>;
  work: Record<JobKind, Work>;
  /** The kind of job that follows for the same take; it follows a job that is given up, too. Undefined = none. */
  next: (kind: JobKind) => JobKind | undefined;
  /** How many jobs of a kind run at once. */
  slots: Record<JobKind, number>;
  /** Whether jobs of a kind can run now. */
  isReady: (kind: JobKind) => boolean;
  log: Pick<Log, 'info' | 'warn'>;
  /** The name that leases are given to; another one for each process. */
  owner: string;
  /** Runs the jobs of this session alone. */
  sessionId?: string | undefined;
  /** How often a lease is renewed and the progress of its job recorded. */
  renewMs?: number;
}

/** The attempts of a job before it is dead. */
export const MAX_ATTEMPTS = 6;
/** The wait after the first failed attempt, in ms. The waits grow: 5 s, 30 s, 3 min, 18 min, 1 h. */
export const FIRST_WAIT_MS = 5_000;
const WAIT_GROWTH = 6;
/** How long a lease is valid unless it is renewed. */
export const LEASE_MS = 60_000;

/** Runs jobs. */
export type Runner = ReturnType<typeof createRunner>;

/** Creates a runner. `look` starts the jobs that are due. */
export function createRunner(options: RunnerOptions) {
  const { jobs, work, next, slots, isReady, log, owner, sessionId, renewMs = 5_000 } = options;
  const running = new Map<number, { job: Job; abort: AbortController; ended: Promise<void> }>();
  let stopped = false;
  let looking: Promise<void> | null = null;
  let lookAgain = false;

  /** The state that a job has after a failed attempt. */
  function endOf(job: Job, error: unknown) {
    const reason = error instanceof Error ? error.message : String(error);
    const { final, retryAfterMs } = error instanceof JobError ? error : { final: false, retryAfterMs: 0 };
    if (final || job.attempts >= MAX_ATTEMPTS) return { state: 'dead' as const, reason, next: next(job.kind) };
    const waitMs = Math.min(FIRST_WAIT_MS * WAIT_GROWTH ** (job.attempts - 1), LONGEST_WAIT_MS);
    return { state: 'queued' as const, reason, delayMs: Math.max(waitMs, Math.min(retryAfterMs, LONGEST_WAIT_MS)) };
  }

  async function run(job: Job, abort: AbortController): Promise<void> {
    const { signal } = abort;
    let progress = 0;
    const renew = async () => {
      const ours = await jobs.renew(job, owner, LEASE_MS, progress);
      if (!ours) abort.abort(new Error('the lease is gone'));
      return ours;
    };
    // An error is no harm: the lease lasts for twelve intervals, so a busy catalog is asked again in time.
    const heart = setInterval(() => void renew().catch(() => {}), renewMs);
    const onProgress = (fraction: number) => {
      progress = Math.min(Math.max(fraction, progress, 0), 1);
    };
    const about = { job: job.id, kind: job.kind, folder: job.folder, question: job.question };
    try {
      if (job.attempts > MAX_ATTEMPTS)
        throw new JobError(`It was begun ${MAX_ATTEMPTS} times, and the server ended each time before it did.`, {
          final: true,
        });
      const { reason, isLast = false } = await work[job.kind](job, { signal, onProgress, isOurs: renew });
      const follows = isLast ? undefined : next(job.kind);
      await jobs.end(job, owner, { state: 'done', next: follows, ...(reason === undefined ? {} : { reason }) });
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
        // The catalog can't record the end: the lease expires, and the job is leased again.
        .catch((cause: unknown) => log.warn({ job: job.id, err: cause }, 'the end of a job can’t be written down'))
        .finally(() => {
          running.delete(job.id);
          look();
        });
      running.set(job.id, { job, abort, ended });
    }
  }

  /** Starts the jobs that are due, as far as there are free slots. Never runs twice at once. */
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
    /** Resolves once the jobs that are due have been started. */
    async looked(): Promise<void> {
      await looking;
    },
    /** The number of running jobs. */
    running: () => running.size,
    /** Aborts the running jobs, which are due again at once, and waits for their end. */
    async stop(): Promise<void> {
      stopped = true;
      await looking;
      for (const { abort } of running.values()) abort.abort(new Error('the server stops'));
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}
