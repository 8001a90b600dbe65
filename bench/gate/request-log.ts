/** What an engine asked of the server and when, seen from outside of it. */
import type { HttpRequest, HttpStack } from 'tus-js-client';

/** One request; times by `performance.now()`. */
export interface LoggedRequest {
  method: string;
  /** Of its body. */
  bytes: number;
  /** Whether it declared the upload's length: the last one of a take does. */
  last: boolean;
  beganMs: number;
  /** Null while nothing came back. */
  endedMs: number | null;
  /** 0 where it failed without an answer. */
  status: number;
}

export interface RequestLog {
  requests: readonly LoggedRequest[];
  /** The same stack, and each request is written down. */
  watchStack(stack: HttpStack): HttpStack;
  /** The same fetch, and each request is written down. */
  watchFetch(inner: typeof fetch): typeof fetch;
}

/** An empty log. `now` in ms. */
export function createRequestLog(now: () => number = () => performance.now()): RequestLog {
  const requests: LoggedRequest[] = [];

  async function write<Answer>(
    about: Pick<LoggedRequest, 'method' | 'bytes' | 'last'>,
    statusOf: (answer: Answer) => number,
    send: () => Promise<Answer>,
  ): Promise<Answer> {
    const entry: LoggedRequest = { ...about, beganMs: now(), endedMs: null, status: 0 };
    requests.push(entry);
    try {
      const answer = await send();
      entry.status = statusOf(answer);
      return answer;
    } finally {
      entry.endedMs = now();
    }
  }

  const watchRequest = (request: HttpRequest): HttpRequest => ({
    getMethod: () => request.getMethod(),
    getURL: () => request.getURL(),
    setHeader: (name, value) => request.setHeader(name, value),
    getHeader: (name) => request.getHeader(name),
    setProgressHandler: (handler) => request.setProgressHandler(handler),
    getUnderlyingObject: () => request.getUnderlyingObject(),
    abort: () => request.abort(),
    send(body) {
      const bytes = body instanceof Blob ? body.size : 0;
      const last = request.getHeader('Upload-Length') !== undefined;
      return write(
        { method: request.getMethod(), bytes, last },
        (response) => response.getStatus(),
        () => request.send(body),
      );
    },
  });

  return {
    requests,
    watchStack: (stack) => ({
      getName: () => stack.getName(),
      createRequest: (method, url) => watchRequest(stack.createRequest(method, url)),
    }),
    watchFetch: (inner) => (input, init) =>
      write(
        { method: init?.method ?? 'GET', bytes: 0, last: false },
        ({ status }) => status,
        () => inner(input, init),
      ),
  };
}

/** When what happened around a stop, in ms after it; negative before it, null where it did not happen. */
export interface Steps {
  /** The last slice was in the spool. */
  lastSliceMs: number;
  /** The PATCH that carried the last bytes, and its answer. */
  lastDataBeginMs: number | null;
  lastDataEndMs: number | null;
  lastDataBytes: number;
  /** The empty PATCH that declares the length, where there was one of its own. */
  emptyBeginMs: number | null;
  emptyEndMs: number | null;
  /** Requests that began after the stop. */
  requests: number;
  /** Of them, those that failed or were refused. */
  failed: number;
}

/** What the log tells of a gate. `stopMs` and `lastSliceMs` by the log's clock. */
export function stepsOf(requests: readonly LoggedRequest[], stopMs: number, lastSliceMs: number): Steps {
  const after = (ms: number | null | undefined) => (ms == null ? null : Math.round(ms - stopMs));
  const patches = requests.filter(({ method }) => method === 'PATCH');
  const data = patches.findLast(({ bytes }) => bytes > 0);
  const empty = patches.findLast(({ bytes, last }) => bytes === 0 && last);
  const behind = requests.filter(({ beganMs }) => beganMs >= stopMs);
  return {
    lastSliceMs: Math.round(lastSliceMs - stopMs),
    lastDataBeginMs: after(data?.beganMs),
    lastDataEndMs: after(data?.endedMs),
    lastDataBytes: data?.bytes ?? 0,
    emptyBeginMs: after(empty?.beganMs),
    emptyEndMs: after(empty?.endedMs),
    requests: behind.length,
    failed: behind.filter(({ status }) => status < 200 || status >= 300).length,
  };
}
