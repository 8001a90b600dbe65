import { DefaultHttpStack, type HttpRequest, type HttpStack } from 'tus-js-client';

/**
 * "X-HTTP-Method-Override: a string which MUST be interpreted as the request's method by the Server, if the header is
 * presented. The actual method of the request MUST be ignored" (tus 1.0.0).
 */
export const METHOD_OVERRIDE = 'X-HTTP-Method-Override';

/** Options of `createHttpStack`. */
export interface HttpStackOptions {
  /** tus-js-client's own by default: XMLHttpRequest in browsers, node:http in Node. */
  inner?: HttpStack | undefined;
  /** Asked at each request: whether its method is sent as POST, with the method in a header. */
  usesPost?: () => boolean;
}

/**
 * Creates the HTTP stack of tus-js-client that the engine needs: one that sends the Blobs of our source in Node, too,
 * where tus-js-client by itself accepts Buffers only, and that sends every method as POST where nothing else passes.
 *
 * @throws Error where there is neither XMLHttpRequest nor node:http, so that no upload could ever begin.
 */
export function createHttpStack({ inner, usesPost = () => false }: HttpStackOptions = {}): HttpStack {
  const stack = inner ?? new DefaultHttpStack({});
  if (stack.getName() === 'XHRHttpStack' && !('XMLHttpRequest' in globalThis))
    throw new Error('There is no XMLHttpRequest here: pass an `httpStack` of tus-js-client to send uploads with');
  const asBytes = stack.getName() === 'NodeHttpStack';
  return {
    getName: () => stack.getName(),
    createRequest(method, url) {
      const overridden = method !== 'POST' && usesPost();
      const request = stack.createRequest(overridden ? 'POST' : method, url);
      if (overridden) request.setHeader(METHOD_OVERRIDE, method);
      let aborted = false;
      const wrapped: HttpRequest = {
        // The method that is meant, for whoever watches the requests.
        getMethod: () => method,
        getURL: () => request.getURL(),
        setHeader: (name, value) => request.setHeader(name, value),
        getHeader: (name) => request.getHeader(name),
        setProgressHandler: (handler) => request.setProgressHandler(handler),
        getUnderlyingObject: () => request.getUnderlyingObject(),
        async send(body: Blob | Uint8Array | null) {
          if (!(body instanceof Blob) || !asBytes) return request.send(body);
          const bytes = new Uint8Array(await body.arrayBuffer());
          if (aborted) throw new Error('aborted');
          request.setHeader('Content-Length', String(bytes.length));
          return request.send(bytes);
        },
        abort() {
          aborted = true;
          return request.abort();
        },
      };
      return wrapped;
    },
  };
}
