/** Failures of a transcription server: words for people, and whether another attempt may succeed. */
import { JobError, THEN_RETRY } from '../../job-error.ts';
import { isRetryable, parseRetryAfterMs } from '../../wire.ts';
import type { FormResponse } from './post-form.ts';

interface Context {
  url: URL;
  /** Left out of every message. */
  apiKey: string | null;
  /** The model that was asked for. */
  model: string;
  /** The clock, in ms since 1970. */
  now: () => number;
}

const MAX_QUOTE_CHARACTERS = 200;
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;
/** A conflict may pass as well: another attempt costs nothing here. */
const CONFLICT = 409;

/** Makes JobErrors of the responses, and of the missing responses, of one server. */
export function createOpenAiErrors({ url, apiKey, model, now }: Context) {
  /** What the server said, without the key: a message about a key may quote it. */
  function saidBy(text: string): string {
    return messageOf(text)
      .replaceAll(apiKey || /(?!)/g, '…')
      .replaceAll(/\b(?:sk|pk|key|gsk)-[\w*.-]+/g, '…')
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
      .trim();
  }

  /** What the server said, in quotation marks. */
  function quote(text: string): string {
    const said = saidBy(text);
    if (said === '' || said.startsWith('<')) return '';
    const short = said.length > MAX_QUOTE_CHARACTERS ? `${said.slice(0, MAX_QUOTE_CHARACTERS)}…` : said;
    return `: “${short}”`;
  }

  return {
    /** The error for a response whose status is not 200. */
    ofResponse({ status, headers, text }: FormResponse): JobError {
      const final = (reason: string) => new JobError(reason, { final: true });
      const what = `${url.host} answered ${status}`;
      const isAboutModel = /\bmodel/i.test(saidBy(text));
      const setModel = `set TRESGO_OPENAI_MODEL to a model that it has (now “${model}”)`;
      if (status === 401 || status === 403)
        return final(`${what}: set TRESGO_OPENAI_API_KEY to a key that it accepts, ${THEN_RETRY}`);
      if (status >= 300 && status < 400)
        return final(
          `${what}, a redirect: set TRESGO_OPENAI_BASE_URL to the address that it is really at, ${THEN_RETRY}`,
        );
      if (status === 404 && isAboutModel) return final(`${what}${quote(text)}: ${setModel}, ${THEN_RETRY}`);
      if (status === 404 || status === 405)
        return final(
          `${what} for ${url.pathname}${quote(text)}: correct TRESGO_OPENAI_BASE_URL (it ends in /v1), or ${setModel}, ${THEN_RETRY}`,
        );
      if (status >= 400 && !isRetryable(status) && status !== CONFLICT)
        return final(`${what}${quote(text)}${isAboutModel ? `: ${setModel}, ${THEN_RETRY}` : ''}`);
      const retryAfterMs = Math.min(parseRetryAfterMs(headers['retry-after'], now()) ?? 0, MAX_RETRY_AFTER_MS);
      return new JobError(`${what}${quote(text)}`, { final: false, retryAfterMs });
    },

    /** The error for a request without a response. */
    unreachable(error: unknown): JobError {
      const { code, message } = error as NodeJS.ErrnoException;
      return new JobError(`${url.host} can’t be asked (${code ?? message})`, { final: false });
    },
  };
}

/** The message in `{"error":{"message":"…"}}`, `{"error":"…"}` or `{"detail":"…"}`; any other text as it is. */
function messageOf(text: string): string {
  try {
    const { error, detail, message } = JSON.parse(text) as Record<string, unknown>;
    const inner = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
    return String(inner ?? detail ?? message ?? text);
  } catch {
    return text;
  }
}
