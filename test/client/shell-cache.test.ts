import { expect, test } from 'vitest';
import { createShellCache, type Shell } from '../../client/shell-cache.ts';
import { createManualTimers, settle } from '../support/manual-timers.ts';

const origin = 'https://interview.example';
const oldShell = { version: 'old', files: ['/assets/a-1.js', '/assets/b-1.css', '/favicon.svg', '/', '/interview'] };
const newShell = { version: 'new', files: ['/assets/a-2.js', '/assets/b-1.css', '/favicon.svg', '/', '/interview'] };

/** The browser's CacheStorage, as far as it is used. */
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

/** A server whose every file says which build it is of, behind a network that can be changed. */
function setUp() {
  const timers = createManualTimers();
  const { all, storage } = fakeCaches();
  const network = {
    build: 'old',
    fetched: [] as string[],
    answer: async (path: string): Promise<Response> => new Response(`${network.build} ${path}`),
  };
  const build = (shell: Shell) =>
    createShellCache({
      shell,
      caches: storage,
      origin,
      wait: (ms) => new Promise((resolve) => timers.set(() => resolve(null), ms)),
      fetch: async (request) => {
        const path = typeof request === 'string' ? request : new URL(request.url).pathname;
        network.fetched.push(path);
        return network.answer(path);
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
const textOf = async (answer: Promise<Response> | null) => (await answer)?.text();

test('without a network the pages come from the device, whatever their query, with the scripts of their build', async () => {
  const { network, install } = setUp();
  const cache = await install(oldShell);
  network.answer = offline;
  expect(await textOf(cache.answer(get('/?lang=th')))).toBe('old /');
  expect(await textOf(cache.answer(get('/interview?lang=vi')))).toBe('old /interview');
  expect(await textOf(cache.answer(get('/assets/a-1.js')))).toBe('old /assets/a-1.js');
  expect(await textOf(cache.answer(get('/favicon.svg')))).toBe('old /favicon.svg');
});

test('calls, uploads, other methods, other files and other origins pass untouched', async () => {
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
  for (const request of untouched) expect(cache.answer(request), `${request.method} ${request.url}`).toBeNull();
  expect(network.fetched).toEqual([]);
});

test('with a network the page is the server’s, and hashed files are not even asked for', async () => {
  const { network, install } = setUp();
  const cache = await install(oldShell);
  network.build = 'new';
  expect(await textOf(cache.answer(get('/interview')))).toBe('new /interview');
  network.fetched.length = 0;
  expect(await textOf(cache.answer(get('/assets/a-1.js')))).toBe('old /assets/a-1.js');
  expect(network.fetched).toEqual([]);
  expect(await textOf(cache.answer(get('/assets/a-2.js'))), 'of a build to come').toBe('new /assets/a-2.js');
});

test('a network that says nothing keeps a reload waiting for 2.5 s and no longer', async () => {
  const { timers, network, install } = setUp();
  const cache = await install(oldShell);
  network.answer = () => new Promise(() => {});
  let shown: string | undefined;
  void textOf(cache.answer(get('/interview'))).then((text) => {
    shown = text;
  });
  await timers.advance(2499);
  expect(shown).toBeUndefined();
  await timers.advance(1);
  await settle();
  expect(shown).toBe('old /interview');
});

test('a proxy’s "later" is no page; a redirect and a refusal are the server’s own words', async () => {
  const { network, install } = setUp();
  const cache = await install(oldShell);
  for (const status of [429, 500, 502, 503, 504]) {
    network.answer = async () => new Response('<h1>Bad gateway</h1>', { status });
    expect(await textOf(cache.answer(get('/'))), String(status)).toBe('old /');
  }
  network.answer = async () => new Response('gone', { status: 410 });
  expect(await textOf(cache.answer(get('/')))).toBe('gone');
});

test('a device whose store fails asks the network, and gives the network’s own failure', async () => {
  const { network, install, all } = setUp();
  const cache = await install(oldShell);
  all.clear();
  expect(await textOf(cache.answer(get('/assets/a-1.js')))).toBe('old /assets/a-1.js');
  network.answer = offline;
  await expect(cache.answer(get('/interview'))).rejects.toThrow('Failed to fetch');
});

test('a new build takes over what did not change, and keeps one whole generation for pages that are open', async () => {
  const { network, build, install, all } = setUp();
  await install({ version: 'older', files: ['/assets/a-0.js', '/', '/interview'] });
  await install(oldShell);
  network.build = 'new';
  const cache = build(newShell);
  await cache.install();
  expect(network.fetched).toEqual(['/assets/a-2.js', '/favicon.svg', '/', '/interview']);
  await cache.dropOld();
  expect([...all.keys()]).toEqual(['tresgo-shell-old', 'tresgo-shell-new']);
  network.answer = offline;
  expect(await textOf(cache.answer(get('/assets/a-1.js'))), 'for a page of the old build').toBe('old /assets/a-1.js');
  expect(await textOf(cache.answer(get('/interview')))).toBe('new /interview');
});

test('a bad network is tried again; given up, it leaves what it brought to the next try, and the old build at work', async () => {
  const { timers, network, build, install, all } = setUp();
  await install(oldShell);
  network.build = 'new';
  const good = network.answer;
  network.answer = (path) => (path === '/favicon.svg' ? offline() : good(path));
  const cut = build(newShell).install();
  cut.catch(() => {});
  await timers.advance(8000);
  await expect(cut).rejects.toThrow('Failed to fetch');
  expect(network.fetched.filter((path) => path === '/favicon.svg')).toHaveLength(5);
  network.answer = good;
  // A third build comes before the second was ever whole: the second is no generation to keep.
  await install({ ...newShell, version: 'newest' });
  expect([...all.keys()]).toEqual(['tresgo-shell-old', 'tresgo-shell-newest']);
});

test('an answer that is no file is not kept as one', async () => {
  const { timers, network, build } = setUp();
  network.answer = async () => new Response('<h1>Bad gateway</h1>', { status: 502 });
  const install = build(oldShell).install();
  install.catch(() => {});
  await timers.advance(8000);
  await expect(install).rejects.toThrow('answered 502');
});
