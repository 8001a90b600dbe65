/**
 * The application shell on the device: the files that a reload without a connection needs. Written by hand, since the
 * library for this (Workbox) brings hundreds of packages and strategies that these pages have no use for.
 *
 * Invariants:
 * 1. A generation (the files of one build) is written during the install alone: a page and its scripts belong together.
 * 2. One earlier generation is kept: a page of that generation may be open, and asks for its own scripts.
 * 3. Only GET requests for the shell's own paths get their response from here; every other request is left to the browser.
 * 4. A file is stored only where its bytes are those of the build. A proxy may answer 200 with a page of its own, and a
 *    hashed file is never asked for again: a wrong one would stay for good.
 */

/** The files of one build; the build writes this list. */
export interface Shell {
  /** Differs for every other content. */
  version: string;
  /**
   * Each path, e.g. `/assets/x-abc.js`, `/interview`, with its `integrity`, `sha256-…` in base64 (W3C Subresource
   * Integrity). The pages come last: a generation that has the last path is whole.
   */
  files: ReadonlyArray<readonly [path: string, integrity: string]>;
}

/** What the cache needs of the browser. */
export interface ShellCacheOptions {
  shell: Shell;
  caches: CacheStorage;
  fetch: (request: Request | string, init?: RequestInit) => Promise<Response>;
  /** The origin of the pages. */
  origin: string;
  sha256: (bytes: ArrayBuffer) => Promise<ArrayBuffer>;
  /** Resolves after `ms` milliseconds. */
  wait: (ms: number) => Promise<unknown>;
}

const PREFIX = 'tresgo-shell-';
/** Paths of files whose name changes with their content. */
const HASHED = /^\/assets\//;
/** Paths of files that are no page. */
const NO_PAGE = /\.\w+$/;
/** How long the network has to deliver a page, in ms; after that the page comes from the device. */
const PAGE_MS = 2500;
/** How often a download is attempted, since a bad network cuts downloads, and the wait between two attempts. */
const ATTEMPTS = 5;
const RETRY_MS = 2000;

/** The cache of one build's shell, beside the generations of earlier builds. */
export function createShellCache({ shell, caches, fetch, origin, sha256, wait }: ShellCacheOptions) {
  const mine = PREFIX + shell.version;
  const integrities = new Map(shell.files);
  const last = shell.files.at(-1)?.[0] ?? '/';
  const isPage = (path: string) => integrities.has(path) && !NO_PAGE.test(path);

  /** The stored response of this generation, else of the earlier one; undefined also where the device's store fails. */
  async function getStored(path: string): Promise<Response | undefined> {
    try {
      // `Vary` is about other origins and encodings, and the requests of our pages differ in neither.
      const ours = await (await caches.open(mine)).match(path, { ignoreVary: true });
      const stored = ours ?? (await caches.match(path, { ignoreVary: true }));
      // Earlier builds stored what they got: a page in the place of a script, if a proxy sent one.
      return stored && NO_PAGE.test(path) && isHtml(stored) ? undefined : stored;
    } catch {
      return undefined;
    }
  }

  async function integrityOf(response: Response): Promise<string> {
    const digest = new Uint8Array(await sha256(await response.arrayBuffer()));
    return `sha256-${btoa(String.fromCharCode(...digest))}`;
  }

  async function fetchAndStore(cache: Cache, path: string, integrity: string): Promise<void> {
    // Files that an interrupted install has already stored, and files that did not change since the last build.
    const known = HASHED.test(path) ? await getStored(path) : undefined;
    if (known && (await integrityOf(known.clone())) === integrity) return cache.put(path, known);
    for (let attempt = 1; ; attempt++) {
      try {
        // The browser's own cache may hold what the attempt before got.
        const mode = !HASHED.test(path) ? 'no-cache' : attempt === 1 && !known ? 'default' : 'reload';
        // Rejects where the bytes are others.
        const response = await fetch(path, { cache: mode, integrity });
        if (response.status !== 200 || response.redirected) throw new Error(`${path} answered ${response.status}`);
        return await cache.put(path, response);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await wait(RETRY_MS);
      }
    }
  }

  /**
   * Stores every file of the shell. Rejects if one could not be fetched, or is not the build's: the browser then keeps the
   * service worker that it had, and tries again later.
   */
  async function install(): Promise<void> {
    const cache = await caches.open(mine);
    for (const [path, integrity] of shell.files) await fetchAndStore(cache, path, integrity);
  }

  /** Deletes every generation except this one and the last whole one before it. */
  async function dropOld(): Promise<void> {
    const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== mine);
    const whole: string[] = [];
    for (const name of others) if (await (await caches.open(name)).match(last, { ignoreVary: true })) whole.push(name);
    for (const name of others) if (name !== whole.at(-1)) await caches.delete(name);
  }

  async function respondWithPage(path: string, request: Request): Promise<Response> {
    const fromNetwork = fetch(request);
    const inTime = await Promise.race([fromNetwork.catch(() => null), wait(PAGE_MS).then(() => null)]);
    // A proxy, or a server that starts, may send a status that means "later", without a page.
    if (inTime && inTime.status < 500 && inTime.status !== 429) return inTime;
    return (await getStored(path)) ?? fromNetwork;
  }

  return {
    install,
    dropOld,
    /** The response to a request; null for a request that the browser shall send itself. */
    respond(request: Request): Promise<Response> | null {
      const { origin: to, pathname } = new URL(request.url);
      if (request.method !== 'GET' || to !== origin) return null;
      if (isPage(pathname)) return respondWithPage(pathname, request);
      // The scripts of an earlier generation are not in this shell's list.
      if (!HASHED.test(pathname) && !integrities.has(pathname)) return null;
      return getStored(pathname).then((response) => response ?? fetch(request));
    },
  };
}

const isHtml = (response: Response) => /^text\/html\b/i.test(response.headers.get('Content-Type') ?? '');
