/** Pages of other origins: those that the configuration names may do all that tus needs, all others get no header. */
import { beforeAll, describe, expect, test } from 'vitest';
import { useApp } from '../../support/server/use-app.ts';
import { metadataHeader, openSession, recording } from '../../support/tus/tus.ts';

const ALLOWED = 'https://interviews.example';
const ALSO_ALLOWED = 'http://localhost:5173';
/** Origins that a careless comparison takes for one of the two. */
const FOREIGN = [
  'https://evil.example',
  'http://interviews.example',
  'https://interviews.example:8443',
  'https://interviews.example.evil.example',
  'https://evil-interviews.example',
  'https://sub.interviews.example',
  'http://localhost',
  'null',
  '*',
];

const BODY_TYPE = 'application/offset+octet-stream';
const EXPOSED = [
  ...['Location', 'Tus-Extension', 'Tus-Max-Size', 'Tus-Resumable', 'Tus-Version'],
  ...['Upload-Defer-Length', 'Upload-Expires', 'Upload-Length', 'Upload-Metadata', 'Upload-Offset'],
  ...['Upload-Complete', 'Repr-Digest', 'Retry-After'],
];
const METHODS = ['POST', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'];
const REQUEST_HEADERS = [
  ...['Authorization', 'Content-Type', 'Tus-Resumable', 'Upload-Length', 'Upload-Offset', 'Upload-Defer-Length'],
  ...['Upload-Metadata', 'X-HTTP-Method-Override', 'X-Requested-With', 'X-Request-ID'],
  ...['Upload-Concat', 'Upload-Checksum'],
];

const allowedOrigins = [ALLOWED, ALSO_ALLOWED];
const app = useApp({ config: { allowedOrigins, maxAnswerBytes: 5_000 } });
const full = useApp({ config: { allowedOrigins, minFreeBytes: 1e15 } });
const closed = useApp();

/** Every kind of response to a page of this origin, or to a request without an origin, by its name. */
async function responsesTo(origin: string | null): Promise<Map<string, Response>> {
  const { tus, folder } = await openSession(app);
  const from: Record<string, string> = origin === null ? {} : { Origin: origin };
  const metadata = (folder: string) => metadataHeader({ folder, questionIndex: '1', filetype: 'video/webm' });
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array<ArrayBuffer>) =>
    tus.request(method, path, { ...from, ...headers }, body);
  const create = (headers: Record<string, string>) =>
    ask('POST', '/files', { 'Upload-Metadata': metadata(folder), ...headers });
  const patch = (path: string, offset: number, body: Uint8Array<ArrayBuffer>, headers = {}) =>
    ask('PATCH', path, { 'Content-Type': BODY_TYPE, 'Upload-Offset': String(offset), ...headers }, body);
  const stranger = { Authorization: 'Bearer nobody' };
  const unknown = `/files/${'0'.repeat(32)}`;
  const bytes = recording(1_000);

  const open = await tus.begin();
  const held = await tus.begin();
  const text = await tus.begin();
  const whole = await tus.begin({ length: 1_000 });
  const release = await app.storage.locks.acquire(held.split('/').at(-1) ?? '');
  const waiting = patch(held, 0, bytes);
  const refused = await openSession(full);

  const responses = new Map([
    ['200 HEAD', await ask('HEAD', open)],
    ['201 POST', await create({ 'Upload-Defer-Length': '1' })],
    ['204 PATCH', await patch(open, 0, bytes.subarray(0, 500))],
    ['204 PATCH, the last one', await patch(whole, 0, bytes)],
    ['204 OPTIONS', await ask('OPTIONS', '/files')],
    ['400 POST of no length', await create({})],
    ['400 POST of a wrong length', await create({ 'Upload-Length': '1e3' })],
    ['400 PATCH at no offset', await ask('PATCH', open, { 'Content-Type': BODY_TYPE }, bytes)],
    ['401 HEAD', await ask('HEAD', open, stranger)],
    ['401 POST', await create(stranger)],
    ['401 PATCH', await patch(open, 500, bytes, stranger)],
    ['401 DELETE', await ask('DELETE', open, stranger)],
    ['403 DELETE of what is whole', await ask('DELETE', whole)],
    ['404 HEAD', await ask('HEAD', unknown)],
    ['404 POST into no folder', await create({ 'Upload-Length': '1', 'Upload-Metadata': metadata('none') })],
    ['404 PATCH', await patch(unknown, 0, bytes)],
    ['404 DELETE', await ask('DELETE', unknown)],
    ['404 GET', await ask('GET', open)],
    ['409 PATCH', await patch(open, 0, bytes)],
    ['412 HEAD', await ask('HEAD', open, { 'Tus-Resumable': '0.2.2' })],
    ['412 POST', await create({ 'Upload-Length': '1', 'Tus-Resumable': '0.2.2' })],
    ['412 PATCH', await patch(open, 500, bytes, { 'Tus-Resumable': '0.2.2' })],
    ['413 POST', await create({ 'Upload-Length': '5001' })],
    ['413 PATCH', await patch(open, 500, recording(5_000))],
    ['415 PATCH of another type', await patch(open, 500, bytes, { 'Content-Type': 'text/plain' })],
    ['415 PATCH of no recording', await patch(text, 0, new Uint8Array(Buffer.alloc(100, 'text ')))],
    ['415 HEAD of no recording', await ask('HEAD', text)],
    ['507 POST', await refused.tus.create({ headers: from })],
    ['204 DELETE', await ask('DELETE', open)],
    ['423 PATCH', await waiting],
  ]);
  release?.();
  return responses;
}

/** Names, in lower case, of a header that lists them. */
const listed = (response: Response, name: string) =>
  (response.headers.get(name) ?? '').split(',').map((each) => each.trim().toLowerCase());
const lower = (names: string[]) => names.map((name) => name.toLowerCase());
const accessControl = (response: Response) =>
  [...response.headers].filter(([name]) => name.startsWith('access-control-'));

/** The names of the responses for which `holds` is false. */
const except = (responses: Map<string, Response>, holds: (response: Response) => boolean) =>
  [...responses].filter(([, response]) => !holds(response)).map(([name]) => name);

describe('every response', () => {
  const all = new Map<string | null, Map<string, Response>>();
  beforeAll(async () => {
    const origins = [ALLOWED, ALSO_ALLOWED, 'https://evil.example', null];
    const responses = await Promise.all(origins.map(responsesTo));
    origins.forEach((origin, at) => {
      all.set(origin, responses[at] ?? new Map());
    });
  }, 60_000);
  const to = (origin: string | null) => all.get(origin) ?? new Map<string, Response>();

  test('is the one that it is meant to be', () => {
    for (const responses of all.values()) {
      expect(responses.size).toBe(30);
      for (const [name, { status }] of responses) expect(`${status} ${name.slice(4)}`).toBe(name);
    }
  });

  test.each([ALLOWED, ALSO_ALLOWED])('names the origin %s that asked', (origin) => {
    expect(except(to(origin), ({ headers }) => headers.get('access-control-allow-origin') === origin)).toEqual([]);
  });

  test('exposes what tus clients and ours read', () => {
    const exposes = (response: Response) => {
      const names = listed(response, 'access-control-expose-headers');
      return lower(EXPOSED).every((name) => names.includes(name));
    };
    expect(except(to(ALLOWED), exposes)).toEqual([]);
  });

  test('says nothing to an origin that is not allowed, nor to one that is not named', () => {
    expect(except(to('https://evil.example'), (response) => accessControl(response).length === 0)).toEqual([]);
    expect(except(to(null), (response) => accessControl(response).length === 0)).toEqual([]);
  });

  test('differs by origin, and says so to caches: also where it names none', () => {
    for (const responses of all.values())
      expect(except(responses, (response) => listed(response, 'vary').includes('origin'))).toEqual([]);
  });

  test('never says *', () => {
    for (const responses of all.values())
      expect(
        except(responses, (response) => accessControl(response).every(([, value]) => !value.includes('*'))),
      ).toEqual([]);
  });
});

describe('a preflight', () => {
  const preflight = (origin: string, { url = app.url, path = '/files', method = 'PATCH' } = {}) =>
    fetch(`${url}${path}`, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': lower(REQUEST_HEADERS).join(','),
      },
    });
  const upload = `/files/${'0'.repeat(32)}`;

  test.each(METHODS.map((method) => ({ method, path: method === 'POST' ? '/files' : upload })))(
    'of $method $path allows all methods and headers of tus, and asks for no bearer',
    async ({ method, path }) => {
      const response = await preflight(ALLOWED, { method, path });
      expect([200, 204]).toContain(response.status);
      expect(response.headers.get('access-control-allow-origin')).toBe(ALLOWED);
      expect(listed(response, 'access-control-allow-methods')).toEqual(expect.arrayContaining(lower(METHODS)));
      expect(listed(response, 'access-control-allow-headers')).toEqual(expect.arrayContaining(lower(REQUEST_HEADERS)));
      expect(listed(response, 'vary')).toContain('origin');
    },
  );

  test('of a URL with a query or a slash behind it', async () => {
    for (const path of ['/files/', '/files?x=1', `${upload}?x=1`])
      expect((await preflight(ALLOWED, { path })).headers.get('access-control-allow-origin')).toBe(ALLOWED);
  });

  test.each(FOREIGN)('of %s learns nothing', async (origin) => {
    for (const path of ['/files', upload]) {
      const response = await preflight(origin, { path });
      expect(accessControl(response)).toEqual([]);
      expect(listed(response, 'vary')).toContain('origin');
    }
  });

  test('learns nothing where no origin is configured', async () => {
    for (const origin of [ALLOWED, ...FOREIGN, closed.url])
      expect(accessControl(await preflight(origin, { url: closed.url }))).toEqual([]);
  });
});

test('a page of an allowed origin can read a 429, too', async () => {
  const ask = () =>
    fetch(`${full.url}/files/none`, { method: 'HEAD', headers: { Origin: ALLOWED, 'Tus-Resumable': '1.0.0' } });
  let response = await ask();
  for (let tries = 0; response.status === 401 && tries < 50; tries++) response = await ask();
  expect(response.status).toBe(429);
  expect(response.headers.get('access-control-allow-origin')).toBe(ALLOWED);
  expect(listed(response, 'access-control-expose-headers')).toContain('retry-after');
});
