/** The service worker, built as `/sw.js`: connects the cache of the pages to the browser's events. */
import { createShellCache, type Shell } from './shell-cache.ts';

/** Inserted by vite.config.ts. */
declare const SHELL: Shell;

/** The part of the worker's global scope that is used here. The types of the DOM, which check the pages, lack it. */
interface ServiceWorkerScope {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
}

interface ExtendableEvent {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = globalThis as unknown as ServiceWorkerScope;
const cache = createShellCache({
  shell: SHELL,
  caches,
  fetch: (request, init) => fetch(request, init),
  origin: location.origin,
  sha256: (bytes) => crypto.subtle.digest('SHA-256', bytes),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});

scope.addEventListener('install', (event) => {
  // Without waiting until every page is closed: pages of the earlier build find their files in the earlier generation.
  event.waitUntil(cache.install().then(() => scope.skipWaiting()));
});
scope.addEventListener('activate', (event) => {
  event.waitUntil(cache.dropOld().then(() => scope.clients.claim()));
});
scope.addEventListener('fetch', (event) => {
  const response = cache.respond(event.request);
  if (response) event.respondWith(response);
});
