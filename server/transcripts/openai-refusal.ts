/** What to make of a server that did not do what it was asked: words for people, and whether it may later. */
import { JobError } from '../jobs/job-error.ts';
import type { FormAnswer } from './post-form.ts';

interface Context {
  url: URL;
  apiKey: string | null;
  now: () => number;
}

const MAX_QUOTE_CHARACTERS = 200;
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;
const RETRY = 'then `tresgo job retry`';
/** Refusals that say "later": timeout, conflict, locked, too early, too many. */
const LATER = new Set([408, 409, 423, 425, 429]);

export function createRefusals({ url, apiKey, now }: Context) {
  /** What a server says about a key may quote it. */
  function quote(text: string): string {
    const said = messageOf(text)
      .replaceAll(/\b(?:sk|pk|key|gsk)-[\w*.-]+/g, '…')
      .replaceAll(apiKey || /(?!)/g, '…')
      .replaceAll(/\s+/g, ' ')
      .trim();
    if (said === '' || said.startsWith('<')) return '';
    const short = said.length > MAX_QUOTE_CHARACTERS ? `${said.slice(0, MAX_QUOTE_CHARACTERS)}…` : said;
    return `: “${short}”`;
  }

  /** "delay-seconds or HTTP-date" (RFC 9110, 10.2.3), in ms; 0 where there is none. */
  function retryAfterMs(value: string | undefined): number {
    if (value === undefined) return 0;
    const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - now();
    return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS) : 0;
  }

  return {
    /** For an answer that is not 200. */
    refused({ status, headers, text }: FormAnswer): JobError {
      const final = (reason: string) => new JobError(reason, { final: true });
      const what = `${url.host} answered ${status}`;
      if (status === 401 || status === 403)
        return final(`${what}: set TRESGO_OPENAI_API_KEY to a key that it accepts, ${RETRY}`);
      if (status >= 300 && status < 400)
        return final(`${what}, a redirect: set TRESGO_OPENAI_BASE_URL to the address that it is really at, ${RETRY}`);
      if (status === 404 || status === 405)
        return final(
          `${what} for ${url.pathname}${quote(text)}: correct TRESGO_OPENAI_BASE_URL (it ends in /v1), ${RETRY}`,
        );
      if (status >= 400 && status < 500 && !LATER.has(status)) return final(`${what}${quote(text)}`);
      const after = retryAfterMs(headers['retry-after']);
      return new JobError(`${what}${quote(text)}`, { final: false, retryAfterMs: after });
    },

    /** For no answer at all. */
    unreachable(error: unknown): JobError {
      const { code, message } = error as NodeJS.ErrnoException;
      return new JobError(`${url.host} can’t be asked (${code ?? message})`, { final: false });
    },
  };
}

/** `{"error":{"message":"…"}}`, `{"error":"…"}`, `{"detail":"…"}`, else all of it. */
function messageOf(text: string): string {
  try {
    const { error, detail, message } = JSON.parse(text) as Record<string, unknown>;
    const inner = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
    return String(inner ?? detail ?? message ?? text);
  } catch {
    return text;
  }
}
