/** Speech into words: the engines, and what is made of what they hear. */
import type { Transcription } from '../config.ts';
import type { Engine } from './engine.ts';
import { createOpenAi } from './openai.ts';
import { createWhisperCli } from './whisper-cli.ts';

export type { Engine, EngineContext, Recognition, Recording, Segment, Word } from './engine.ts';
export { type Shaped, shapeTranscript, silentTranscript, type Transcript } from './transcript.ts';

/**
 * The engine that the configuration asks for; null for none. Opens and asks nothing yet.
 * @param folders where programs lie
 */
export function createEngine(transcription: Transcription, folders: readonly string[]): Engine | null {
  switch (transcription.kind) {
    case 'off':
      return null;
    case 'whisper-cli':
      return createWhisperCli({ folders, model: transcription.model });
    case 'openai':
      return createOpenAi({ baseUrl: transcription.baseUrl, apiKey: transcription.apiKey });
  }
}
