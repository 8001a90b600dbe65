/** The candidate's calls to the server, except the sending of answers (that is tus: uploader.ts). */
import type { FinishSessionAnswer, ProblemBody, StartSessionAnswer, VerifyTokenAnswer } from '../server/wire.ts';
import { paths } from '../server/wire.ts';

/** A call that did not succeed. `code` is the server's, or `offline` (status 0), or `bad-gateway`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** The server's whole problem document, where it sent one. */
  readonly body: ProblemBody | null;
  /** From Retry-After, in seconds from now. */
  readonly retryAfterSeconds: number | null;

  constructor(facts: {
    asked: string;
    status: number;
    code: string;
    detail: string;
    body?: ProblemBody;
    retryAfterSeconds?: number | null;
    cause?: unknown;
  }) {
    super(`${facts.asked}: ${facts.status} ${facts.code}: ${facts.detail}`, { cause: facts.cause });
    this.status = facts.status;
    this.code = facts.code;
    this.detail = facts.detail;
    this.body = facts.body ?? null;
    this.retryAfterSeconds = facts.retryAfterSeconds ?? null;
  }
}

/** Each throws `ApiError`, and nothing else. */
export interface Api {
  verifyToken(token: string): Promise<VerifyTokenAnswer>;
  startSession(token: string, userName: string): Promise<StartSessionAnswer>;
  finishSession(session: { token: string; folder: string; questionsCount: number }): Promise<FinishSessionAnswer>;
}

/** `timeoutMs` bounds a whole call, its answer's body included: a connection may go silent at any point. */
export function createApi({
  // Called through a closure: browsers refuse a `fetch` whose `this` is not the window.
  fetch = (input: string, init: RequestInit) => globalThis.fetch(input, init),
  timeoutMs = 15_000,
  // Of the page as it is shown: a hint at what the candidate speaks.
  language = () => globalThis.document?.documentElement.lang,
}: {
  fetch?: (input: string, init: RequestInit) => Promise<Response>;
  timeoutMs?: number;
  /** BCP 47; undefined where there is no page. */
  language?: () => string | undefined;
} = {}): Api {
  async function post(path: string, payload: Record<string, unknown>): Promise<unknown> {
    const asked = `POST ${path}`;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const response = await fetch(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, application/problem+json' },
        body: JSON.stringify(payload),
        cache: 'no-store',
        signal: abort.signal,
      });
      return understand(asked, response, await response.text());
    } catch (cause) {
      if (cause instanceof ApiError) throw cause;
      const reason = abort.signal.aborted ? abort.signal.reason : cause;
      throw new ApiError({ asked, status: 0, code: 'offline', detail: String(reason), cause });
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async verifyToken(token) {
      return (await post(paths.verifyToken, { token })) as VerifyTokenAnswer;
    },
    async startSession(token, userName) {
      return (await post(paths.startSession, { token, userName, language: language() })) as StartSessionAnswer;
    },
    async finishSession({ token, folder, questionsCount }) {
      return (await post(paths.finishSession, { token, folder, questionsCount, receipt: true })) as FinishSessionAnswer;
    },
  };
}

function understand(asked: string, response: Response, text: string): unknown {
  const { status } = response;
  const json = parse(text);
  if (response.ok && isObject(json) && json.ok === true) return json;
  const retryAfterSeconds = parseRetryAfter(response.headers.get('Retry-After'));
  if (!response.ok && isProblem(json)) {
    const detail = json.detail ?? json.title ?? json.code;
    const body = { ...json, status, detail, title: json.title ?? detail, type: json.type ?? 'about:blank' };
    throw new ApiError({ asked, status, code: json.code, detail, body, retryAfterSeconds });
  }
  // Whatever answered here was not our server: a proxy's page, a captive portal, a cut body.
  const detail = `unexpected answer: ${text.slice(0, 80)}`;
  throw new ApiError({ asked, status, code: 'bad-gateway', detail, retryAfterSeconds });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isProblem(value: unknown): value is Partial<ProblemBody> & { code: string } {
  return isObject(value) && typeof value.code === 'string';
}

/** RFC 9110, section 10.2.3: "Retry-After = HTTP-date / delay-seconds". */
function parseRetryAfter(header: string | null): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
