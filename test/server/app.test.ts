/** The application as something to mount: below a path, in another Hono application, and with or without a socket. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppDeps, createApp } from '../../server/app.ts';
import { readConfig } from '../../server/config.ts';
import type { Log } from '../../server/http/log.ts';
import { openStorage, type Storage } from '../../storage/index.ts';
import { temporaryFolder } from '../support/server/server.ts';
import { openRequest } from '../support/tus/raw-connection.ts';
import { metadataHeader, recording, refusalOf, reprDigest, until } from '../support/tus/tus.ts';

const BASE = '/interviews';
const ORIGIN = 'https://page.example';
const BODY_TYPE = 'application/offset+octet-stream';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let storage: Storage;
const logged: string[] = [];
/** Paths of all PATCHes. */
const patched: string[] = [];
const log: Log = {
  debug: (details) => {
    const { method, path } = details as { method: string; path: string };
    if (method === 'PATCH') patched.push(path);
  },
  info() {},
  warn: (_, message) => void logged.push(message),
  error: (_, message) => void logged.push(message),
};
beforeAll(async () => {
  folder = await temporaryFolder();
  storage = await openStorage({ dataDir: folder.path });
  await storage.interviews.ensureDefault();
});
afterAll(async () => {
  await storage.close();
  await folder.remove();
});

const appOf = (more: Partial<AppDeps> = {}) => {
  const config = { ...readConfig({ dataDir: folder.path }, {}), minFreeBytes: 0, allowedOrigins: [ORIGIN] };
  return createApp({ storage, config, log, ...more });
};

/** Sends a request to a path of the whole server. */
type Ask = (path: string, init?: RequestInit) => Promise<Response>;

/** A way to reach the application below the base path. */
interface Way {
  ask: Ask;
  /** The server's address; null where there is no socket. */
  url: string | null;
  close(): void;
}

/** A parent application with a route of its own. */
const parentOf = (mount: (parent: Hono) => void): Hono => {
  const parent = new Hono();
  parent.get('/', (c) => c.text('the parent'));
  mount(parent);
  return parent;
};
const inProcess = (parent: Hono): Way => ({
  ask: async (path, init) => parent.request(path, init),
  url: null,
  close() {},
});

async function listening(listener: RequestListener): Promise<Way> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ask: (path, init) => fetch(url + path, init),
    url,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const ways: Array<[string, () => Way | Promise<Way>]> = [
  ['app.request() of a parent', () => inProcess(parentOf((parent) => parent.route(BASE, appOf().app)))],
  [
    'app.request() of a parent at its root, with a base path',
    () => inProcess(parentOf((parent) => parent.route('/', appOf({ basePath: BASE }).app))),
  ],
  [
    'a parent on @hono/node-server',
    () => {
      const parent = parentOf((hono) => hono.route(BASE, appOf().app));
      return listening(getRequestListener(parent.fetch, { overrideGlobalObjects: false }) as RequestListener);
    },
  ],
  ['the listener with a base path', () => listening(appOf({ basePath: BASE }).listener)],
];

describe.each(ways)('through %s', (_, open) => {
  let way: Way;
  let ask: Ask;
  beforeAll(async () => {
    way = await open();
    ask = way.ask;
  });
  afterAll(() => way.close());

  const json = (path: string, body: object) => ask(BASE + path, { method: 'POST', body: JSON.stringify(body) });

  /** A candidate with a started session, who speaks tus. */
  async function openSession(name: string) {
    const { secret: token } = await storage.tokens.create({
      name,
      interview: 'default',
      expiresAt: null,
      maxSessions: 1,
    });
    const started = await json('/api/session/start', { token, userName: name });
    const { folder, uploadEndpoint } = (await started.json()) as { folder: string; uploadEndpoint: string };
    const send = (
      method: string,
      path: string,
      headers: Record<string, string> = {},
      body?: BodyInit,
    ): Promise<Response> =>
      ask(path, {
        method,
        headers: { 'Tus-Resumable': '1.0.0', Authorization: `Bearer ${token}`, Origin: ORIGIN, ...headers },
        ...(body === undefined ? {} : { body, duplex: 'half' }),
      } as RequestInit);
    const metadata = (question: number) =>
      metadataHeader({ folder, questionIndex: String(question), filetype: 'video/webm' });
    return {
      token,
      folder,
      uploadEndpoint,
      send,
      create: (question: number, headers: Record<string, string> = { 'Upload-Defer-Length': '1' }, body?: BodyInit) =>
        send('POST', uploadEndpoint, { 'Upload-Metadata': metadata(question), ...headers }, body),
      patch: (path: string, offset: number, body: BodyInit, headers: Record<string, string> = {}) =>
        send('PATCH', path, { 'Content-Type': BODY_TYPE, 'Upload-Offset': String(offset), ...headers }, body),
    };
  }

  const locationOf = (response: Response) => {
    expect(response.status).toBe(201);
    const location = response.headers.get('location') ?? '';
    expect(location).toMatch(/^\/interviews\/files\/[0-9a-f]{32}$/);
    return location;
  };

  test('an interview goes from the log-in to its finish', async () => {
    const { token, folder, uploadEndpoint, send, create, patch } = await openSession('Anna');
    expect(uploadEndpoint).toBe('/interviews/files');
    expect(await (await json('/api/verify-token', { token })).json()).toMatchObject({ ok: true });
    for (const question of [1, 2, 3]) {
      const bytes = recording(300_000 + question);
      const location = locationOf(await create(question));
      const first = await patch(location, 0, bytes.subarray(0, 100_000));
      expect([first.status, first.headers.get('upload-offset')]).toEqual([204, '100000']);
      expect(Date.parse(first.headers.get('upload-expires') ?? '')).toBeGreaterThan(Date.now());
      const head = await send('HEAD', location);
      expect([head.status, head.headers.get('upload-offset'), head.headers.get('upload-complete')]).toEqual([
        200,
        '100000',
        '?0',
      ]);
      // The second half is a stream: a body of unknown length.
      const rest = new Blob([bytes.subarray(100_000)]).stream();
      const last = await patch(location, 100_000, rest, { 'Upload-Length': String(bytes.length) });
      expect([last.status, last.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
      expect(last.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect((await send('HEAD', location)).headers.get('upload-complete')).toBe('?1');
    }
    const bytes = recording(50_000);
    const whole = await create(4, { 'Content-Type': BODY_TYPE, 'Upload-Length': '50000' }, bytes);
    expect([locationOf(whole), whole.headers.get('repr-digest')]).toEqual([expect.anything(), reprDigest(bytes)]);
    const form = new FormData();
    for (const [name, value] of Object.entries({ token, folder, questionIndex: '5' })) form.append(name, value);
    form.append('video', new Blob([recording(1_000)]));
    const response = await ask(`${BASE}/api/upload-one`, { method: 'POST', body: form });
    expect([response.status, await response.json()]).toEqual([200, { ok: true, savedAs: 'Q5.webm' }]);
    expect((await send('POST', `${BASE}/api/uplink`, {}, recording(10_000))).status).toBe(204);
    const gone = locationOf(await create(1));
    expect((await send('DELETE', gone)).status).toBe(204);
    expect(await (await json('/api/session/finish', { token, folder, questionsCount: 5 })).json()).toEqual({
      ok: true,
    });
  });

  test('problems are problem+json, with what tus asks for', async () => {
    const { send, create, patch, uploadEndpoint } = await openSession('Bela');
    const location = locationOf(await create(1));
    await patch(location, 0, recording(100));
    const responses: Array<[Response, number, string]> = [
      [await patch(location, 50, recording(10)), 409, 'offset-conflict'],
      [await patch(location, 100, 'text', { 'Content-Type': 'text/plain' }), 415, 'wrong-content-type'],
      [await patch(location, 100, 'text', { 'Tus-Resumable': '0.2.2' }), 412, 'tus-version'],
      [await patch(location, 100, 'text', { Authorization: 'Bearer unknown' }), 401, 'unauthorized'],
      [await patch(`${uploadEndpoint}/${'0'.repeat(32)}`, 0, 'text'), 404, 'upload-not-found'],
      [await patch(location, 100, 'text', { 'Upload-Length': '1e3' }), 400, 'invalid-tus-request'],
      [await patch(location, 100, 'text', { 'Upload-Length': '50' }), 400, 'length-conflict'],
      [await create(9), 400, 'invalid-question'],
      [await create(1, {}), 400, 'invalid-tus-request'],
      [await send('DELETE', `${uploadEndpoint}/${'0'.repeat(32)}`), 404, 'upload-not-found'],
    ];
    for (const [response, status, code] of responses) {
      expect(response.headers.get('tus-resumable')).toBe('1.0.0');
      expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(await refusalOf(response)).toMatchObject({ status, code });
    }
    expect(responses[0]?.[0].headers.get('upload-offset')).toBe('100');
    expect(responses[0]?.[0].headers.get('upload-expires')).not.toBeNull();
    expect(responses[2]?.[0].headers.get('tus-version')).toBe('1.0.0');
    expect(await refusalOf(await json('/api/verify-token', { token: 'unknown' }))).toMatchObject({ status: 401 });
    expect(await refusalOf(await json('/api/session/start', { token: 1 }))).toMatchObject({ code: 'invalid-field' });
    // A refused PATCH changes nothing.
    expect((await send('HEAD', location)).headers.get('upload-offset')).toBe('100');
  });

  test('a POST that X-HTTP-Method-Override makes a PATCH is one', async () => {
    const { send, create } = await openSession('Cora');
    const location = locationOf(await create(1));
    const headers = { 'X-HTTP-Method-Override': 'PATCH', 'Content-Type': BODY_TYPE, 'Upload-Offset': '0' };
    const response = await send('POST', location, headers, recording(100));
    expect([response.status, response.headers.get('upload-offset')]).toEqual([204, '100']);
  });

  test('a preflight is answered below the base path', async () => {
    for (const path of ['/files', `/files/${'0'.repeat(32)}`, '/api/uplink', '/api/session/start']) {
      const response = await ask(BASE + path, { method: 'OPTIONS', headers: { Origin: ORIGIN } });
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-methods')).toContain('PATCH');
      expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(response.headers.get('vary')).toContain('Origin');
    }
    const options = await ask(`${BASE}/files`, { method: 'OPTIONS' });
    expect(options.headers.get('tus-extension')).toContain('creation-with-upload');
  });

  test('what is not there is a problem below the base path', async () => {
    expect((await ask(`${BASE}/healthz`)).status).toBe(200);
    const nothing = [`${BASE}/nothing`, `${BASE}/api/verify-token`, `${BASE}/files`, `${BASE}/files/x/y`];
    for (const path of nothing)
      expect(await refusalOf(await ask(path))).toMatchObject({ status: 404, code: 'not-found' });
    const posted = await ask(`${BASE}/nothing`, { method: 'POST', body: 'text' });
    expect(await refusalOf(posted)).toMatchObject({ status: 404, code: 'not-found' });
  });

  test('nothing is served beside the base path', async () => {
    for (const path of ['/healthz', '/files', '/interview', '/interviewsfiles'])
      expect((await ask(path)).status).toBe(404);
    const { send } = await openSession('Dora');
    for (const path of [`/files/${'0'.repeat(32)}`, `${BASE}s/files/${'0'.repeat(32)}`])
      expect((await send('PATCH', path, { 'Content-Type': BODY_TYPE, 'Upload-Offset': '0' }, 'text')).status).toBe(404);
  });

  test('a body that breaks off is an upload that goes on', async () => {
    const { send, create, patch, token } = await openSession('Edna');
    const location = locationOf(await create(1));
    const bytes = recording(200_000);
    if (way.url === null) {
      let pulls = 0;
      const broken = new ReadableStream({
        pull(controller) {
          if (pulls++ === 0) controller.enqueue(new Uint8Array(bytes.subarray(0, 60_000)));
          else controller.error(new Error('cut'));
        },
      });
      expect(await refusalOf(await patch(location, 0, broken))).toMatchObject({ status: 503, code: 'unavailable' });
    } else {
      const cut = await openRequest(way.url, [
        `PATCH ${location} HTTP/1.1`,
        `Authorization: Bearer ${token}`,
        'Tus-Resumable: 1.0.0',
        'Upload-Offset: 0',
        `Content-Type: ${BODY_TYPE}`,
        'Content-Length: 200000',
      ]);
      await cut.write(bytes.subarray(0, 60_000));
      cut.socket.end();
      // Over a socket each byte that arrived is kept.
      await until(async () => (await send('HEAD', location)).headers.get('upload-offset') === '60000');
    }
    const offset = Number((await send('HEAD', location)).headers.get('upload-offset'));
    const rest = await patch(location, offset, bytes.subarray(offset), { 'Upload-Length': '200000' });
    expect([rest.status, rest.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
  });

  test('each PATCH was logged with its whole path, and nothing as an error of the server', () => {
    expect(logged).toEqual([]);
    expect(patched.length).toBeGreaterThan(10);
    expect(patched.filter((path) => !path.startsWith(`${BASE}/files/`))).toEqual([]);
    patched.length = 0;
  });
});

test('beside its base path the listener answers with a problem', async () => {
  const way = await listening(appOf({ basePath: BASE }).listener);
  for (const path of ['/', '/files', '/interviewsx'])
    expect(await refusalOf(await way.ask(path))).toMatchObject({ status: 404, code: 'not-found' });
  way.close();
});

test('a parent keeps its own routes', async () => {
  const parent = parentOf((hono) => hono.route(BASE, appOf().app));
  expect(await (await parent.request('/')).text()).toBe('the parent');
});

test('the pages are served at the root, and not below a base path: they name their files from the root', async () => {
  const assets = new Map([['/', { bytes: new Uint8Array([1]), type: 'text/html', immutable: false }]]);
  const page = await appOf({ assets }).app.request('/');
  expect(page.status).toBe(200);
  expect(page.headers.get('vary')).toBe('Accept-Encoding, Accept-Language, Origin');
  expect((await appOf({ assets }).app.request('/healthz')).headers.get('vary')).toBe('Origin');
  expect((await appOf({ assets, basePath: BASE }).app.request(BASE)).status).toBe(404);
});

test.each(['interviews', '/interviews/', '/', '/a//b', '/a?b', '/:id', '/*'])('%j is no base path', (basePath) => {
  expect(() => appOf({ basePath })).toThrow(TypeError);
});
