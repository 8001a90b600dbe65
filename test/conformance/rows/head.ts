/** Rows about HEAD, and about X-HTTP-Method-Override. */
import { demand, headerIs, headerMatches, stateIs, statusIs } from '../check.ts';
import { BODY_TYPE } from '../endpoint.ts';
import { payload, type Row, section } from '../row.ts';

const OFFSET =
  'The Server MUST always include the `Upload-Offset` header in the response for a `HEAD` request, even if the offset is `0`, or the upload is already considered completed.';
const NOT_FOUND =
  'If the resource is not found, the Server SHOULD return either the `404 Not Found`, `410 Gone` or `403 Forbidden` status without the `Upload-Offset` header.';

/** A URL of the same form that names no upload. */
export function unknownUrl(url: string): string {
  const unknown = new URL(url);
  unknown.pathname = unknown.pathname.replace(/[^/]+\/?$/, (id) => id.replace(/[0-9a-z]/gi, '0'));
  return unknown.href;
}

const getRows = section('HEAD', [
  {
    name: 'the offset of an upload of which nothing is there is 0',
    level: 'MUST',
    sentence: OFFSET,
    async run(endpoint) {
      headerIs(await endpoint.head(await endpoint.begin()), 'Upload-Offset', '0');
    },
  },
  {
    name: 'the offset is that of the bytes received',
    level: 'MUST',
    sentence: OFFSET,
    async run(endpoint) {
      const url = await endpoint.begin();
      statusIs(await endpoint.patch(url, 0, payload(300)), 204);
      headerIs(await endpoint.head(url), 'Upload-Offset', '300');
    },
  },
  {
    name: 'the offset of a complete upload is its length',
    level: 'MUST',
    sentence: OFFSET,
    async run(endpoint) {
      const url = await endpoint.begin();
      statusIs(await endpoint.patch(url, 0, payload(1000)), 204);
      stateIs(await endpoint.head(url), 1000, 1000);
    },
  },
  {
    name: 'the length is returned when it is known',
    level: 'MUST',
    sentence: 'If the size of the upload is known, the Server MUST include the `Upload-Length` header in the response.',
    async run(endpoint) {
      headerIs(await endpoint.head(await endpoint.begin()), 'Upload-Length', '1000');
    },
  },
  {
    name: 'it is 200 or 204',
    level: 'SHOULD',
    sentence: 'The Server SHOULD acknowledge successful `HEAD` requests with a `200 OK` or `204 No Content` status.',
    async run(endpoint) {
      statusIs(await endpoint.head(await endpoint.begin()), 200, 204);
    },
  },
  {
    name: 'asking again changes nothing',
    level: 'MUST',
    sentence: OFFSET,
    async run(endpoint) {
      const url = await endpoint.begin();
      statusIs(await endpoint.patch(url, 0, payload(300)), 204);
      for (let again = 0; again < 4; again++) stateIs(await endpoint.head(url), 300, 1000);
      statusIs(await endpoint.patch(url, 300, payload(1000).subarray(300)), 204);
      for (let again = 0; again < 4; again++) stateIs(await endpoint.head(url), 1000, 1000);
    },
  },
  {
    name: 'it must not be cached: Cache-Control is no-store',
    level: 'MUST',
    sentence:
      'The Server MUST prevent the client and/or proxies from caching the response by adding the `Cache-Control: no-store` header to the response.',
    async run(endpoint) {
      const url = await endpoint.begin();
      headerMatches(await endpoint.head(url), 'Cache-Control', /\bno-store\b/);
      statusIs(await endpoint.patch(url, 0, payload(1000)), 204);
      headerMatches(await endpoint.head(url), 'Cache-Control', /\bno-store\b/);
    },
  },
  {
    name: 'an upload that does not exist is 404, 410 or 403',
    level: 'SHOULD',
    sentence: NOT_FOUND,
    async run(endpoint) {
      statusIs(await endpoint.head(unknownUrl(await endpoint.begin())), 404, 410, 403);
    },
  },
  {
    name: 'an upload that does not exist has no Upload-Offset',
    level: 'SHOULD',
    sentence: NOT_FOUND,
    async run(endpoint) {
      headerIs(await endpoint.head(unknownUrl(await endpoint.begin())), 'Upload-Offset', null);
    },
  },
  {
    name: 'a query string behind the URL is tolerated',
    level: 'MAY',
    sentence:
      'This specification does not describe the structure of URLs, as that is left for the specific implementation to decide.',
    async run(endpoint) {
      const url = await endpoint.begin();
      stateIs(await endpoint.head(`${url}?trace=1`), 0, 1000);
      statusIs(await endpoint.patch(`${url}?trace=2`, 0, payload(10)), 204);
      stateIs(await endpoint.head(`${url}?`), 10, 1000);
    },
  },
]);

const INTERPRETED =
  "The `X-HTTP-Method-Override` request header MUST be a string which MUST be interpreted as the request's method by the Server, if the header is presented.";
const IGNORED = 'The actual method of the request MUST be ignored.';
const as = (method: string) => ({ 'X-HTTP-Method-Override': method });

const overrideRows = section('X-HTTP-Method-Override', [
  {
    name: 'a POST as PATCH stores the bytes',
    level: 'MUST',
    sentence: INTERPRETED,
    async run(endpoint) {
      const url = await endpoint.begin();
      const headers = { ...as('PATCH'), 'Content-Type': BODY_TYPE, 'Upload-Offset': '0' };
      const response = await endpoint.ask('POST', url, { headers, body: payload(100) });
      statusIs(response, 204);
      headerIs(response, 'Upload-Offset', '100');
      stateIs(await endpoint.head(url), 100, 1000);
    },
  },
  {
    name: 'a POST as HEAD tells the offset',
    level: 'MUST',
    sentence: INTERPRETED,
    async run(endpoint) {
      stateIs(await endpoint.ask('POST', await endpoint.begin(), { headers: as('HEAD') }), 0, 1000);
    },
  },
  {
    name: 'a PATCH as HEAD stores nothing',
    level: 'MUST',
    sentence: IGNORED,
    async run(endpoint) {
      const url = await endpoint.begin();
      await endpoint.patch(url, 0, payload(100), { headers: as('HEAD') });
      stateIs(await endpoint.head(url), 0, 1000);
    },
  },
  {
    name: 'a DELETE as HEAD removes nothing',
    level: 'MUST',
    sentence: IGNORED,
    async run(endpoint) {
      const url = await endpoint.begin();
      const response = await endpoint.ask('DELETE', url, { headers: as('HEAD') });
      demand(response.status < 300, `DELETE as HEAD: ${response.status}`);
      stateIs(await endpoint.head(url), 0, 1000);
    },
  },
]);

/** Rows about HEAD and X-HTTP-Method-Override. */
export const headRows: Row[] = [...getRows, ...overrideRows];
