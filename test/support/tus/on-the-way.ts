/** The requests of a client in this process that are on their way, so that a clock which a test moves can wait for them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DefaultHttpStack, type HttpStack } from 'tus-js-client';

/** A header by which the server knows a request again. */
const NUMBER = 'X-Test-Request';

/** A client's side of the wire, and what the server says of the requests that come over it. */
export interface OnTheWay {
  /** For the client. */
  fetch: typeof fetch;
  /** For the client, in place of tus-js-client's own. */
  httpStack: HttpStack;
  /** The server has received a request. */
  arrived(request: IncomingMessage, response: ServerResponse): void;
  /** Whether a request has not arrived yet, or the end of one has not come back. */
  isMoving(): boolean;
}

/** Begins to follow requests. */
export function followRequests(): OnTheWay {
  let count = 0;
  /** Of each request for whose response a client waits: the server has it, or it is on its way there or back. */
  const waited = new Map<string, 'there' | 'held' | 'back'>();

  async function follow<T>(number: string, send: () => Promise<T>): Promise<T> {
    waited.set(number, 'there');
    try {
      return await send();
    } finally {
      waited.delete(number);
    }
  }

  const inner = new DefaultHttpStack({});
  return {
    fetch(input, init) {
      const number = String(++count);
      const headers = new Headers(init?.headers);
      headers.set(NUMBER, number);
      return follow(number, () => fetch(input, { ...init, headers }));
    },
    httpStack: {
      getName: () => inner.getName(),
      createRequest(method, url) {
        const number = String(++count);
        const request = inner.createRequest(method, url);
        request.setHeader(NUMBER, number);
        const { send, abort } = request;
        return Object.assign(request, {
          send: (body: unknown) => follow(number, () => send.call(request, body)),
          abort() {
            // What was sent may stay without an end.
            waited.delete(number);
            return abort.call(request);
          },
        });
      },
    },
    arrived({ headers }, response) {
      const number = String(headers[NUMBER.toLowerCase()]);
      const turn = (to: 'held' | 'back') => void (waited.has(number) && waited.set(number, to));
      turn('held');
      response.once('close', () => turn('back'));
    },
    isMoving: () => [...waited.values()].some((where) => where !== 'held'),
  };
}
