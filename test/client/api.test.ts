import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import type { Api } from '../../client/api.ts';
import { ApiError, createApi } from '../../client/api.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

interface Asked {
  method: string | undefined;
  url: string | undefined;
  type: string | undefined;
  body: unknown;
}

/** A real server that responds to every request by `respond`, and an api that calls it. */
async function against(
  respond: (response: ServerResponse, request: IncomingMessage) => void,
  timeoutMs?: number,
): Promise<{ api: Api; asked: Asked[]; close: () => Promise<void> }> {
  const asked: Asked[] = [];
  const listener: RequestListener = async (request, response) => {
    const body: unknown = JSON.parse(await text(request));
    asked.push({ method: request.method, url: request.url, type: request.headers['content-type'], body });
    respond(response, request);
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  closers.push(close);
  const api = createApi({
    fetch: (path, init) => fetch(new URL(path, `http://127.0.0.1:${port}`), init),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return { api, asked, close };
}

function json(status: number, body: unknown, headers: Record<string, string> = {}) {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  return (response: ServerResponse) => {
    response.writeHead(status, { 'Content-Type': type, ...headers }).end(JSON.stringify(body));
  };
}

async function errorOf(call: Promise<unknown>): Promise<ApiError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error('the call was expected to throw an ApiError', { cause: error });
  return error;
}

describe('the requests', () => {
  test('verifyToken', async () => {
    const body = { ok: true, interview: { title: 'First interview', questionCount: 5 } };
    const { api, asked } = await against(json(200, body));
    expect(await api.verifyToken('tok-1')).toEqual(body);
    expect(asked).toEqual([
      { method: 'POST', url: '/api/verify-token', type: 'application/json', body: { token: 'tok-1' } },
    ]);
  });

  test('startSession', async () => {
    const { api, asked } = await against(json(200, { ok: true, folder: 'f', resumed: false }));
    const start = { token: 'tok-1', userName: 'Nguyễn Văn A', login: 3, folder: 'f' };
    expect(await api.startSession(start)).toMatchObject({ folder: 'f' });
    expect(asked[0]).toMatchObject({
      url: '/api/session/start',
      body: start,
    });
  });

  test('finishSession', async () => {
    const { api, asked } = await against(json(200, { ok: true }));
    await api.finishSession({ token: 'tok-1', folder: 'f', questionsCount: 5 });
    expect(asked[0]).toMatchObject({
      url: '/api/session/finish',
      body: { token: 'tok-1', folder: 'f', questionsCount: 5, receipt: true },
    });
  });
});

describe('problems', () => {
  const problem = (status: number, code: string, more = {}) => ({
    type: `/problems/${code}`,
    title: 'Refused',
    status,
    code,
    detail: `Words about ${code}.`,
    ...more,
  });

  test('have the code, the detail and the whole document', async () => {
    const { api } = await against(json(409, problem(409, 'answers-missing', { missing: [2, 4] })));
    const error = await errorOf(api.finishSession({ token: 't', folder: 'f', questionsCount: 5 }));
    expect(error).toMatchObject({ status: 409, code: 'answers-missing', detail: 'Words about answers-missing.' });
    expect(error.body?.missing).toEqual([2, 4]);
    expect(error.retryAfterSeconds).toBeNull();
    expect(error.message).toContain('POST /api/session/finish');
  });

  test('have the seconds of Retry-After', async () => {
    const { api } = await against(json(429, problem(429, 'too-many-attempts'), { 'Retry-After': '42' }));
    expect((await errorOf(api.verifyToken('t'))).retryAfterSeconds).toBe(42);
  });

  test('have the seconds until a Retry-After that is a date', async () => {
    const at = new Date(Date.now() + 30_000).toUTCString();
    const { api } = await against(json(503, problem(503, 'unavailable'), { 'Retry-After': at }));
    const seconds = (await errorOf(api.verifyToken('t'))).retryAfterSeconds ?? 0;
    expect(seconds).toBeGreaterThan(25);
    expect(seconds).toBeLessThanOrEqual(30);
  });
});

describe('responses that are not from our server', () => {
  test.each([
    ['a proxy page', 502, 'text/html', '<html>Bad Gateway</html>'],
    ['a captive portal', 200, 'text/html', '<html>Welcome to the hotel</html>'],
    ['a gateway’s own JSON with a code', 403, 'application/json', '{"code":"PORTAL_LOGIN","detail":"Log in"}'],
    ['JSON without a code', 502, 'application/json', '{"message":"no upstream"}'],
    ['JSON without ok', 200, 'application/json', '{}'],
    ['nothing', 200, 'application/json', ''],
  ])('%s is bad-gateway', async (_, status, type, body) => {
    const { api } = await against((response) => {
      response.writeHead(status, { 'Content-Type': type }).end(body);
    });
    expect(await errorOf(api.verifyToken('t'))).toMatchObject({ status, code: 'bad-gateway', body: null });
  });
});

describe('a failure of the network is `offline`', () => {
  test('a server that hangs before its response', async () => {
    const { api } = await against(() => {}, 100);
    const error = await errorOf(api.verifyToken('t'));
    expect(error).toMatchObject({ status: 0, code: 'offline' });
    expect(error.detail).toContain('no answer within 100 ms');
  });

  test('a server that hangs in the middle of its response', async () => {
    const { api } = await against((response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' }).write('{"ok":');
    }, 100);
    expect(await errorOf(api.verifyToken('t'))).toMatchObject({ status: 0, code: 'offline' });
  });

  test('a connection that is cut', async () => {
    const { api } = await against((_, request) => request.socket.destroy());
    expect(await errorOf(api.verifyToken('t'))).toMatchObject({ status: 0, code: 'offline' });
  });

  test('a server that does not run', async () => {
    const { api, close } = await against(json(200, { ok: true }));
    await close();
    expect(await errorOf(api.verifyToken('t'))).toMatchObject({ status: 0, code: 'offline' });
  });
});
