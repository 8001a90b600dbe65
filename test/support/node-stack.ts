import { DefaultHttpStack, type HttpRequest, type HttpStack } from 'tus-js-client';

/** tus-js-client's stack for Node, taught to send the Blobs that our source gives: by itself it takes Buffers only. */
export function createNodeStack(): HttpStack {
  const inner = new DefaultHttpStack({});
  return {
    getName: () => 'NodeStack',
    createRequest(method, url) {
      const request = inner.createRequest(method, url);
      let aborted = false;
      const wrapped: HttpRequest = {
        getMethod: () => request.getMethod(),
        getURL: () => request.getURL(),
        setHeader: (name, value) => request.setHeader(name, value),
        getHeader: (name) => request.getHeader(name),
        setProgressHandler: (handler) => request.setProgressHandler(handler),
        getUnderlyingObject: () => request.getUnderlyingObject(),
        async send(body: Blob | null) {
          if (!body) return request.send(body);
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
