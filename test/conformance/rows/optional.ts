/** Rows of the extensions checksum and concatenation, for endpoints that offer them. */
import { createHash } from 'node:crypto';
import { demand, headerIs, headerMatches, stateIs, statusIs } from '../check.ts';
import type { Endpoint } from '../endpoint.ts';
import { payload, type Row, section } from '../row.ts';

const bytes = payload(1000);
const sha1 = (data: Uint8Array) => `sha1 ${createHash('sha1').update(data).digest('base64')}`;
const DISCARDED =
  'In the first two cases the uploaded chunk MUST be discarded, and the upload and its offset MUST NOT be updated.';

async function sendsWrong(endpoint: Endpoint, checksum: string, status: number): Promise<void> {
  const url = await endpoint.begin();
  const headers = { 'Upload-Checksum': checksum };
  statusIs(await endpoint.patch(url, 0, bytes.subarray(0, 300), { headers }), status);
  stateIs(await endpoint.head(url), 0, 1000);
}

const checksumRows = section(
  'Checksum',
  [
    {
      name: 'OPTIONS lists the algorithms in lower case, and sha1 among them',
      level: 'MUST',
      sentence:
        'The Server MUST support at least the SHA1 checksum algorithm identified by `sha1`. The names of the checksum algorithms MUST only consist of ASCII characters with the modification that uppercase characters are excluded.',
      async run(endpoint) {
        const options = await endpoint.ask('OPTIONS', endpoint.url);
        const list = headerMatches(options, 'Tus-Checksum-Algorithm', /^[!-+\--@[-~]+( *, *[!-+\--@[-~]+)*$/);
        demand(list.split(/ *, */).includes('sha1'), `Tus-Checksum-Algorithm is ${list}`);
      },
    },
    {
      name: 'a body that agrees with its checksum is taken',
      level: 'MUST',
      sentence:
        'Once the entire request has been received, the Server MUST verify the uploaded chunk against the provided checksum using the specified algorithm.',
      async run(endpoint) {
        const url = await endpoint.begin();
        const headers = { 'Upload-Checksum': sha1(bytes) };
        statusIs(await endpoint.patch(url, 0, bytes, { headers }), 204);
        stateIs(await endpoint.head(url), 1000, 1000);
      },
    },
    {
      name: 'a body that does not agree is 460 and discarded',
      level: 'MUST',
      sentence: DISCARDED,
      run: (endpoint) => sendsWrong(endpoint, sha1(bytes), 460),
    },
    {
      name: 'an algorithm that is not known is 400, and the body is discarded',
      level: 'MUST',
      sentence: DISCARDED,
      run: (endpoint) => sendsWrong(endpoint, 'nosuch Kq5sNclPz7QV2+lfQIuc6R7oRu0=', 400),
    },
  ],
  { extension: 'checksum' },
);

/** Creates two whole partial uploads of 500 bytes each; returns them with the Upload-Concat value that joins them. */
async function parts(endpoint: Endpoint): Promise<{ urls: string[]; join: string }> {
  const urls: string[] = [];
  for (const half of [bytes.subarray(0, 500), bytes.subarray(500)]) {
    const url = await endpoint.begin({ length: 500, headers: { 'Upload-Concat': 'partial' } });
    statusIs(await endpoint.patch(url, 0, half), 204);
    urls.push(url);
  }
  return { urls, join: `final;${urls.map((url) => new URL(url).pathname).join(' ')}` };
}

async function joined(endpoint: Endpoint): Promise<{ url: string; urls: string[]; join: string }> {
  const { urls, join } = await parts(endpoint);
  const url = await endpoint.begin({ headers: { 'Upload-Length': undefined, 'Upload-Concat': join } });
  return { url, urls, join };
}

const concatenationRows = section(
  'Concatenation',
  [
    {
      name: 'HEAD of a partial upload says that it is one, and its offset',
      level: 'MUST',
      sentence:
        'Response to `HEAD` request against partial or final upload MUST include the `Upload-Concat` header and its value as received in the upload creation request.',
      async run(endpoint) {
        const { urls } = await parts(endpoint);
        for (const url of urls) {
          const response = await endpoint.head(url);
          headerIs(response, 'Upload-Concat', 'partial');
          headerIs(response, 'Upload-Offset', '500');
        }
      },
    },
    {
      name: 'HEAD of a final upload tells what it was made of',
      level: 'MUST',
      sentence:
        'Response to `HEAD` request against partial or final upload MUST include the `Upload-Concat` header and its value as received in the upload creation request.',
      async run(endpoint) {
        const { url, join } = await joined(endpoint);
        headerIs(await endpoint.head(url), 'Upload-Concat', join);
      },
    },
    {
      name: 'a final upload is as long as its parts, and complete',
      level: 'MUST',
      sentence:
        'The length of the final upload MUST be the sum of the length of all partial uploads. […] After successful concatenation, the `Upload-Offset` and `Upload-Length` MUST be set and their values MUST be equal.',
      async run(endpoint) {
        const { url } = await joined(endpoint);
        await endpoint.settledOffset(url, 1000);
        stateIs(await endpoint.head(url), 1000, 1000);
      },
    },
    {
      name: 'a final upload takes no PATCH',
      level: 'MUST',
      sentence:
        'The Server MUST respond with the `403 Forbidden` status to `PATCH` requests against a final upload URL and MUST NOT modify the final or its partial uploads.',
      async run(endpoint) {
        const { url } = await joined(endpoint);
        const offset = await endpoint.settledOffset(url, 1000);
        statusIs(await endpoint.patch(url, offset, payload(10)), 403);
        stateIs(await endpoint.head(url), 1000, 1000);
      },
    },
  ],
  { extension: 'concatenation' },
);

/** Rows about Checksum and Concatenation. */
export const optionalRows: Row[] = [...checksumRows, ...concatenationRows];
