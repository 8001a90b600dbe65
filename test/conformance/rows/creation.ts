/** Rows of the extension creation: POST, Location, metadata, limits. */

import type { EndpointResponse } from '../check.ts';
import { demand, Failure, headerIs, headerMatches, isRefused, NotApplicable, stateIs, statusIs } from '../check.ts';
import type { Endpoint } from '../endpoint.ts';
import { payload, type Row, section } from '../row.ts';

const CREATED = 'The Server MUST acknowledge a successful upload creation with the `201 Created` status.';
const LOCATION = 'The Server MUST set the `Location` header to the URL of the created resource.';
const LENGTH_OR_DEFER = 'The request MUST include one of the following headers:';
const TOO_LARGE =
  'If the length of the upload exceeds the maximum, which MAY be specified using the `Tus-Max-Size` header, the Server MUST respond with the `413 Request Entity Too Large` status.';

const creation = { extension: 'creation' };

const postRows = section(
  'Creation',
  [
    {
      name: 'POST is 201',
      level: 'MUST',
      sentence: CREATED,
      async run(endpoint) {
        statusIs(await endpoint.create(), 201);
      },
    },
    {
      name: 'the upload is at its Location, absolute or relative, with nothing in it',
      level: 'MUST',
      sentence: `${LOCATION} This URL MAY be absolute or relative.`,
      async run(endpoint) {
        const response = await endpoint.create();
        const url = new URL(headerMatches(response, 'Location', /./), endpoint.url).href;
        stateIs(await endpoint.head(url), 0, 1000);
        statusIs(await endpoint.patch(url, 0, payload(1000)), 204);
        stateIs(await endpoint.head(url), 1000, 1000);
      },
    },
    {
      name: 'each creation makes an upload of its own',
      level: 'MUST',
      sentence:
        'The Client MUST send a `POST` request against a known upload creation URL to request a new upload resource.',
      async run(endpoint) {
        const [one, two] = [await endpoint.begin(), await endpoint.begin()];
        demand(one !== two, `both are at ${one}`);
        statusIs(await endpoint.patch(one, 0, payload(10)), 204);
        stateIs(await endpoint.head(two), 0, 1000);
      },
    },
    {
      name: 'neither a length nor its deferral is refused',
      level: 'MUST',
      sentence: LENGTH_OR_DEFER,
      async run(endpoint) {
        isRefused(await endpoint.create({ headers: { 'Upload-Length': undefined } }));
      },
    },
    {
      name: 'a length and its deferral at once are refused',
      level: 'MUST',
      sentence: 'If the length of an upload is not deferred, this header MUST be omitted.',
      async run(endpoint) {
        isRefused(await endpoint.create({ headers: { 'Upload-Length': '1000', 'Upload-Defer-Length': '1' } }));
      },
    },
    {
      name: 'an empty file is complete at once',
      level: 'MAY',
      sentence:
        'The `Upload-Length` header MAY be set to 0, indicating that the Client wants to upload an empty file. Such an upload is immediately complete after its creation without transferring data using `PATCH` requests.',
      async run(endpoint) {
        const response = await endpoint.create({ length: 0 });
        // The server may understand the header and still refuse the request.
        if ([403, 413, 415, 422].includes(response.status))
          throw new NotApplicable(`empty files are refused with ${response.status}`);
        statusIs(response, 201);
        const url = new URL(headerMatches(response, 'Location', /./), endpoint.url).href;
        stateIs(await endpoint.head(url), 0, 0);
      },
    },
  ],
  creation,
);

function requireMaximum({ maxSize }: Endpoint): number {
  if (maxSize === null) throw new NotApplicable('OPTIONS has no Tus-Max-Size');
  return maxSize;
}

const limitRows = section(
  'Creation',
  [
    {
      name: 'a length of one byte above Tus-Max-Size is 413',
      level: 'MUST',
      sentence: TOO_LARGE,
      async run(endpoint) {
        statusIs(await endpoint.create({ length: requireMaximum(endpoint) + 1 }), 413);
      },
    },
    {
      name: 'a length of 30 digits is 413',
      level: 'MUST',
      sentence: TOO_LARGE,
      async run(endpoint) {
        requireMaximum(endpoint);
        statusIs(await endpoint.create({ headers: { 'Upload-Length': '9'.repeat(30) } }), 413);
      },
    },
    {
      name: 'a length of just Tus-Max-Size is not too large',
      level: 'MUST',
      sentence: TOO_LARGE,
      async run(endpoint) {
        const length = requireMaximum(endpoint);
        const response = await endpoint.create({ length });
        demand(response.status !== 413, `POST of ${length} bytes: 413`);
      },
    },
    {
      name: 'a deferred length above Tus-Max-Size is 413, and the length stays open',
      level: 'MUST',
      sentence: TOO_LARGE,
      async run(endpoint) {
        const url = await endpoint.begin({ length: null });
        const headers = { 'Upload-Length': String(requireMaximum(endpoint) + 1) };
        statusIs(await endpoint.patch(url, 0, new Uint8Array(), { headers }), 413);
        stateIs(await endpoint.head(url), 0, null);
      },
    },
    {
      name: 'bytes above Tus-Max-Size are 413 while the length is not known',
      level: 'MUST',
      sentence: TOO_LARGE,
      async run(endpoint) {
        const length = requireMaximum(endpoint);
        if (length > 4_000_000) throw new NotApplicable(`${length} bytes are too many to send`);
        const url = await endpoint.begin({ length: null });
        statusIs(await endpoint.patch(url, 0, payload(length + 1)), 413);
        const { header } = await endpoint.head(url);
        demand(Number(header('Upload-Offset')) <= length, `the offset is ${header('Upload-Offset')}`);
      },
    },
  ],
  creation,
);

const ECHO =
  'If an upload contains additional metadata, responses to `HEAD` requests MUST include the `Upload-Metadata` header and its value as specified by the Client during the creation.';

/** HEAD must return every pair of the creation, and no other; a key alone is a key with an empty value. */
function echoes(response: EndpointResponse, sent: string): void {
  const pairs = (list: string) =>
    list
      .split(',')
      .map((pair) => pair.trim())
      .sort()
      .join(', ');
  const seen = headerMatches(response, 'Upload-Metadata', /./);
  if (pairs(seen) !== pairs(sent)) throw new Failure(`Upload-Metadata is "${seen}", not "${sent}"`);
}

async function keepsMetadata(endpoint: Endpoint, metadata: string): Promise<void> {
  const url = await endpoint.begin({ metadata });
  const sent = [endpoint.metadata, metadata].filter(Boolean).join(',');
  echoes(await endpoint.head(url), sent);
  statusIs(await endpoint.patch(url, 0, payload(1000)), 204);
  echoes(await endpoint.head(url), sent);
}

const FORM =
  'The key and value MUST be separated by a space. The key MUST NOT contain spaces and commas and MUST NOT be empty.';
const VALIDATE =
  'Since metadata can contain arbitrary binary values, Servers SHOULD carefully validate metadata values or sanitize them before using them as header values to avoid header smuggling.';

const metadataRows = section(
  'Upload-Metadata',
  [
    ...(
      [
        ['a key with a value', 'filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==', ECHO],
        ['a key without a value', 'filename YQ==,is_confidential', `The value MAY be empty. […] ${ECHO}`],
        [
          'a key with a space and no value',
          'is_confidential ,filename YQ==',
          `In these cases, the space, which would normally separate the key and the value, MAY be left out. […] ${ECHO}`,
        ],
        ['a text beyond ASCII', `filename ${Buffer.from('Phỏng vấn ก王.webm').toString('base64')}`, ECHO],
        ['bytes that are no text', `hash ${Buffer.from([0xff, 0xfe, 0x00, 0x80]).toString('base64')}`, ECHO],
      ] as const
    ).map(([what, metadata, sentence]) => ({
      name: `${what}: HEAD tells it as it was given, before and after the last byte`,
      level: 'MUST' as const,
      sentence,
      run: (endpoint: Endpoint) => keepsMetadata(endpoint, metadata),
    })),
    ...(
      [
        [
          'a value that is not Base64',
          'note !!!',
          'The key SHOULD be ASCII encoded and the value MUST be Base64 encoded.',
        ],
        ['a key that is there twice', 'note YQ==,note Yg==', 'All keys MUST be unique.'],
        ['an empty key', 'note YQ==, Yg==', FORM],
        ['a key with a space', 'my note YQ==', FORM],
        ['a pair that is empty', 'note YQ==,,other Yg==', FORM],
        ['a key that is there twice, once without a value', 'note YQ==,note', 'All keys MUST be unique.'],
      ] as const
    ).map(([what, metadata, sentence]) => ({
      name: `${what} is refused`,
      level: 'SHOULD' as const,
      sentence: `${sentence} […] ${VALIDATE}`,
      async run(endpoint: Endpoint) {
        isRefused(await endpoint.create({ metadata }));
      },
    })),
    {
      name: 'what is refused for its metadata has no Location',
      level: 'MUST',
      sentence: LOCATION,
      async run(endpoint) {
        const response = await endpoint.create({ metadata: 'note !!!' });
        if (response.status === 201) throw new NotApplicable('it is not refused');
        headerIs(response, 'Location', null);
      },
    },
  ],
  creation,
);

/** Rows about creation and Upload-Metadata. */
export const creationRows: Row[] = [...postRows, ...limitRows, ...metadataRows];
