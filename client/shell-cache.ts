/**
 * The application shell on the device: what a reload needs without a connection. Some eighty lines of our own, since a
 * library for this (Workbox) brings hundreds of packages and strategies that this page has no use for.
 *
 * Invariants:
 * 1. A generation (the files of one build) is written at the install alone: a page and its scripts always fit together.
 * 2. One earlier generation stays: a page of it may be open, and asks for its own scripts.
 * 3. Only GETs of the shell's own paths are answered from here; everything else passes untouched.
 */

/** Written by the build. `files` ends with the pages, so that a generation that has the last one is whole. */
export interface Shell {
  /** Another one for any other content. */
  version: string;
  /** Paths, e.g. `/assets/x-abc.js`, `/interview`. */
  files: readonly string[];
}

export interface ShellCacheOptions {
  shell: Shell;
  caches: CacheStorage;
  fetch: (request: Request | string, init?: RequestInit) => Promise<Response>;
  /** The origin of the pages. */
  origin: string;
  wait: (ms: number) => Promise<unknown>;
}

const PREFIX = 'tresgo-shell-';
/** Paths whose name changes with their content. */
const HASHED = /^\/assets\//;
/** A page that the network has not brought by then comes from the device, in ms. */
const PAGE_MS = 2500;
/** A bad network cuts downloads: each is tried so often, with so many ms between. */
const TRIES = 5;
const RETRY_MS = 2000;

export function createShellCache({ shell, caches, fetch, origin, wait }: ShellCacheOptions) {
  const mine = PREFIX + shell.version;
  const last = shell.files.at(-1) ?? '/';
  const isPage = (path: string) => shell.files.includes(path) && !/\.\w+$/.test(path);

  /** Ours first, then the earlier generation's. None where the device's store fails: the network is asked then. */
  async function kept(path: string): Promise<Response | undefined> {
    try {
      // `Vary` is about other origins and codings: none that a page of ours asks with.
      const ours = await (await caches.open(mine)).match(path, { ignoreVary: true });
      return ours ?? (await caches.match(path, { ignoreVary: true }));
    } catch {
      return undefined;
    }
  }

  async function fetchAndKeep(cache: Cache, path: string): Promise<void> {
    // What an install that was cut has already brought, and what did not change since the last build.
    const known = HASHED.test(path) ? await kept(path) : undefined;
    if (known) return cache.put(path, known);
    for (let tries = 1; ; tries++) {
      try {
        const response = await fetch(path, { cache: HASHED.test(path) ? 'default' : 'no-cache' });
        if (response.status !== 200 || response.redirected) throw new Error(`${path} answered ${response.status}`);
        return await cache.put(path, response);
      } catch (error) {
        if (tries === TRIES) throw error;
        await wait(RETRY_MS);
      }
    }
  }

  /** Rejects where the network did not bring all: the browser then keeps to the worker before, and tries again later. */
  async function install(): Promise<void> {
    const cache = await caches.open(mine);
    for (const path of shell.files) await fetchAndKeep(cache, path);
  }

  /** Drops all but our own generation and the last whole one before it. */
  async function dropOld(): Promise<void> {
    const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== mine);
    const whole: string[] = [];
    for (const name of others) if (await (await caches.open(name)).match(last, { ignoreVary: true })) whole.push(name);
    for (const name of others) if (name !== whole.at(-1)) await caches.delete(name);
  }

  async function answerPage(path: string, request: Request): Promise<Response> {
    const fromNetwork = fetch(request);
    const inTime = await Promise.race([fromNetwork.catch(() => null), wait(PAGE_MS).then(() => null)]);
    // A proxy's or a starting server's "later" is no page.
    if (inTime && inTime.status < 500 && inTime.status !== 429) return inTime;
    return (await kept(path)) ?? fromNetwork;
  }

  return {
    install,
    dropOld,
    /** What to answer a request with, or null where it is none of ours. */
    answer(request: Request): Promise<Response> | null {
      const { origin: to, pathname } = new URL(request.url);
      if (request.method !== 'GET' || to !== origin) return null;
      if (isPage(pathname)) return answerPage(pathname, request);
      // An earlier generation's scripts are in no list of ours.
      if (!HASHED.test(pathname) && !shell.files.includes(pathname)) return null;
      return kept(pathname).then((response) => response ?? fetch(request));
    },
  };
}
