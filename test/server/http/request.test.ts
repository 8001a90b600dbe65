/** The address of a client behind proxies, and a request without a socket. */
import { Readable } from 'node:stream';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createAddressOf, incomingOf } from '../../../server/http/request.ts';

/** The address of a client whose request came from `socket` with this X-Forwarded-For. */
function addressOf(trusted: string[], socket: string | undefined, forwardedFor?: string): string {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return createAddressOf(trusted)(Object.assign(Readable.from([]), { headers, socket: { remoteAddress: socket } }));
}

test.each([
  ['without proxies the socket’s, whatever the header says', [], '192.0.2.1', '198.51.100.1', '192.0.2.1'],
  ['from a proxy that is not trusted the proxy’s own', ['10.0.0.1'], '10.0.0.2', '198.51.100.1', '10.0.0.2'],
  ['the last hop that is not trusted', ['10.0.0.0/8'], '10.0.0.1', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
  [
    'through several trusted proxies',
    ['10.0.0.0/8', '192.0.2.7'],
    '10.0.0.1',
    '203.0.113.9,198.51.100.1,\t192.0.2.7 , 10.255.0.3',
    '198.51.100.1',
  ],
  ['the first hop where all are trusted', ['10.0.0.0/8'], '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['beside the range, not in it', ['10.0.0.0/9'], '10.128.0.1', '198.51.100.1', '10.128.0.1'],
  ['through IPv6 proxies', ['fd00::/8', '::1'], '::1', '2001:db8::5, fd12:3456::1', '2001:db8::5'],
  ['an IPv6 address in its other spelling', ['2001:db8:0:0::1'], '2001:db8::1', '198.51.100.1', '198.51.100.1'],
  ['an IPv4 proxy on a dual-stack socket', ['127.0.0.0/8'], '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['an IPv4 proxy that is trusted in IPv6 spelling', ['::ffff:10.0.0.1'], '10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['an IPv4 client in IPv6 spelling is the same client', ['::1'], '::1', '::ffff:198.51.100.1', '198.51.100.1'],
  ['a native IPv6 address is not in an IPv4 range', ['10.0.0.0/8'], '::a00:1', '198.51.100.1', '::a00:1'],
  ['an empty header', ['::1'], '::1', '', '::1'],
  ['a header of commas', ['::1'], '::1', ' , ,, ', '::1'],
  ['what is no address is not trusted', ['::1'], '::1', '198.51.100.1, unknown', 'unknown'],
  ['hops with ports', ['10.0.0.0/8'], '10.0.0.1', '192.0.2.1:4711, 10.0.0.2:80', '192.0.2.1'],
  ['IPv6 hops with ports', ['fd00::/8'], 'fd00::1', '[2001:db8::5]:4711, [fd00::2]', '2001:db8::5'],
  ['a hop with a port that is no number', ['::1'], '::1', '192.0.2.1:http', '192.0.2.1:http'],
  ['a thousand hops', ['10.0.0.0/8'], '10.0.0.1', `192.0.2.1${', 10.0.0.2'.repeat(1_000)}`, '192.0.2.1'],
  ['without a socket', ['::1'], undefined, '198.51.100.1', 'unknown'],
])('a client’s address: %s', (_, trusted, socket, forwardedFor, expected) => {
  expect(addressOf(trusted, socket, forwardedFor)).toBe(expected);
});

test('a request without a socket has its body, its headers and no address', async () => {
  const app = new Hono();
  app.all('*', async (c) => {
    const request = incomingOf(c);
    // The web body can be taken once, so each call gives the same stream.
    expect(incomingOf(c)).toBe(request);
    const body = Buffer.concat(await request.toArray()).toString();
    const { 'transfer-encoding': encoding, authorization } = request.headers;
    return c.json({ body, encoding, authorization, address: createAddressOf([])(request) });
  });
  const sent = await app.request('/', { method: 'PUT', body: 'some bytes', headers: { Authorization: 'Bearer x' } });
  expect(await sent.json()).toEqual({
    body: 'some bytes',
    encoding: 'chunked',
    authorization: 'Bearer x',
    address: 'unknown',
  });
  expect(await (await app.request('/')).json()).toEqual({ body: '', address: 'unknown' });
});
