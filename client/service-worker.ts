/** The service worker, built as `/sw.js`: wires the shell's cache to the browser's events. */
import { createShellCache, type Shell } from './shell-cache.ts';

/** Put in by vite.config.ts. */
declare const SHELL: Shell;

/** What is used of the worker's scope: the DOM's types, which the pages are checked with, know none. */
interface Scope {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
}

interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}

interface Fetching {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const scope = globalThis as unknown as Scope;
const cache = createShellCache({
  shell: SHELL,
  caches,
  fetch: (request, init) => fetch(request, init),
  origin: location.origin,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});

scope.addEventListener('install', (event) => {
  // At once: pages of the build before find their own files in the earlier generation.
  event.waitUntil(cache.install().then(() => scope.skipWaiting()));
});
scope.addEventListener('activate', (event) => {
  event.waitUntil(cache.dropOld().then(() => scope.clients.claim()));
});
scope.addEventListener('fetch', (event) => {
  const answer = cache.answer(event.request);
  if (answer) event.respondWith(answer);
});
