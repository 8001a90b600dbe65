/** The jobs of a data folder, put together: what runs them, when, and with what. */
import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Storage } from '../../storage/index.ts';
import type { JobKind } from '../../storage/types.ts';
import type { Config } from '../config.ts';
import type { Engine } from '../transcripts/engine.ts';
import { createEngine } from '../transcripts/index.ts';
import { containmentHere } from './containment.ts';
import { createMedia, type Media } from './media.ts';
import { createPressure } from './pressure.ts';
import { createProcesses } from './process.ts';
import { findMediaPrograms } from './programs.ts';
import { createRemux } from './remux.ts';
import { createRunner } from './runner.ts';
import { createTranscribe } from './transcribe.ts';

export interface BackgroundDeps {
  storage: Pick<Storage, 'jobs' | 'derived' | 'freeBytes' | 'liveTakes'>;
  config: Pick<Config, 'ffmpeg' | 'programFolders' | 'transcription' | 'minFreeBytes'>;
  log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  /** What turns speech into words; by default what the configuration says. */
  engine?: Engine | null;
  /** Jobs of that session alone. */
  sessionId?: string;
}

/** How often due jobs are looked for: those of a command, of a retry, of an answer that has just arrived. */
const LOOK_MS = 1_000;
/** Copies are the disk's work, transcripts the CPU's. */
const SLOTS: Record<JobKind, number> = { remux: 4, transcribe: 1 };
const RESOLUTION_MS = 10;

export type Background = ReturnType<typeof createBackground>;

/** Nothing runs before `start`. */
export function createBackground({ storage, config, log, engine, sessionId }: BackgroundDeps) {
  const processes = createProcesses();
  const speech = engine === undefined ? createEngine(config.transcription, config.programFolders) : engine;
  const isBusy = createPressure({ everyMs: LOOK_MS });
  const lateness = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let media: Media | null = null;
  let programs: string | null | undefined;
  let paused = false;
  let timer: NodeJS.Timeout | undefined;

  /** ffmpeg may come and go while the server runs; each is told once. */
  function lookForPrograms(): void {
    const found = findMediaPrograms(config.ffmpeg, config.programFolders);
    const now = found ? `${found.ffmpeg} ${found.ffprobe}` : null;
    if (now === programs) return;
    // At the start that is as it should be.
    if (now && programs !== undefined) log.info({ ...found }, 'seekable copies of answers are made with ffmpeg');
    if (!now)
      log.warn(
        {},
        'there is no ffmpeg: answers are recorded as ever, seekable copies are made once it is installed (or TRESGO_FFMPEG names it)',
      );
    programs = now;
    media = found && createMedia({ ...found, run: processes.run });
  }

  function watchPressure(): void {
    const watched = runner.running() > 0 || paused;
    if (watched) lateness.enable();
    else lateness.disable();
    const lateMs = Math.max(0, lateness.percentile(99) / 1e6 - RESOLUTION_MS);
    lateness.reset();
    const busy = watched && isBusy({ lateMs, idleMs: storage.liveTakes.idleMs() });
    if (busy === paused) return;
    paused = busy;
    if (paused) processes.pause();
    else processes.resume();
    log.info({ lateMs }, paused ? 'jobs pause: recordings need the machine' : 'jobs go on');
  }

  const runner = createRunner({
    jobs: storage.jobs,
    work: {
      remux: createRemux({ storage, config, media: () => media, next: () => (speech ? 'transcribe' : undefined) }),
      transcribe: createTranscribe({ storage, media: () => media, engine: speech, run: processes.run }),
    },
    slots: SLOTS,
    isReady: (kind) => !paused && media !== null && (kind !== 'transcribe' || speech !== null),
    log,
    owner: randomUUID(),
    sessionId,
  });

  return {
    /** Takes up what a crash left, and begins. For whoever has claimed the data folder. */
    async start(): Promise<void> {
      await storage.derived.clearWork();
      await storage.jobs.release();
      const { missing } = containmentHere();
      if (missing.length > 0)
        log.warn({ missing }, 'this machine can’t hold the programs that read recordings in all ways');
      const look = () => {
        lookForPrograms();
        watchPressure();
        runner.look();
      };
      look();
      timer = setInterval(look, LOOK_MS);
    },

    /** Whether there is an ffmpeg just now: nothing runs without. */
    hasPrograms: (): boolean => findMediaPrograms(config.ffmpeg, config.programFolders) !== null,

    /** Ends the children, whose jobs are due again, and waits for it. */
    async stop(): Promise<void> {
      clearInterval(timer);
      lateness.disable();
      processes.resume();
      await runner.stop();
    },
  };
}
