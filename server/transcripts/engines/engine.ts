/** The interface of every engine that turns speech into words. */
import type { RunProcess } from '../../sandbox/process.ts';
import type { Segment } from '../words/segments.ts';
import type { OffThread } from './off-thread.ts';

/** The words of a recording, as an engine recognised them. */
export interface Recognition {
  /** BCP 47, like `vi`; null where the engine does not say. */
  language: string | null;
  /** In order. */
  segments: Segment[];
}

/** What an engine hears. */
export interface Recording {
  /** 16 kHz, mono, 16 bit PCM in a WAV file, in a folder of this job alone. The engine may write to that folder. */
  wavFile: string;
  durationMs: number;
  /** BCP 47: the language that the interview demands; null = to be detected. */
  language: string | null;
  /** BCP 47: the page's language. Likely, not sure; null = unknown. */
  languageHint: string | null;
}

/** What an engine works with. */
export interface EngineContext {
  /** Runs a child process in the recording's folder. */
  run: RunProcess;
  /** Reads results, which can be large or hostile; by default on the caller's thread. */
  offThread?: OffThread;
  signal: AbortSignal;
  /** Called with the part that is done, from 0 to 1. */
  onProgress: (fraction: number) => void;
}

/** The result of one pass over a recording. */
export interface Heard {
  recognition: Recognition;
  /** Which language the engine detected (BCP 47) and how probable it is, from 0 to 1; null where the engine does not say. */
  detected: { language: string | null; probability: number } | null;
}

/** Turns speech into words. */
export interface Engine {
  /** For the log and `derived/Q1.json`, like `whisper-cli`. */
  name: string;
  /**
   * Hears a recording once.
   * @param language BCP 47; null = the engine detects it
   * @throws JobError; any other Error counts as one that may pass
   */
  hear: (language: string | null, recording: Recording, context: EngineContext) => Promise<Heard>;
}
