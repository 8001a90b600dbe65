/** In which language an engine hears a recording. */
import type { Engine, EngineContext, Recognition, Recording } from './engines/engine.ts';
import { whisperCode } from './engines/language.ts';

/** A detected language that is less probable counts less than the page's language. */
const SURE = 0.5;

/**
 * Recognises the speech of a recording. A language that the interview demands is used as it is. Otherwise the engine detects
 * the language, and where the detection is not sure, the page's language counts. Where the engine used another language than
 * the likely one (whisper-server does unless it was started with `-l auto`), it hears the recording once more, in the likely
 * one.
 * @throws JobError; any other Error counts as one that may pass
 */
export async function recognise(engine: Engine, recording: Recording, context: EngineContext): Promise<Recognition> {
  const { language, languageHint } = recording;
  const { recognition, detected } = await engine.hear(language, recording, context);
  if (language !== null || detected === null) return recognition;
  const likely = detected.probability < SURE ? (languageHint ?? detected.language) : detected.language;
  const likelyCode = codeOf(likely);
  if (likely === null || likelyCode === null) return recognition;
  // An engine that does not say which language it used has used the one that it detected.
  if (likelyCode === codeOf(recognition.language ?? detected.language)) return recognition;
  return (await engine.hear(likely, recording, context)).recognition;
}

/** Tags are compared by Whisper's codes: `en-GB` is `en`. */
function codeOf(tag: string | null): string | null {
  return tag === null ? null : whisperCode(tag);
}
