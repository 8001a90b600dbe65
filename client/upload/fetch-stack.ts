import type { HttpRequest, HttpStack } from 'tus-js-client';

/**
 * The HTTP stack of tus-js-client where there is no XMLHttpRequest: in a service worker. It reports no progress within a
 * request, so that a body must arrive before the watchdog of an attempt gives it up; the offset probe keeps a slow one alive.
 */
export function createFetchStack(fetch: typeof globalThis.fetch = (...args) => globalThis.fetch(...args)): HttpStack {
  return {
    getName: () => 'FetchHttpStack',
    createRequest(method, url): HttpRequest {
      const headers: Record<string, string> = {};
      const controller = new AbortController();
      return {
        getMethod: () => method,
        getURL: () => url,
        setHeader(name, value) {
          headers[name] = value;
        },
        getHeader: (name) => headers[name],
        setProgressHandler() {},
        async send(body: Blob | Uint8Array | null = null) {
          const response = await fetch(url, {
            method,
            headers,
            body: body as BodyInit | null,
            cache: 'no-store',
            signal: controller.signal,
          });
          const text = await response.text();
          return {
            getStatus: () => response.status,
            getHeader: (name: string) => response.headers.get(name) ?? undefined,
            getBody: () => text,
            getUnderlyingObject: () => response,
          };
        },
        async abort() {
          controller.abort();
        },
        getUnderlyingObject: () => controller,
      };
    },
  };
}
