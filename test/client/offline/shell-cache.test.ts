import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createShellCache, type Shell } from '../../../client/offline/shell-cache.ts';
import { pagePaths } from '../../../server/wire.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

const origin = 'https://interview.example';
/** What a server of this build sends for a path: a hashed file never changes, every other one names the build. */
const bodyOf = (build: string, path: string) => (path.startsWith('/assets/') ? path : `${build} ${path}`);
const integrityOf = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`;
const shellOf = (version: string, paths: string[]): Shell => ({
  version,
  files: paths.map((path) => [path, integrityOf(bodyOf(version, path))]),
});
const oldShell = shellOf('old', ['/assets/a-1.js', '/assets/b-1.css', '/favicon.svg', '/', '/interview']);
const newShell = shellOf('new', ['/assets/a-2.js', '/assets/b-1.css', '/favicon.svg', '/', '/interview']);

/** The part of the browser's CacheStorage that is used. */
function fakeCaches() {
  const all = new Map<string, Map<string, Response>>();
  const open = async (name: string) => {
    const entries = all.get(name) ?? new Map<string, Response>();
    all.set(name, entries);
    return {
      match: async (path: string) => entries.get(path)?.clone(),
      put: async (path: string, response: Response) => void entries.set(path, response),
    };
  };
  const storage = {
    open,
    keys: async () => [...all.keys()],
    delete: async (name: string) => all.delete(name),
    async match(path: string) {
      for (const entries of all.values()) if (entries.has(path)) return entries.get(path)?.clone();
      return undefined;
    },
  };
  return { all, storage: storage as unknown as CacheStorage };
}

/** A server whose files name their build, behind a network that can be changed. */
function setUp() {
  const timers = createManualTimers();
  const { all, storage } = fakeCaches();
  const network = {
    build: 'old',
    fetched: [] as string[],
    respond: async (path: string): Promise<Response> => new Response(bodyOf(network.build, path)),
  };
  const build = (shell: Shell) =>
    createShellCache({
      shell,
      caches: storage,
      origin,
      sha256: async (bytes) => new Uint8Array(createHash('sha256').update(new Uint8Array(bytes)).digest()).buffer,
      wait: (ms) => new Promise((resolve) => timers.set(() => resolve(null), ms)),
      fetch: async (request, init) => {
        const path = typeof request === 'string' ? request : new URL(request.url).pathname;
        network.fetched.push(init?.cache === 'reload' ? `${path} anew` : path);
        const response = await network.respond(path);
        if (init?.integrity && integrityOf(await response.clone().text()) !== init.integrity)
          throw new TypeError('Failed to fetch');
        return response;
      },
    });
  const install = async (shell: Shell) => {
    network.build = shell.version;
    const cache = build(shell);
    await cache.install();
    await cache.dropOld();
    network.fetched.length = 0;
    return cache;
  };
  return { timers, all, network, build, install };
}

const offline = () => Promise.reject(new TypeError('Failed to fetch'));
const get = (path: string, init?: RequestInit) => new Request(origin + path, init);
const textOf = async (response: Promise<Response> | null) => (await response)?.text();

test('without a network the pages come from the device, whatever their query, with the scripts of their build', async () => {
  const { network, install } = setUp();
  const cache = await install(oldShell);
  network.respond = offline;
  expect(await textOf(cache.respond(get('/?lang=th')))).toBe('old /');
  expect(await textOf(cache.respond(get('/interview?lang=vi')))).toBe('old /interview');
  expect(await textOf(cache.respond(get('/assets/a-1.js')))).toBe('/assets/a-1.js');
  expect(await textOf(cache.respond(get('/favicon.svg')))).toBe('old /favicon.svg');
});

test('API calls, uploads, other methods, other files and other origins are left to the browser', async () => {
  const { network, install } = setUp();
  const cache = await install(oldShell);
  const untouched = [
    ...['/api/verify-token', '/api/uplink', '/files', '/files/x', '/healthz', '/readyz', '/sw.js', '/review'].map(
      (path) => get(path),
    ),
    get('/', { method: 'POST' }),
    get('/interview', { method: 'HEAD' }),
    new Request('https://elsewhere.example/interview'),
  ];
  for (const request of untouched) expect(cache.respond(request), `${request.method} ${request.url}`).toBeNull();
  expect(network.fetched).toEqual([]);
});

test('with a network the page comes from the server, and hashed files are not asked for', async () => {
  const { network, install } = setUp();
  const cache = await install(oldShell);
  network.build = 'new';
  expect(await textOf(cache.respond(get('/interview')))).toBe('new /interview');
  network.fetched.length = 0;
  expect(await textOf(cache.respond(get('/assets/a-1.js')))).toBe('/assets/a-1.js');
  expect(network.fetched).toEqual([]);
  expect(await textOf(cache.respond(get('/assets/a-2.js'))), 'of a later build').toBe('/assets/a-2.js');
});

test('a silent network delays a reload for 2.5 s and no longer', async () => {
  const { timers, network, install } = setUp();
  const cache = await install(oldShell);
  network.respond = () => new Promise(() => {});
  let shown: string | undefined;
  void textOf(cache.respond(get('/interview'))).then((text) => {
    shown = text;
  });
  await timers.advance(2499);
  expect(shown).toBeUndefined();
  await timers.advance(1);
  await settle();
  expect(shown).toBe('old /interview');
});

test('a status that says "later" is no page; any other status is passed on', async () => {
  const { network, install } = setUp();
  const cache = await install(oldShell);
  for (const status of [429, 500, 502, 503, 504]) {
    network.respond = async () => new Response('<h1>Bad gateway</h1>', { status });
    expect(await textOf(cache.respond(get('/'))), String(status)).toBe('old /');
  }
  network.respond = async () => new Response('gone', { status: 410 });
  expect(await textOf(cache.respond(get('/')))).toBe('gone');
});

test('where the device’s store fails, the network is asked, and its failure is passed on', async () => {
  const { network, install, all } = setUp();
  const cache = await install(oldShell);
  all.clear();
  expect(await textOf(cache.respond(get('/assets/a-1.js')))).toBe('/assets/a-1.js');
  network.respond = offline;
  await expect(cache.respond(get('/interview'))).rejects.toThrow('Failed to fetch');
});

test('a new build copies what did not change, and keeps one whole generation for pages that are open', async () => {
  const { network, build, install, all } = setUp();
  await install(shellOf('older', ['/assets/a-0.js', '/', '/interview']));
  await install(oldShell);
  network.build = 'new';
  const cache = build(newShell);
  await cache.install();
  expect(network.fetched).toEqual(['/assets/a-2.js', '/favicon.svg', '/', '/interview']);
  await cache.dropOld();
  expect([...all.keys()]).toEqual(['tresgo-shell-old', 'tresgo-shell-new']);
  network.respond = offline;
  expect(await textOf(cache.respond(get('/assets/a-1.js'))), 'for a page of the old build').toBe('/assets/a-1.js');
  expect(await textOf(cache.respond(get('/interview')))).toBe('new /interview');
});

test('the last file is the same in every build: by it the files of an earlier one are known to be all there', () => {
  expect(Object.values(pagePaths).at(-1)).toBe('/interview');
});

test('a failed download is repeated; a failed install leaves its files to the next one, and the old build in use', async () => {
  const { timers, network, build, install, all } = setUp();
  await install(oldShell);
  network.build = 'new';
  const good = network.respond;
  network.respond = (path) => (path === '/favicon.svg' ? offline() : good(path));
  const cut = build(newShell).install();
  cut.catch(() => {});
  await timers.advance(8000);
  await expect(cut).rejects.toThrow('Failed to fetch');
  expect(network.fetched.filter((path) => path === '/favicon.svg')).toHaveLength(5);
  network.respond = good;
  // A third build comes before the second was ever whole: the second is no generation to keep.
  await install(shellOf('newest', [...new Map(newShell.files).keys()]));
  expect([...all.keys()]).toEqual(['tresgo-shell-old', 'tresgo-shell-newest']);
});

test('a response that is no file is not stored as one', async () => {
  const { timers, network, build } = setUp();
  network.respond = async () => new Response('<h1>Bad gateway</h1>', { status: 502 });
  const install = build(oldShell).install();
  install.catch(() => {});
  await timers.advance(8000);
  await expect(install).rejects.toThrow();
});

const portal = () => new Response('<h1>Log in to the hotel</h1>', { headers: { 'Content-Type': 'text/html' } });

test('a page of a proxy with status 200 is not stored as a file: the file is fetched anew, past the browser’s cache', async () => {
  const { timers, network, build, all } = setUp();
  const good = network.respond;
  network.respond = async (path) =>
    path === '/assets/a-1.js' && network.fetched.at(-1) === path ? portal() : good(path);
  const install = build(oldShell).install();
  await timers.advance(2000);
  await install;
  expect(network.fetched.slice(0, 2)).toEqual(['/assets/a-1.js', '/assets/a-1.js anew']);
  expect(await all.get('tresgo-shell-old')?.get('/assets/a-1.js')?.clone().text()).toBe('/assets/a-1.js');
});

test.each(['/assets/a-2.js', '/favicon.svg', '/', '/interview'])(
  'as long as %s is not the build’s, the install fails and the earlier build stays in use',
  async (wrong) => {
    const { timers, network, build, install, all } = setUp();
    const cache = await install(oldShell);
    network.build = 'new';
    const good = network.respond;
    network.respond = async (path) => (path === wrong ? portal() : good(path));
    const failing = build(newShell).install();
    failing.catch(() => {});
    await timers.advance(8000);
    await expect(failing).rejects.toThrow('Failed to fetch');
    expect(all.get('tresgo-shell-new')?.has(wrong)).toBe(false);
    network.respond = offline;
    expect(await textOf(cache.respond(get('/interview')))).toBe('old /interview');
  },
);

test('a wrong file that an earlier build stored is replaced by the next install, and not sent to a page meanwhile', async () => {
  const { network, install, all } = setUp();
  const cache = await install(oldShell);
  const stored = all.get('tresgo-shell-old');
  stored?.set('/assets/a-1.js', portal());
  stored?.set('/assets/b-1.css', new Response('cut in the midd'));
  stored?.set('/favicon.svg', portal());
  expect(await textOf(cache.respond(get('/assets/a-1.js'))), 'asked of the network').toBe('/assets/a-1.js');
  expect(await textOf(cache.respond(get('/favicon.svg'))), 'asked of the network').toBe('old /favicon.svg');
  network.build = 'new';
  const next = await install(newShell);
  network.respond = offline;
  expect(await textOf(next.respond(get('/assets/b-1.css')))).toBe('/assets/b-1.css');
  expect(await textOf(next.respond(get('/interview')))).toBe('new /interview');
});

test('also where the build is the same but for the worker itself', async () => {
  const { network, install, all } = setUp();
  await install(oldShell);
  all.get('tresgo-shell-old')?.set('/assets/a-1.js', portal());
  const again = await install(oldShell);
  network.respond = offline;
  expect(await textOf(again.respond(get('/assets/a-1.js')))).toBe('/assets/a-1.js');
});
