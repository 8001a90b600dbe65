/** The calls of the candidate's pages to the server, except for uploads, which are tus: upload/. */
import type { FinishSessionResponse, ProblemBody, StartSessionResponse, VerifyTokenResponse } from '../server/wire.ts';
import { isProblemJson, parseRetryAfterMs, paths } from '../server/wire.ts';

/**
 * A call that failed. `code` is the server's, or `offline` (status 0: no response), or `bad-gateway` (not our server's
 * response).
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** The server's problem document; null where it sent none. */
  readonly body: ProblemBody | null;
  /** From Retry-After, in seconds; null without one. */
  readonly retryAfterSeconds: number | null;

  constructor(facts: {
    /** Method and path. */
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

/** What closes a session. */
export interface FinishRequest {
  token: string;
  folder: string;
  questionsCount: number;
  /** How long the candidate spoke by the clock of the page, by question, where this device knows. */
  spokenMs?: Record<number, number>;
}

/** Who starts or continues a session, and on which device. */
export interface StartRequest {
  token: string;
  userName: string;
  /** The version that the candidate has agreed to. */
  consent?: string | undefined;
  /** The number of this device's log-in; 0: it logs in. */
  login: number;
  /** The session that the device continues, where it does. */
  folder?: string | undefined;
}

/** The calls. Each rejects with `ApiError`, and with nothing else. */
export interface Api {
  verifyToken(token: string): Promise<VerifyTokenResponse>;
  startSession(start: StartRequest): Promise<StartSessionResponse>;
  finishSession(session: FinishRequest): Promise<FinishSessionResponse>;
}

/**
 * Creates the calls. `timeoutMs` limits a whole call, the body of its response included: a connection may fall silent
 * at any point.
 */
export function createApi({
  // Called through a closure: browsers throw where the `this` of `fetch` is not the window.
  fetch = (input: string, init: RequestInit) => globalThis.fetch(input, init),
  timeoutMs = 15_000,
  // The language of the page as it is shown: a hint at the candidate's own.
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
      return (await post(paths.verifyToken, { token })) as VerifyTokenResponse;
    },
    async startSession(start) {
      return (await post(paths.startSession, { ...start, language: language() })) as StartSessionResponse;
    },
    async finishSession(session) {
      return (await post(paths.finishSession, { ...session, receipt: true })) as FinishSessionResponse;
    },
  };
}

function understand(asked: string, response: Response, text: string): unknown {
  const { status } = response;
  const json = parse(text);
  if (response.ok && isObject(json) && json.ok === true) return json;
  const retryAfterMs = parseRetryAfterMs(response.headers.get('Retry-After'));
  const retryAfterSeconds = retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1000);
  if (!response.ok && isProblemJson(response.headers.get('Content-Type')) && isProblem(json)) {
    const detail = json.detail ?? json.title ?? json.code;
    const body = { ...json, status, detail, title: json.title ?? detail, type: json.type ?? 'about:blank' };
    throw new ApiError({ asked, status, code: json.code, detail, body, retryAfterSeconds });
  }
  // Not a response of our server: a proxy's page, a captive portal, a cut body.
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
