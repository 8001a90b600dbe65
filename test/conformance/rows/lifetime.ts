/** Rows of the extensions expiration and termination: uploads that end without being whole. */

import type { EndpointResponse } from '../check.ts';
import { demand, headerIs, headerMatches, NotApplicable, stateIs, statusIs } from '../check.ts';
import { payload, type Row, section } from '../row.ts';
import { unknownUrl } from './head.ts';

const EVERY_PATCH = 'This header MUST be included in every `PATCH` response if the upload is going to expire.';
const bytes = payload(1000);

/** The date format that senders must generate (RFC 9110, section 5.6.7); the day of the week must match the date. */
function isDateToCome(response: EndpointResponse): void {
  const value = headerMatches(response, 'Upload-Expires', /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/);
  const at = new Date(value);
  demand(at.toUTCString() === value, `Upload-Expires is "${value}", which is no date`);
  demand(at.getTime() > Date.now(), `Upload-Expires is "${value}", and it is ${new Date().toUTCString()}`);
}

const expirationRows = section(
  'Expiration',
  [
    {
      name: 'the response to a PATCH says when an unfinished upload expires',
      level: 'MUST',
      sentence: EVERY_PATCH,
      async run(endpoint) {
        headerMatches(await endpoint.patch(await endpoint.begin(), 0, bytes.subarray(0, 100)), 'Upload-Expires', /./);
      },
    },
    {
      name: 'so does the one that refuses a wrong offset',
      level: 'MUST',
      sentence: EVERY_PATCH,
      async run(endpoint) {
        const response = await endpoint.patch(await endpoint.begin(), 500, bytes.subarray(500));
        statusIs(response, 409);
        headerMatches(response, 'Upload-Expires', /./);
      },
    },
    {
      name: 'the response to the POST says it, too',
      level: 'MUST',
      sentence:
        'If the expiration is known at the creation, the `Upload-Expires` header MUST be included in the response to the initial `POST` request.',
      async run(endpoint) {
        const created = await endpoint.create();
        const url = new URL(headerMatches(created, 'Location', /./), endpoint.url).href;
        const known = (await endpoint.patch(url, 0, new Uint8Array())).header('Upload-Expires') !== null;
        if (!known) throw new NotApplicable('a PATCH that adds nothing does not tell it either');
        headerMatches(created, 'Upload-Expires', /./);
      },
    },
    {
      name: 'it is a date of RFC 9110, and still to come',
      level: 'MUST',
      sentence:
        'The value of the `Upload-Expires` header MUST be in [RFC 9110](https://www.rfc-editor.org/rfc/rfc9110.html#name-date-time-formats) datetime format.',
      async run(endpoint) {
        isDateToCome(await endpoint.patch(await endpoint.begin(), 0, bytes.subarray(0, 100)));
      },
    },
  ],
  { extension: 'expiration' },
);

const CONFIRMED =
  'When receiving a `DELETE` request for an existing upload the Server SHOULD free associated resources and MUST respond with the `204 No Content` status confirming that the upload was terminated.';
const GONE =
  'For all future requests to this URL, the Server SHOULD respond with the `404 Not Found` or `410 Gone` status.';

const terminationRows = section(
  'Termination',
  [
    {
      name: 'DELETE of an unfinished upload is 204',
      level: 'MUST',
      sentence: CONFIRMED,
      async run(endpoint) {
        statusIs(await endpoint.remove(await endpoint.begin()), 204);
        const url = await endpoint.begin();
        statusIs(await endpoint.patch(url, 0, bytes.subarray(0, 100)), 204);
        statusIs(await endpoint.remove(url), 204);
      },
    },
    {
      name: 'DELETE of a complete upload is 204',
      level: 'MUST',
      sentence: `This extension defines a way for the Client to terminate completed and unfinished uploads allowing the Server to free up used resources. […] ${CONFIRMED}`,
      async run(endpoint) {
        const url = await endpoint.begin();
        statusIs(await endpoint.patch(url, 0, bytes), 204);
        const response = await endpoint.remove(url);
        // "The implementation of authentication and authorization is left for the Server to decide."
        if (response.status === 403) {
          stateIs(await endpoint.head(url), 1000, 1000);
          throw new NotApplicable('403: this client is not authorized to remove what is complete');
        }
        statusIs(response, 204);
      },
    },
    {
      name: 'what was removed is 404 or 410 for HEAD, PATCH and DELETE',
      level: 'SHOULD',
      sentence: GONE,
      async run(endpoint) {
        const url = await endpoint.begin();
        statusIs(await endpoint.patch(url, 0, bytes.subarray(0, 100)), 204);
        statusIs(await endpoint.remove(url), 204);
        const head = await endpoint.head(url);
        statusIs(head, 404, 410);
        headerIs(head, 'Upload-Offset', null);
        statusIs(await endpoint.patch(url, 100, bytes.subarray(100)), 404, 410);
        statusIs(await endpoint.remove(url), 404, 410);
      },
    },
    {
      name: 'DELETE of an upload that does not exist is 404 or 410',
      level: 'SHOULD',
      sentence: GONE,
      async run(endpoint) {
        statusIs(await endpoint.remove(unknownUrl(await endpoint.begin())), 404, 410);
      },
    },
    {
      name: 'a POST as DELETE removes it',
      level: 'MUST',
      sentence:
        "The `X-HTTP-Method-Override` request header MUST be a string which MUST be interpreted as the request's method by the Server, if the header is presented.",
      async run(endpoint) {
        const url = await endpoint.begin();
        statusIs(await endpoint.ask('POST', url, { headers: { 'X-HTTP-Method-Override': 'DELETE' } }), 204);
        statusIs(await endpoint.head(url), 404, 410);
      },
    },
  ],
  { extension: 'termination' },
);

const announcedRows = section('Tus-Extension', [
  {
    name: 'an endpoint that removes says so',
    level: 'MUST',
    sentence:
      'If this extension is supported by the Server, it MUST be announced by adding `termination` to the `Tus-Extension` header.',
    async run(endpoint) {
      const { status } = await endpoint.remove(await endpoint.begin());
      const offered = endpoint.extensions.has('termination');
      if (status !== 204 && !offered) throw new NotApplicable('it is neither offered nor done');
      demand(offered, `DELETE is 204, and Tus-Extension is ${[...endpoint.extensions]}`);
    },
  },
  {
    name: 'an endpoint whose uploads expire says so',
    level: 'MUST',
    sentence:
      'In order to indicate this behavior to the Client, the Server MUST add `expiration` to the `Tus-Extension` header.',
    async run(endpoint) {
      const response = await endpoint.patch(await endpoint.begin(), 0, bytes.subarray(0, 100));
      const offered = endpoint.extensions.has('expiration');
      if (response.header('Upload-Expires') === null && !offered)
        throw new NotApplicable('it is neither offered nor done');
      demand(offered, `a PATCH has Upload-Expires, and Tus-Extension is ${[...endpoint.extensions]}`);
    },
  },
]);

/** Rows about Expiration and Termination. */
export const lifetimeRows: Row[] = [...announcedRows, ...expirationRows, ...terminationRows];
