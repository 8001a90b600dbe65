/** Assembles the jobs of a data folder: the runner, the work for each kind of job, and the programs that the work needs. */
import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Storage } from '../../storage/index.ts';
import type { JobKind } from '../../storage/types.ts';
import type { Config } from '../config.ts';
import type { Log } from '../http/log.ts';
import { type Abilities, ALL_ABILITIES, askAbilities, createMedia, leftOut, type Media } from '../media/index.ts';
import { containmentHere } from '../sandbox/containment.ts';
import { createProcesses } from '../sandbox/process.ts';
import { findMediaPrograms, identityOf, type MediaPrograms } from '../sandbox/programs.ts';
import { createEngine, type Engine } from '../transcripts/index.ts';
import { createPressure } from './pressure.ts';
import { createRemux } from './remux.ts';
import { createRunner } from './runner.ts';
import { createTranscribe } from './transcribe.ts';

/** What the jobs need of the server or of a command. */
interface BackgroundDeps {
  storage: Pick<Storage, 'jobs' | 'derived' | 'freeBytes' | 'liveTakes' | 'takes'>;
  config: Pick<Config, 'dataDir' | 'tls' | 'ffmpeg' | 'programFolders' | 'transcription' | 'minFreeBytes'>;
  log: Pick<Log, 'debug' | 'info' | 'warn'>;
  /** By default the engine that the configuration asks for; null = none. */
  engine?: Engine | null;
  /** Runs the jobs of this session alone. */
  sessionId?: string;
}

/** How often due jobs are looked for: jobs of a command, of a retry, of an answer that has just arrived. */
const LOOK_MS = 1_000;
/** How many jobs of a kind run at once: copies use the disk, transcripts use the CPU. */
const SLOTS: Record<JobKind, number> = { remux: 4, transcribe: 1 };
/** What each ffmpeg of this process has answered, by its path and version. */
const answered = new Map<string, Abilities>();
/** How often the lateness of timers is measured. */
const RESOLUTION_MS = 10;

/** The jobs of one process. */
export type Background = ReturnType<typeof createBackground>;

/** Creates the jobs of this process; `start` starts them. */
export function createBackground({ storage, config, log, engine, sessionId }: BackgroundDeps) {
  const { programFolders } = config;
  const hidden = [config.dataDir, ...(config.tls ? [config.tls.keyFile] : [])];
  const processes = createProcesses({ programFolders, hidden });
  const speech = engine === undefined ? createEngine(config.transcription, programFolders) : engine;
  const isBusy = createPressure({ everyMs: LOOK_MS });
  const lateness = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let media: Media | null = null;
  let programs: string | null | undefined;
  const closing = new AbortController();
  let paused = false;
  let timer: NodeJS.Timeout | undefined;

  /** Looks for ffmpeg, which may be installed, replaced or removed while the server runs. Each change is logged once. */
  function lookForPrograms(): void {
    const found = findMediaPrograms(config.ffmpeg, programFolders);
    const now = found ? `${identityOf(found.ffmpeg)} ${identityOf(found.ffprobe)}` : null;
    if (now === programs) return;
    // Not at the start, where the programs are expected to be installed.
    if (found && programs !== undefined) log.info({ ...found }, 'seekable copies of answers are made with ffmpeg');
    if (!found)
      log.warn(
        {},
        'there is no ffmpeg: answers are recorded as ever, seekable copies are made once it is installed (or TRESGO_FFMPEG names it)',
      );
    programs = now;
    media = null;
    if (found && now) void openMedia(found, now);
  }

  /** Asks a new ffmpeg what it can do. No job runs before it has answered. */
  async function openMedia(found: MediaPrograms, identity: string): Promise<void> {
    const { ffmpeg } = found;
    const { run } = processes;
    const { signal } = closing;
    const abilities =
      answered.get(identity) ?? (await askAbilities({ ffmpeg, run, signal }).catch(() => ALL_ABILITIES));
    if (programs !== identity || signal.aborted) return;
    answered.set(identity, abilities);
    const missing = leftOut(abilities);
    if (missing.length > 0) log.warn({ ffmpeg, missing }, `${abilities.name} makes no ${missing.join('; no ')}`);
    media = createMedia({ ...found, run, abilities });
    runner.look();
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
    log.debug({ lateMs }, paused ? 'jobs pause: recordings need the machine' : 'jobs go on');
  }

  const runner = createRunner({
    jobs: storage.jobs,
    work: {
      remux: createRemux({ storage, config, media: () => media }),
      transcribe: createTranscribe({ storage, media: () => media, engine: speech, run: processes.run }),
    },
    next: (kind) => (kind === 'remux' && speech ? 'transcribe' : undefined),
    slots: SLOTS,
    isReady: (kind) => !paused && media !== null && (kind !== 'transcribe' || speech !== null),
    log,
    owner: randomUUID(),
    sessionId,
  });

  return {
    /** Releases the jobs that a crash left, and starts. Only for a process that has claimed the data folder. */
    async start(): Promise<void> {
      await storage.derived
        .clearWork()
        .catch((cause: unknown) => log.warn({ err: cause }, 'what earlier jobs left can’t be removed; the jobs go on'));
      await storage.jobs.release();
      const { held, missing } = containmentHere(programFolders);
      if (missing.length > 0)
        log.warn({ held, missing }, 'this machine can’t hold the programs that read recordings in all ways');
      else log.info({ held }, 'the programs that read recordings are held in all ways');
      const look = () => {
        lookForPrograms();
        watchPressure();
        runner.look();
      };
      look();
      timer = setInterval(look, LOOK_MS);
    },

    /** Whether ffmpeg is installed now: no job runs without it. */
    hasPrograms: (): boolean => findMediaPrograms(config.ffmpeg, programFolders) !== null,

    /** Ends the children and waits for their end. Their jobs are due again. */
    async stop(): Promise<void> {
      clearInterval(timer);
      closing.abort(new Error('the server stops'));
      lateness.disable();
      processes.resume();
      await runner.stop();
    },
  };
}
