/** Rows of the extension creation-defer-length. */
import { demand, headerIs, isRefused, stateIs, statusIs } from '../check.ts';
import type { Endpoint } from '../endpoint.ts';
import { payload, type Row, section } from '../row.ts';

const UNTIL_KNOWN =
  'As long as the length of the upload is not known, the Server MUST set `Upload-Defer-Length: 1` in all responses to `HEAD` requests.';
const NOT_CHANGED = 'Once set the length MUST NOT be changed.';
const LATER =
  'If the length was deferred using `Upload-Defer-Length: 1`, the Client MUST set the `Upload-Length` header in the next `PATCH` request, once the length is known.';
const APPLIES =
  'The Server SHOULD accept `PATCH` requests against any upload URL and apply the bytes contained in the message at the given offset specified by the `Upload-Offset` header.';

const empty = new Uint8Array();
const bytes = payload(1000);
const declares = (length: number) => ({ headers: { 'Upload-Length': String(length) } });

/** Creates an upload of unknown length with 300 bytes so far. */
async function beginOpen(endpoint: Endpoint): Promise<string> {
  const url = await endpoint.begin({ length: null });
  statusIs(await endpoint.patch(url, 0, bytes.subarray(0, 300)), 204);
  return url;
}

/** Rows about Upload-Defer-Length. */
export const deferredRows: Row[] = section(
  'Upload-Defer-Length',
  [
    ...['0', '2', 'true', '', '1.0'].map((value) => ({
      name: `the value ${JSON.stringify(value)} is 400`,
      level: 'SHOULD' as const,
      sentence:
        'If the `Upload-Defer-Length` header contains any other value than `1` the server should return a `400 Bad Request` status.',
      async run(endpoint: Endpoint) {
        statusIs(await endpoint.create({ length: null, headers: { 'Upload-Defer-Length': value } }), 400);
      },
    })),
    {
      name: 'HEAD says so as long as the length is not known, also when bytes are there',
      level: 'MUST',
      sentence: UNTIL_KNOWN,
      async run(endpoint) {
        const url = await endpoint.begin({ length: null });
        stateIs(await endpoint.head(url), 0, null);
        statusIs(await endpoint.patch(url, 0, bytes.subarray(0, 300)), 204);
        stateIs(await endpoint.head(url), 300, null);
        statusIs(await endpoint.patch(url, 300, empty), 204);
        stateIs(await endpoint.head(url), 300, null);
      },
    },
    {
      name: 'HEAD of an upload whose length is known does not carry it',
      level: 'MUST',
      sentence: 'If the length of an upload is not deferred, this header MUST be omitted.',
      async run(endpoint) {
        headerIs(await endpoint.head(await endpoint.begin()), 'Upload-Defer-Length', null);
      },
    },
    {
      name: 'a PATCH with data sets the length',
      level: 'MUST',
      sentence: LATER,
      async run(endpoint) {
        const url = await beginOpen(endpoint);
        statusIs(await endpoint.patch(url, 300, bytes.subarray(300, 500), declares(1000)), 204);
        stateIs(await endpoint.head(url), 500, 1000);
        statusIs(await endpoint.patch(url, 500, bytes.subarray(500)), 204);
        stateIs(await endpoint.head(url), 1000, 1000);
      },
    },
    {
      name: 'an empty PATCH sets the length, and so may end the upload',
      level: 'MUST',
      sentence: LATER,
      async run(endpoint) {
        const url = await beginOpen(endpoint);
        const response = await endpoint.patch(url, 300, empty, declares(300));
        statusIs(response, 204);
        headerIs(response, 'Upload-Offset', '300');
        stateIs(await endpoint.head(url), 300, 300);
      },
    },
    ...[999, 1001].map((other) => ({
      name: `a length of 1000 can't be made ${other}`,
      level: 'MUST' as const,
      sentence: NOT_CHANGED,
      async run(endpoint: Endpoint) {
        const url = await beginOpen(endpoint);
        statusIs(await endpoint.patch(url, 300, empty, declares(1000)), 204);
        isRefused(await endpoint.patch(url, 300, empty, declares(other)));
        stateIs(await endpoint.head(url), 300, 1000);
      },
    })),
    {
      name: "a length set at creation can't be changed",
      level: 'MUST',
      sentence: NOT_CHANGED,
      async run(endpoint) {
        const url = await endpoint.begin();
        isRefused(await endpoint.patch(url, 0, bytes.subarray(0, 100), declares(2000)));
        const { header } = await endpoint.head(url);
        demand(header('Upload-Length') === '1000', `Upload-Length is ${header('Upload-Length')}`);
      },
    },
    {
      name: 'a length below what is there already is refused',
      level: 'MUST',
      sentence:
        'The `Upload-Length` request and response header indicates the size of the entire upload in bytes. The value MUST be a non-negative integer.',
      async run(endpoint) {
        const url = await beginOpen(endpoint);
        isRefused(await endpoint.patch(url, 300, empty, declares(299)));
        stateIs(await endpoint.head(url), 300, null);
      },
    },
    {
      name: 'the same length said again is no change',
      level: 'SHOULD',
      sentence: APPLIES,
      async run(endpoint) {
        const url = await beginOpen(endpoint);
        statusIs(await endpoint.patch(url, 300, bytes.subarray(300, 500), declares(1000)), 204);
        statusIs(await endpoint.patch(url, 500, bytes.subarray(500), declares(1000)), 204);
        stateIs(await endpoint.head(url), 1000, 1000);
      },
    },
    {
      name: 'a last PATCH that is cut, with its length, can be sent again from where it broke',
      level: 'SHOULD',
      sentence: APPLIES,
      async run(endpoint) {
        const large = payload(200_000);
        const url = await endpoint.begin({ length: null });
        await endpoint.cutPatch(url, 0, large, 150_000, declares(200_000));
        const kept = await endpoint.settledOffset(url, 150_000);
        statusIs(await endpoint.patch(url, kept, large.subarray(kept), declares(200_000)), 204);
        stateIs(await endpoint.head(url), 200_000, 200_000);
      },
    },
  ],
  { extension: 'creation-defer-length' },
);
