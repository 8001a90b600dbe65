/** The requests that an engine sends, with their times, recorded from outside of it. */
import type { HttpRequest, HttpStack } from 'tus-js-client';

/** One request; times of `performance.now()`. */
interface LoggedRequest {
  method: string;
  /** Bytes of its body. */
  bytes: number;
  /** Whether it declared the upload's length, as the last request of a take does. */
  last: boolean;
  beganMs: number;
  /** null until the response. */
  endedMs: number | null;
  /** 0 where it failed without a response. */
  status: number;
}

/** A log with wrappers that fill it. */
export interface RequestLog {
  requests: readonly LoggedRequest[];
  /** Wraps a stack so that each request is recorded. */
  watchStack(stack: HttpStack): HttpStack;
  /** Wraps fetch so that each request is recorded. */
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
      const bytes = body instanceof Blob ? body.size : ((body as Uint8Array | null)?.byteLength ?? 0);
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

/** Times of the steps around a stop, in ms after it; negative before it, null where a step did not happen. */
export interface Steps {
  /** The spool had the last slice. */
  lastSliceMs: number;
  /** The PATCH with the last bytes, and its response. */
  lastDataBeginMs: number | null;
  lastDataEndMs: number | null;
  lastDataBytes: number;
  /** The empty PATCH that declares the length, where that was a request of its own. */
  emptyBeginMs: number | null;
  emptyEndMs: number | null;
  /** Number of requests that began after the stop. */
  requests: number;
  /** Number of those that failed or were refused. */
  failed: number;
}

/** Finds a gate's steps in the log. `stopMs` and `lastSliceMs` are of the log's clock. */
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
