/** Rows about the protocol versions and extensions: Tus-Version, Tus-Resumable, Tus-Extension and OPTIONS. */
import { demand, headerIs, headerMatches, NotApplicable, stateIs, statusIs } from '../check.ts';
import { BODY_TYPE, type Endpoint, type RequestOptions } from '../endpoint.ts';
import { payload, type Row, section } from '../row.ts';
import { unknownUrl } from './head.ts';

const VERSIONS = /^\d+\.\d+\.\d+( *, *\d+\.\d+\.\d+)*$/;
const NOT_SUPPORTED =
  'If the version specified by the Client is not supported by the Server, it MUST respond with the `412 Precondition Failed` status and MUST include the `Tus-Version` header into the response.';
const NOT_PROCESSED = 'In addition, the Server MUST NOT process the request.';
const EVERY_ANSWER =
  'The `Tus-Resumable` header MUST be included in every request and response except for `OPTIONS` requests. The value MUST be the version of the protocol used by the Client or the Server.';

/** Three versions that no server supports, and one that is not a version. */
const FOREIGN = ['0.2.2', '2.0.0', '1.0.1', 'one'];

const versionRows = section('Tus-Version', [
  {
    name: 'it lists versions, and 1.0.0 among them',
    level: 'MUST',
    sentence:
      'The `Tus-Version` response header MUST be a comma-separated list of protocol versions supported by the Server.',
    async run(endpoint) {
      const list = headerMatches(await endpoint.ask('OPTIONS', endpoint.url), 'Tus-Version', VERSIONS);
      demand(list.split(/ *, */).includes('1.0.0'), `Tus-Version is ${list}`);
    },
  },
]);

/** A request in another version for each method that would change or return something. */
async function asksInVersion(endpoint: Endpoint, version: string) {
  const url = await endpoint.begin();
  const headers: RequestOptions['headers'] = { 'Tus-Resumable': version };
  const answers = [
    await endpoint.create({ headers }),
    await endpoint.ask('HEAD', url, { headers }),
    await endpoint.patch(url, 0, payload(100), { headers }),
    await endpoint.ask('DELETE', url, { headers }),
  ];
  return { url, answers };
}

const resumableRows = section('Tus-Resumable', [
  ...FOREIGN.map((version) => ({
    name: `POST, HEAD, PATCH and DELETE in version ${version} are 412 with Tus-Version`,
    level: 'MUST' as const,
    sentence: NOT_SUPPORTED,
    async run(endpoint: Endpoint) {
      for (const response of (await asksInVersion(endpoint, version)).answers) {
        statusIs(response, 412);
        headerMatches(response, 'Tus-Version', VERSIONS);
      }
    },
  })),
  {
    name: 'what is asked in another version is not done',
    level: 'MUST',
    sentence: NOT_PROCESSED,
    async run(endpoint) {
      const { url, answers } = await asksInVersion(endpoint, '0.2.2');
      for (const response of answers) {
        headerIs(response, 'Location', null);
        headerIs(response, 'Upload-Offset', null);
      }
      stateIs(await endpoint.head(url), 0, 1000);
    },
  },
  {
    name: 'a request that names no version is refused',
    level: 'MAY',
    sentence: EVERY_ANSWER,
    async run(endpoint) {
      const response = await endpoint.create({ headers: { 'Tus-Resumable': undefined } });
      demand(response.status >= 400 && response.status < 500, `POST without Tus-Resumable: ${response.status}`);
    },
  },
  {
    name: 'every response to what succeeds carries it',
    level: 'MUST',
    sentence: EVERY_ANSWER,
    async run(endpoint) {
      const url = await endpoint.begin();
      const answers = [
        await endpoint.create(),
        await endpoint.head(url),
        await endpoint.patch(url, 0, payload(100)),
        await endpoint.patch(url, 100, payload(1000).subarray(100)),
      ];
      if (endpoint.extensions.has('termination')) answers.push(await endpoint.remove(await endpoint.begin()));
      for (const response of answers) {
        statusIs(response, 200, 201, 204);
        headerIs(response, 'Tus-Resumable', '1.0.0');
      }
    },
  },
  {
    name: 'every refusal carries it',
    level: 'MUST',
    sentence: EVERY_ANSWER,
    async run(endpoint) {
      const url = await endpoint.begin();
      const unknown = unknownUrl(url);
      for (const response of [
        await endpoint.head(unknown),
        await endpoint.patch(unknown, 0, payload(10)),
        await endpoint.patch(url, 500, payload(10)),
        await endpoint.patch(url, 'none', payload(10)),
        await endpoint.patch(url, 0, payload(10), { headers: { 'Content-Type': 'text/plain' } }),
        await endpoint.create({ headers: { 'Upload-Length': 'none' } }),
        await endpoint.create({ headers: { 'Upload-Length': undefined } }),
        await endpoint.ask('HEAD', url, { headers: { 'Tus-Resumable': '0.2.2' } }),
      ])
        headerIs(response, 'Tus-Resumable', '1.0.0');
    },
  },
]);

const extensionRows = section('Tus-Extension', [
  {
    name: 'it is a list of names, or absent',
    level: 'MUST',
    sentence:
      'The `Tus-Extension` response header MUST be a comma-separated list of the extensions supported by the Server. If no extensions are supported, the `Tus-Extension` header MUST be omitted.',
    async run(endpoint) {
      const response = await endpoint.ask('OPTIONS', endpoint.url);
      if (response.header('Tus-Extension') !== null)
        headerMatches(response, 'Tus-Extension', /^[a-z0-9-]+( *, *[a-z0-9-]+)*$/);
    },
  },
  {
    name: 'creation is offered',
    level: 'SHOULD',
    sentence: 'The Client and the Server SHOULD implement the upload creation extension.',
    async run({ extensions }) {
      demand(extensions.has('creation'), `Tus-Extension is ${[...extensions]}`);
    },
  },
  {
    name: 'an endpoint that creates says so',
    level: 'MUST',
    sentence: 'If the Server supports this extension, it MUST add `creation` to the `Tus-Extension` header.',
    async run(endpoint) {
      const { status } = await endpoint.create();
      isAdvertisedIfDone(endpoint, 'creation', status === 201);
    },
  },
  {
    name: 'an endpoint that creates with the length deferred says so',
    level: 'MUST',
    sentence:
      'If the Server supports deferring length, it MUST add `creation-defer-length` to the `Tus-Extension` header.',
    async run(endpoint) {
      const { status } = await endpoint.create({ length: null });
      isAdvertisedIfDone(endpoint, 'creation-defer-length', status === 201);
    },
  },
  {
    name: 'an endpoint that takes data with the creation says so',
    level: 'MUST',
    sentence:
      'If the Server supports this extension, it MUST advertise this by including `creation-with-upload` in the `Tus-Extension` header.',
    async run(endpoint) {
      const response = await endpoint.create({ headers: { 'Content-Type': BODY_TYPE }, body: payload(1000) });
      isAdvertisedIfDone(endpoint, 'creation-with-upload', response.header('Upload-Offset') === '1000');
    },
  },
  {
    name: 'creation with upload is not offered without creation',
    level: 'MUST',
    sentence:
      'Therefore, if the Server does not offer the Creation extension, it MUST NOT offer the Creation With Upload extension either.',
    async run({ extensions }) {
      if (!extensions.has('creation-with-upload')) throw new NotApplicable('creation-with-upload is not offered');
      demand(extensions.has('creation'), `Tus-Extension is ${[...extensions]}`);
    },
  },
]);

function isAdvertisedIfDone({ extensions }: Endpoint, extension: string, done: boolean): void {
  if (!done && !extensions.has(extension)) throw new NotApplicable('it is neither offered nor done');
  demand(done, `${extension} is advertised, and not done`);
  demand(extensions.has(extension), `it is done, and Tus-Extension is ${[...extensions]}`);
}

const optionsRows = section('OPTIONS', [
  {
    name: 'it is 204 or 200, with Tus-Version',
    level: 'MUST',
    sentence:
      'A successful response indicated by the `204 No Content` or `200 OK` status MUST contain the `Tus-Version` header.',
    async run(endpoint) {
      const response = await endpoint.ask('OPTIONS', endpoint.url);
      statusIs(response, 200, 204);
      headerMatches(response, 'Tus-Version', VERSIONS);
    },
  },
  {
    name: 'Tus-Resumable of the request is ignored, whatever it says',
    level: 'MUST',
    sentence:
      'The Client SHOULD NOT include the `Tus-Resumable` header in the request and the Server MUST ignore the header.',
    async run(endpoint) {
      for (const version of FOREIGN)
        statusIs(await endpoint.ask('OPTIONS', endpoint.url, { headers: { 'Tus-Resumable': version } }), 200, 204);
    },
  },
]);

/** Rows about versions and extensions. */
export const speechRows: Row[] = [...versionRows, ...resumableRows, ...extensionRows, ...optionsRows];
