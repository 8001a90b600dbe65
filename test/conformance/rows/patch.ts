/** Rows about PATCH: where bytes are stored, and which requests are refused. */
import { demand, headerIs, isRefused, stateIs, statusIs } from '../check.ts';
import { payload, type Row, section } from '../row.ts';
import { unknownUrl } from './head.ts';

const APPLIES =
  'The Server SHOULD accept `PATCH` requests against any upload URL and apply the bytes contained in the message at the given offset specified by the `Upload-Offset` header.';
const TYPE =
  'All `PATCH` requests MUST use `Content-Type: application/offset+octet-stream`, otherwise the server SHOULD return a `415 Unsupported Media Type` status.';
const CONFLICT =
  'If the offsets do not match, the Server MUST respond with the `409 Conflict` status without modifying the upload resource.';
const NEW_OFFSET =
  'The new offset MUST be the sum of the offset before the `PATCH` request and the number of bytes received and processed or stored during the current `PATCH` request.';
const ENTIRE =
  'The `Upload-Length` request and response header indicates the size of the entire upload in bytes. The value MUST be a non-negative integer.';
const KEEPS = 'The Server SHOULD always attempt to store as much of the received data as possible.';

const bytes = payload(1000);

const acceptRows = section('PATCH', [
  {
    name: 'bytes at the current offset are taken, piece by piece, until all are there',
    level: 'SHOULD',
    sentence: APPLIES,
    async run(endpoint) {
      const url = await endpoint.begin();
      for (const [from, to] of [
        [0, 300],
        [300, 301],
        [301, 1000],
      ] as const) {
        statusIs(await endpoint.patch(url, from, bytes.subarray(from, to)), 200, 204);
        stateIs(await endpoint.head(url), to, 1000);
      }
    },
  },
  {
    name: 'a body without Content-Length is taken',
    level: 'SHOULD',
    sentence: APPLIES,
    async run(endpoint) {
      const url = await endpoint.begin();
      statusIs(await endpoint.patch(url, 0, bytes.subarray(0, 400), { chunked: true }), 204);
      stateIs(await endpoint.head(url), 400, 1000);
      statusIs(await endpoint.patch(url, 400, bytes.subarray(400), { chunked: true }), 204);
      stateIs(await endpoint.head(url), 1000, 1000);
    },
  },
  {
    name: 'success is 204',
    level: 'MUST',
    sentence: 'The Server MUST acknowledge successful `PATCH` requests with the `204 No Content` status.',
    async run(endpoint) {
      const url = await endpoint.begin();
      statusIs(await endpoint.patch(url, 0, bytes.subarray(0, 300)), 204);
      statusIs(await endpoint.patch(url, 300, bytes.subarray(300)), 204);
    },
  },
  {
    name: 'the response carries the new offset',
    level: 'MUST',
    sentence: 'It MUST include the `Upload-Offset` header containing the new offset.',
    async run(endpoint) {
      headerIs(await endpoint.patch(await endpoint.begin(), 0, bytes.subarray(0, 300)), 'Upload-Offset', '300');
    },
  },
  {
    name: 'the new offset is the old one and the bytes received, also of a body of none',
    level: 'MUST',
    sentence: NEW_OFFSET,
    async run(endpoint) {
      const url = await endpoint.begin();
      for (const [from, to] of [
        [0, 0],
        [0, 5],
        [5, 5],
        [5, 700],
        [700, 1000],
      ] as const) {
        const response = await endpoint.patch(url, from, bytes.subarray(from, to));
        statusIs(response, 204);
        headerIs(response, 'Upload-Offset', String(to));
      }
    },
  },
]);

const refusalRows = section('PATCH', [
  ...['text/plain', 'application/octet-stream', undefined].map((type) => ({
    name: `${type ?? 'no content type'} is 415`,
    level: 'SHOULD' as const,
    sentence: TYPE,
    async run(endpoint: Parameters<Row['run']>[0]) {
      const url = await endpoint.begin();
      statusIs(await endpoint.patch(url, 0, bytes.subarray(0, 300), { headers: { 'Content-Type': type } }), 415);
    },
  })),
  {
    name: 'a body of another type is not stored',
    level: 'MUST',
    sentence: TYPE,
    async run(endpoint) {
      const url = await endpoint.begin();
      for (const type of ['text/plain', undefined])
        isRefused(await endpoint.patch(url, 0, bytes.subarray(0, 300), { headers: { 'Content-Type': type } }));
      stateIs(await endpoint.head(url), 0, 1000);
    },
  },
  ...(
    [
      [0, 'smaller'],
      [299, 'smaller'],
      [301, 'greater'],
      [1000, 'greater'],
    ] as const
  ).map(([offset, is]) => ({
    name: `an offset that is ${is} (${offset} of 300) is 409 and changes nothing`,
    level: 'MUST' as const,
    sentence: CONFLICT,
    async run(endpoint: Parameters<Row['run']>[0]) {
      const url = await endpoint.begin();
      statusIs(await endpoint.patch(url, 0, bytes.subarray(0, 300)), 204);
      statusIs(await endpoint.patch(url, offset, payload(100)), 409);
      stateIs(await endpoint.head(url), 300, 1000);
      statusIs(await endpoint.patch(url, 300, bytes.subarray(300)), 204);
      stateIs(await endpoint.head(url), 1000, 1000);
    },
  })),
  {
    name: 'offset 0 of a complete upload is 409',
    level: 'MUST',
    sentence: CONFLICT,
    async run(endpoint) {
      const url = await endpoint.begin();
      statusIs(await endpoint.patch(url, 0, bytes), 204);
      statusIs(await endpoint.patch(url, 0, bytes), 409);
      stateIs(await endpoint.head(url), 1000, 1000);
    },
  },
  {
    name: 'a length that comes with a wrong offset is not taken',
    level: 'MUST',
    sentence: CONFLICT,
    async run(endpoint) {
      const url = await endpoint.begin({ length: null });
      statusIs(await endpoint.patch(url, 0, bytes.subarray(0, 300)), 204);
      statusIs(await endpoint.patch(url, 200, bytes.subarray(200), { headers: { 'Upload-Length': '1000' } }), 409);
      stateIs(await endpoint.head(url), 300, null);
    },
  },
  {
    name: 'an upload that does not exist is 404',
    level: 'SHOULD',
    sentence:
      'If the server receives a `PATCH` request against a non-existent resource it SHOULD return a `404 Not Found` status.',
    async run(endpoint) {
      const url = unknownUrl(await endpoint.begin());
      statusIs(await endpoint.patch(url, 0, bytes), 404);
      statusIs(await endpoint.patch(url, 500, bytes.subarray(500)), 404);
    },
  },
  {
    name: 'a body that goes beyond Upload-Length is refused',
    level: 'MUST',
    sentence: ENTIRE,
    async run(endpoint) {
      const url = await endpoint.begin();
      isRefused(await endpoint.patch(url, 0, payload(1001)));
      const response = await endpoint.head(url);
      demand(
        Number(response.header('Upload-Offset')) <= 1000,
        `the offset is ${response.header('Upload-Offset')} of 1000`,
      );
    },
  },
  {
    name: 'a body of unknown size that goes beyond Upload-Length ends there',
    level: 'MUST',
    sentence: ENTIRE,
    async run(endpoint) {
      const url = await endpoint.begin();
      const patched = await endpoint.patch(url, 0, payload(1500), { chunked: true });
      demand(patched.status < 500, `PATCH: ${patched.status}`);
      const response = await endpoint.head(url);
      demand(
        Number(response.header('Upload-Offset')) <= 1000,
        `the offset is ${response.header('Upload-Offset')} of 1000`,
      );
    },
  },
  {
    name: 'a complete upload takes no more',
    level: 'MUST',
    sentence: ENTIRE,
    async run(endpoint) {
      const url = await endpoint.begin();
      statusIs(await endpoint.patch(url, 0, bytes), 204);
      isRefused(await endpoint.patch(url, 1000, payload(100)));
      stateIs(await endpoint.head(url), 1000, 1000);
    },
  },
]);

const LARGE = 200_000;
const SENT = 150_000;

const cutRows = section('PATCH', [
  {
    name: 'what came before the connection broke is kept (95 %)',
    level: 'SHOULD',
    sentence: KEEPS,
    async run(endpoint) {
      const url = await endpoint.begin({ length: LARGE });
      await endpoint.cutPatch(url, 0, payload(LARGE), SENT);
      const kept = await endpoint.settledOffset(url, SENT);
      demand(kept >= SENT * 0.95, `${kept} of ${SENT} bytes are kept`);
      demand(kept <= SENT, `${kept} bytes are reported of the ${SENT} that were sent`);
    },
  },
  {
    name: 'after a break it continues at the offset of HEAD',
    level: 'SHOULD',
    sentence: 'Both Client and Server, SHOULD attempt to detect and handle network errors predictably.',
    async run(endpoint) {
      const url = await endpoint.begin({ length: LARGE });
      await endpoint.cutPatch(url, 0, payload(LARGE), SENT);
      const kept = await endpoint.settledOffset(url, SENT);
      const response = await endpoint.patch(url, kept, payload(LARGE).subarray(kept));
      statusIs(response, 204);
      headerIs(response, 'Upload-Offset', String(LARGE));
      stateIs(await endpoint.head(url), LARGE, LARGE);
    },
  },
]);

/** All rows about PATCH. */
export const patchRows: Row[] = [...acceptRows, ...refusalRows, ...cutRows];
