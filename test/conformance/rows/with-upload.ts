/** Rows of the extension creation-with-upload. */

import type { EndpointResponse } from '../check.ts';
import { demand, headerIs, headerMatches, stateIs, statusIs } from '../check.ts';
import { BODY_TYPE, type Endpoint } from '../endpoint.ts';
import { payload, type Row, section } from '../row.ts';

const OFFSET =
  'The Server SHOULD accept as many bytes as possible and MUST include the `Upload-Offset` header in the response and MUST set its value to the offset of the upload after applying the accepted bytes.';
const LIKE_PATCH =
  'In this case, similar rules as for the `PATCH` request and response apply. The Client MUST include the `Content-Type: application/offset+octet-stream` header.';
const TYPE = 'The Client MUST include the `Content-Type: application/offset+octet-stream` header.';

const bytes = payload(1000);
const typed = { 'Content-Type': BODY_TYPE };

function locationOf(endpoint: Endpoint, response: EndpointResponse): string {
  return new URL(headerMatches(response, 'Location', /./), endpoint.url).href;
}

/** Rows about Creation With Upload. */
export const withUploadRows: Row[] = section(
  'Creation With Upload',
  [
    {
      name: 'all of it in the POST: 201 with the whole offset',
      level: 'MUST',
      sentence: OFFSET,
      async run(endpoint) {
        const response = await endpoint.create({ headers: typed, body: bytes });
        statusIs(response, 201);
        headerIs(response, 'Upload-Offset', '1000');
        stateIs(await endpoint.head(locationOf(endpoint, response)), 1000, 1000);
      },
    },
    {
      name: 'its beginning in the POST: it continues with PATCH at the returned offset',
      level: 'MUST',
      sentence: OFFSET,
      async run(endpoint) {
        const response = await endpoint.create({ headers: typed, body: bytes.subarray(0, 300) });
        statusIs(response, 201);
        headerIs(response, 'Upload-Offset', '300');
        const url = locationOf(endpoint, response);
        stateIs(await endpoint.head(url), 300, 1000);
        statusIs(await endpoint.patch(url, 300, bytes.subarray(300)), 204);
        stateIs(await endpoint.head(url), 1000, 1000);
      },
    },
    {
      name: 'none of it, of the right type: the offset is 0',
      level: 'MUST',
      sentence: OFFSET,
      async run(endpoint) {
        const response = await endpoint.create({ headers: typed, body: new Uint8Array() });
        statusIs(response, 201);
        headerIs(response, 'Upload-Offset', '0');
      },
    },
    {
      name: 'also while the length is deferred, and without a Content-Length',
      level: 'SHOULD',
      sentence: OFFSET,
      async run(endpoint) {
        const url = await endpoint.begin({
          length: null,
          headers: typed,
          body: bytes.subarray(0, 300),
          chunked: true,
        });
        stateIs(await endpoint.head(url), 300, null);
      },
    },
    {
      name: 'a body of another type is not stored',
      level: 'MUST',
      sentence: TYPE,
      async run(endpoint) {
        const response = await endpoint.create({ headers: { 'Content-Type': 'text/plain' }, body: bytes });
        demand(response.status === 201 || response.status < 500, `POST: ${response.status}`);
        if (response.status === 201) stateIs(await endpoint.head(locationOf(endpoint, response)), 0, 1000);
      },
    },
    {
      name: 'a body that goes beyond Upload-Length is not stored beyond it',
      level: 'MUST',
      sentence: LIKE_PATCH,
      async run(endpoint) {
        const response = await endpoint.create({ headers: typed, body: payload(1500) });
        demand(response.status < 500, `POST: ${response.status}`);
        if (response.status !== 201) return;
        const { header } = await endpoint.head(locationOf(endpoint, response));
        demand(Number(header('Upload-Offset')) <= 1000, `the offset is ${header('Upload-Offset')} of 1000`);
      },
    },
    {
      name: 'Expect: 100-continue is answered before the body is sent',
      level: 'SHOULD',
      sentence:
        'In addition, the Client SHOULD include the `Expect: 100-continue` header in the request to receive early feedback from the Server on whether it will accept the creation request, before attempting to transfer the first chunk.',
      async run(endpoint) {
        const response = await endpoint.create({ headers: { ...typed, Expect: '100-continue' }, body: bytes });
        demand(response.continued, `POST: ${response.status} and no 100 before it`);
        statusIs(response, 201);
        headerIs(response, 'Upload-Offset', '1000');
      },
    },
  ],
  { extension: 'creation-with-upload' },
);
