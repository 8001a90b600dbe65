/** Any server that speaks OpenAI's `POST /v1/audio/transcriptions` as an engine: OpenAI's own, whisper-server, others. */
import { JobError } from '../jobs/job-error.ts';
import type { Engine, EngineContext, Recording } from './engine.ts';
import { whisperCode } from './language.ts';
import { inWords, patienceMs } from './limits.ts';
import { type OpenAiAnswer, readOpenAiAnswer } from './openai-answer.ts';
import { createRefusals } from './openai-refusal.ts';
import { type FormAnswer, postForm } from './post-form.ts';

export interface OpenAiOptions {
  /** With its version, as OpenAI's own clients take it: `http://127.0.0.1:8080/v1`. */
  baseUrl: string;
  /** Null where the server wants none. */
  apiKey: string | null;
  model?: string;
  /** What one answer may take. */
  limitMs?: (durationMs: number) => number;
  now?: () => number;
}

const MAX_ANSWER_BYTES = 64 << 20;
/** Below this, the page's language is likelier than the one that was detected. */
const SURE = 0.5;

/**
 * A language that the interview demands is sent. Else the server detects it; where it says that it is not sure, the page's
 * language counts, and where it heard the answer in another language than that (whisper-server does, if it was not started
 * with `-l auto`), it is asked once more.
 */
export function createOpenAi({
  baseUrl,
  apiKey,
  model = 'whisper-1',
  limitMs = patienceMs,
  now = Date.now,
}: OpenAiOptions): Engine {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/audio/transcriptions`);
  const { refused, unreachable } = createRefusals({ url, apiKey, now });

  async function post(
    code: string | null,
    { wavFile, durationMs }: Recording,
    signal: AbortSignal,
  ): Promise<FormAnswer> {
    signal.throwIfAborted();
    const limit = limitMs(durationMs);
    const stop = new AbortController();
    const abort = () => stop.abort();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      abort();
    }, limit);
    signal.addEventListener('abort', abort);
    const fields: [string, string][] = [
      ['model', model],
      ['response_format', 'verbose_json'],
      ['timestamp_granularities[]', 'word'],
      ['timestamp_granularities[]', 'segment'],
      ...(code === null ? [] : [['language', code] as [string, string]]),
    ];
    const file = { field: 'file', path: wavFile, name: 'answer.wav', type: 'audio/wav' };
    const headers: Record<string, string> = apiKey === null ? {} : { Authorization: `Bearer ${apiKey}` };
    try {
      return await postForm(url, { fields, file }, { headers, signal: stop.signal, maxBytes: MAX_ANSWER_BYTES });
    } catch (cause) {
      signal.throwIfAborted();
      if (late) throw new JobError(`${url.host} took longer than ${inWords(limit)}`, { final: false });
      throw unreachable(cause);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  async function hear(code: string | null, recording: Recording, { signal }: EngineContext): Promise<OpenAiAnswer> {
    const answer = await post(code, recording, signal);
    if (answer.status !== 200) throw refused(answer);
    try {
      return readOpenAiAnswer(answer.text, recording.durationMs);
    } catch {
      // Without its cause: that quotes what came.
      throw new JobError(`${url.host} gave an answer that is no verbose_json`, { final: false });
    }
  }

  return {
    name: 'openai',
    async recognise(recording, context) {
      const { language, languageHint } = recording;
      const demanded = language === null ? null : (whisperCode(language) ?? language);
      const { detected, ...recognition } = await hear(demanded, recording, context);
      if (demanded !== null || detected === null) return recognition;
      const likely = detected.probability < SURE ? (languageHint ?? detected.language) : detected.language;
      const code = whisperCode(likely);
      if (code === null || recognition.language === null || whisperCode(recognition.language) === code)
        return recognition;
      const { detected: _known, ...again } = await hear(code, recording, context);
      return again;
    },
  };
}
