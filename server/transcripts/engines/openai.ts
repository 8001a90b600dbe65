/** An engine for any server that has OpenAI's `POST /v1/audio/transcriptions`: OpenAI's own, whisper-server, others. */
import { JobError, THEN_RETRY } from '../../job-error.ts';
import type { Engine, EngineContext, Heard } from './engine.ts';
import { whisperCode } from './language.ts';
import { inWords, maxResponseBytes, patienceMs, unreadable } from './limits.ts';
import { onThisThread } from './off-thread.ts';
import { createOpenAiErrors } from './openai-errors.ts';
import { openAiReading } from './openai-response.ts';
import { type FormResponse, postForm, TooLongError } from './post-form.ts';
import { type WavPart, wavPartsOf } from './wav-parts.ts';

/** Where the server is, and how to ask it. */
export interface OpenAiOptions {
  /** With its version, as OpenAI's own clients take it: `http://127.0.0.1:8080/v1`. */
  baseUrl: string;
  /** Null where the server wants none. */
  apiKey: string | null;
  model?: string;
  /** The largest file that is sent; longer sound is sent in parts. */
  maxFileBytes?: number;
  /** How long one answer may take, in ms. */
  limitMs?: (durationMs: number) => number;
  /** The clock, in ms since 1970. */
  now?: () => number;
}

/** OpenAI and others take files of 25 MB. */
const MAX_FILE_BYTES = 24_000_000;
/** Where a server says that a file is too large, it gets smaller ones, down to 30 s: a proxy may take 1 MiB alone. */
const MIN_FILE_BYTES = 960_044;
const TOO_LARGE = 413;

/** The ways to ask, the one that tells most first. Some models know a part of them: OpenAI's gpt-4o ones `json` alone. */
const FORMATS: readonly (readonly [string, string])[][] = [
  [
    ['response_format', 'verbose_json'],
    ['timestamp_granularities[]', 'word'],
    ['timestamp_granularities[]', 'segment'],
  ],
  [['response_format', 'verbose_json']],
  [['response_format', 'json']],
];

/** Creates the engine. The server detects a language that is not given. */
export function createOpenAi({
  baseUrl,
  apiKey,
  model = 'whisper-1',
  maxFileBytes = MAX_FILE_BYTES,
  limitMs = patienceMs,
  now = Date.now,
}: OpenAiOptions): Engine {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/audio/transcriptions`);
  const errors = createOpenAiErrors({ url, apiKey, model, now });
  let format = 0;

  async function post(
    code: string | null,
    { durationMs, content }: WavPart,
    signal: AbortSignal,
  ): Promise<FormResponse> {
    signal.throwIfAborted();
    const limit = limitMs(durationMs);
    const stop = new AbortController();
    const abort = () => stop.abort();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      abort();
    }, limit);
    signal.addEventListener('abort', abort);
    const fields: (readonly [string, string])[] = [
      ['model', model],
      ...(FORMATS[format] ?? []),
      ...(code === null ? [] : [['language', code] as const]),
    ];
    const file = { field: 'file', content, name: 'answer.wav', type: 'audio/wav' };
    const headers: Record<string, string> = apiKey === null ? {} : { Authorization: `Bearer ${apiKey}` };
    const maxBytes = maxResponseBytes(durationMs);
    try {
      return await postForm(url, { fields, file }, { headers, signal: stop.signal, maxBytes });
    } catch (cause) {
      signal.throwIfAborted();
      if (isLate) throw new JobError(`${url.host} took longer than ${inWords(limit)}`, { final: false });
      if (cause instanceof TooLongError) {
        const reason = `${url.host} answered more than ${maxBytes} bytes to ${inWords(durationMs)} of sound`;
        throw new JobError(`${reason}: see what it is that answers, ${THEN_RETRY}`, { final: true });
      }
      throw errors.unreachable(cause);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /**
   * Hears a part.
   * @param canShrink whether a smaller part can be sent
   * @returns null where the server says that it is too large
   */
  async function hearPart(
    code: string | null,
    part: WavPart,
    context: EngineContext,
    canShrink: boolean,
  ): Promise<Heard | null> {
    const { signal, offThread = onThisThread } = context;
    const { durationMs } = part;
    let response = await post(code, part, signal);
    for (let next = nextFormat(response, format); next !== null; next = nextFormat(response, format)) {
      format = next;
      response = await post(code, part, signal);
    }
    if (response.status === TOO_LARGE && canShrink) return null;
    if (response.status !== 200) throw errors.ofResponse(response);
    const isPlain = /^text\/plain\b/i.test(response.headers['content-type'] ?? '');
    try {
      return await offThread(openAiReading, { text: response.text, isPlain, durationMs }, { durationMs, signal });
    } catch (cause) {
      signal.throwIfAborted();
      // Without a cause: the cause quotes the response.
      throw unreadable(url.host, durationMs, 'an answer that is no verbose_json', cause);
    }
  }

  return {
    name: 'openai',
    async hear(language, { wavFile }, context): Promise<Heard> {
      const code = language === null ? null : (whisperCode(language) ?? language);
      for (let maxBytes = maxFileBytes; ; ) {
        const parts = await wavPartsOf(wavFile, maxBytes);
        const heard: { part: WavPart; heard: Heard }[] = [];
        for (const part of parts) {
          const bytes = part.content.end - part.content.start;
          const next = await hearPart(code, part, context, bytes > MIN_FILE_BYTES);
          if (!next) {
            maxBytes = Math.max(MIN_FILE_BYTES, Math.floor(bytes / 2));
            break;
          }
          heard.push({ part, heard: next });
          if (parts.length > 1) context.onProgress(heard.length / parts.length);
        }
        if (heard.length === parts.length) return joined(heard);
      }
    },
  };
}

/** The way to ask next, where the server refuses the way that it was asked in. */
function nextFormat({ status, text }: FormResponse, format: number): number | null {
  if ((status !== 400 && status !== 422) || format + 1 >= FORMATS.length) return null;
  if (/timestamp_granularit/i.test(text)) return format + 1;
  return /response_format|verbose_json/i.test(text) ? FORMATS.length - 1 : null;
}

/** The parts as one, with the times of the whole. The language is that of the part with the most text. */
function joined(all: readonly { part: WavPart; heard: Heard }[]): Heard {
  const [only] = all;
  if (only && all.length === 1) return only.heard;
  const placed = all.map(({ part, heard }) => {
    // Whisper hears 30 s at a time, and makes words up after the end.
    const said = heard.recognition.segments.filter(({ startMs }) => startMs < part.durationMs);
    return { heard, segments: said.map((segment) => shifted(segment, part)) };
  });
  const letters = (segments: readonly Segment[]) => segments.reduce((sum, { text }) => sum + text.length, 0);
  const [longest] = placed.toSorted((one, other) => letters(other.segments) - letters(one.segments));
  const { recognition, detected } = longest?.heard ?? { recognition: { language: null }, detected: null };
  return {
    recognition: { language: recognition.language, segments: placed.flatMap(({ segments }) => segments) },
    detected,
  };
}

type Segment = Heard['recognition']['segments'][number];

/** A part's segment in the whole: inside the part. */
function shifted(segment: Segment, { startMs, durationMs }: WavPart): Segment {
  const move = <T extends { startMs: number; endMs: number }>(of: T): T => ({
    ...of,
    startMs: Math.min(of.startMs, durationMs) + startMs,
    endMs: Math.min(of.endMs, durationMs) + startMs,
  });
  return { ...move(segment), words: segment.words.map(move) };
}
