/** Speech into words: the engines, and what is made of their results. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Transcription } from '../config.ts';
import type { Engine } from './engines/engine.ts';
import { createOffThread, type OffThread, onThisThread } from './engines/off-thread.ts';
import { createOpenAi } from './engines/openai.ts';
import { createWhisperCli } from './engines/whisper-cli.ts';

export type { Engine, Recording } from './engines/engine.ts';
export { recognise } from './recognise.ts';
export { filesOf, shapeTranscript, shaping, silentTranscript } from './transcript.ts';

/** How results are read and shaped: in threads, whose program the build puts beside the server's; not from the sources. */
export function openOffThread(): OffThread {
  const script = path.join(import.meta.dirname, 'transcript-worker.js');
  return existsSync(script) ? createOffThread(script) : onThisThread;
}

/**
 * The engine that the configuration asks for; null for none. Neither files nor servers are looked for yet.
 * @param folders that programs are looked up in
 */
export function createEngine(transcription: Transcription, folders: readonly string[]): Engine | null {
  switch (transcription.kind) {
    case 'off':
      return null;
    case 'whisper-cli':
      return createWhisperCli({ folders, model: transcription.model });
    case 'openai':
      return createOpenAi(transcription);
  }
}
