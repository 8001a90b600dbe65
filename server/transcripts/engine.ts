/** What turns speech into words: the interface that every engine stands behind. */
import type { RunProcess } from '../jobs/process.ts';

export interface Word {
  text: string;
  startMs: number;
  endMs: number;
  /** From 0 to 1; null where the engine does not say. */
  confidence: number | null;
}

/** What was said without a break. */
export interface Segment {
  text: string;
  startMs: number;
  endMs: number;
  /** In order; empty where the engine gives no times of words. */
  words: Word[];
  /** How sure the engine is that nobody speaks here, from 0 to 1; null where it does not say. */
  noSpeech: number | null;
}

export interface Recognition {
  /** BCP 47, like `vi`; null where the engine does not say. */
  language: string | null;
  segments: Segment[];
}

export interface Recording {
  /** 16 kHz, mono, 16 bit PCM in a WAV file, in a folder of this job's own that the engine may write to, too. */
  wavFile: string;
  durationMs: number;
  /** What the interview demands; null = to be detected. */
  language: string | null;
  /** The page's language: likely, not sure. */
  languageHint: string | null;
}

export interface EngineContext {
  /** Runs a child in the recording's folder. */
  run: RunProcess;
  signal: AbortSignal;
  /** From 0 to 1. */
  onProgress: (fraction: number) => void;
}

export interface Engine {
  /** For the log and `derived/Q1.json`, like `whisper-cli`. */
  name: string;
  /** @throws JobError; any other Error counts as one that may pass */
  recognise: (recording: Recording, context: EngineContext) => Promise<Recognition>;
}
