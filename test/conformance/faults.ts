/** Ways to break tus, and the rows that must notice each: by their `section: name`. */
import type { Fault, Message, Reply } from './reference.ts';

/** A fault of the reference server. */
interface NamedFault extends Fault {
  name: string;
  fails: RegExp;
}

type Change = (reply: Reply, message: Message) => void;

const drop =
  (name: string, when: Change | ((reply: Reply, message: Message) => boolean) = () => true): Change =>
  (reply, message) => {
    if (when(reply, message)) delete reply.headers[name];
  };
const set =
  (name: string, value: (was: string | undefined) => string, when = (_: Reply, __: Message) => true): Change =>
  (reply, message) => {
    if (when(reply, message)) reply.headers[name] = value(reply.headers[name]);
  };
const status =
  (was: number, is: number, when = (_: Reply, __: Message) => true): Change =>
  (reply, message) => {
    if (reply.status === was && when(reply, message)) reply.status = is;
  };
const to = (method: string) => (_: Reply, message: Message) => message.method === method;
const has = (name: string) => (reply: Reply) => name in reply.headers;
const without = (extension: string): Change =>
  set(
    'Tus-Extension',
    (list = '') =>
      list
        .split(',')
        .filter((each) => each !== extension)
        .join(','),
    has('Tus-Extension'),
  );

/** All faults: each row fails for at least one of them. */
export const faults: readonly NamedFault[] = [
  { name: 'an offset is read leniently', breaks: ['offset-number'], fails: /^Upload-Offset: a PATCH/ },
  { name: 'a length is read leniently', breaks: ['length-number'], fails: /^Upload-Length: a (creation|PATCH)/ },
  {
    name: 'offsets are sent with a fraction',
    reply: set('Upload-Offset', (was) => `${was}.0`, has('Upload-Offset')),
    fails: /^Upload-Offset: the offset of every|^HEAD: the offset of an/,
  },
  {
    name: 'HEAD tells another length',
    reply: set('Upload-Length', (was) => `${was}0`, has('Upload-Length')),
    fails: /^Upload-Length: the length|^HEAD: the length/,
  },
  { name: 'Tus-Max-Size has a unit', reply: set('Tus-Max-Size', () => '1 MB', to('OPTIONS')), fails: /^Tus-Max-Size/ },
  { name: 'Tus-Version is 1', reply: set('Tus-Version', () => '1'), fails: /^Tus-Version|4\d\d with Tus-Version/ },
  { name: 'OPTIONS has no Tus-Version', reply: drop('Tus-Version', to('OPTIONS')), fails: /^OPTIONS: it is/ },
  { name: 'any version is served', breaks: ['version'], fails: /^Tus-Resumable: (POST|what|a request)/ },
  { name: 'the version is looked at too late', breaks: ['version-first'], fails: /^Tus-Resumable: what/ },
  { name: '412 does not say which version', reply: drop('Tus-Version', to('POST')), fails: /^Tus-Resumable: POST/ },
  { name: 'OPTIONS looks at the version', breaks: ['options-version'], fails: /^OPTIONS: Tus-Resumable/ },
  {
    name: 'success names no version',
    reply: drop('Tus-Resumable', ({ status }) => status < 300),
    fails: /^Tus-Resumable: every response/,
  },
  {
    name: 'refusals name no version',
    reply: drop('Tus-Resumable', ({ status }) => status === 404),
    fails: /^Tus-Resumable: every refusal/,
  },
  { name: 'an empty list', reply: set('Tus-Extension', () => '', to('OPTIONS')), fails: /^Tus-Extension: it is/ },
  {
    name: 'creation is silent',
    reply: without('creation'),
    fails: /^Tus-Extension: (creation|an endpoint that creates says)/,
  },
  { name: 'deferral is silent', reply: without('creation-defer-length'), fails: /^Tus-Extension: .*deferred says so/ },
  { name: 'upload is silent', reply: without('creation-with-upload'), fails: /^Tus-Extension: .*takes data/ },
  { name: 'termination is silent', reply: without('termination'), fails: /^Tus-Extension: .*removes/ },
  { name: 'expiration is silent', reply: without('expiration'), fails: /^Tus-Extension: .*expire/ },

  {
    name: 'HEAD is silent of 0',
    reply: drop('Upload-Offset', ({ headers }) => headers['Upload-Offset'] === '0'),
    fails: /^HEAD: the offset of an upload/,
  },
  {
    name: 'HEAD always says 0',
    reply: set('Upload-Offset', () => '0', to('HEAD')),
    fails: /^HEAD: (the offset (is|of a c)|asking)/,
  },
  { name: 'HEAD is 206', reply: status(200, 206), fails: /^HEAD: it is 200/ },
  { name: 'HEAD may be cached', reply: drop('Cache-Control'), fails: /^HEAD: it must not/ },
  { name: 'HEAD writes', breaks: ['read-only-head'], fails: /^HEAD: asking again/ },
  {
    name: 'HEAD of nothing is 400',
    reply: status(404, 400, to('HEAD')),
    fails: /^HEAD: .*is 404|^Termination: what was/,
  },
  {
    name: 'HEAD of nothing has an offset',
    reply: set(
      'Upload-Offset',
      () => '0',
      (reply) => reply.status === 404,
    ),
    fails: /^HEAD: .*no Upload-Offset/,
  },
  { name: 'a query is part of the name', breaks: ['query'], fails: /^HEAD: a query/ },
  { name: 'the override is ignored', breaks: ['override'], fails: /^X-HTTP-Method-Override|as DELETE/ },

  { name: 'only all at once', breaks: ['chunks'], fails: /^PATCH: bytes at the current/ },
  { name: 'a body needs its length', breaks: ['accept-chunked'], fails: /^PATCH: a body without/ },
  { name: 'PATCH is 200', reply: status(204, 200, to('PATCH')), fails: /^PATCH: success/ },
  { name: 'PATCH tells no offset', reply: drop('Upload-Offset', to('PATCH')), fails: /^PATCH: the (response|new)/ },
  {
    name: 'PATCH tells what it received alone',
    reply: (reply, { method, body }) => {
      if (method === 'PATCH' && reply.status === 204) reply.headers['Upload-Offset'] = String(body.length);
    },
    fails: /^PATCH: the new offset/,
  },
  { name: 'another type is 400', reply: status(415, 400), fails: /^PATCH: .* is 415/ },
  { name: 'any type will do', breaks: ['type'], fails: /^PATCH: .* is 415|a body of another type/ },
  { name: 'any offset will do', breaks: ['conflict'], fails: /^PATCH: .*is 409|^PATCH: a length that comes/ },
  {
    name: 'the offset is looked at too late',
    breaks: ['conflict-first'],
    fails: /409 and changes|a length that comes/,
  },
  { name: 'nothing is gone', reply: status(404, 410, to('PATCH')), fails: /^PATCH: an upload that does not exist/ },
  { name: 'a length is not a limit', breaks: ['beyond-length'], fails: /beyond Upload-Length|^PATCH: a complete/ },
  { name: 'a cut loses all', breaks: ['cut-kept'], fails: /^PATCH: what came/ },
  {
    name: 'a cut spoils the upload',
    breaks: ['cut-survived'],
    fails: /^PATCH: after a break|a last PATCH that is cut/,
  },

  { name: 'POST is 200', reply: status(201, 200), fails: /^Creation: POST/ },
  {
    name: 'Location is elsewhere',
    reply: set('Location', (was) => `/else${was}`, has('Location')),
    fails: /^Creation: the upload/,
  },
  { name: 'one upload for all', breaks: ['ids'], fails: /^Creation: each/ },
  { name: 'no length is none', breaks: ['no-length'], fails: /^Creation: neither/ },
  { name: 'two lengths', breaks: ['both-lengths'], fails: /^Creation: a length and/ },
  {
    name: 'a length of 0 is taken for none',
    reply: (reply, { method, header }) => {
      if (method === 'POST' && header('Upload-Length') === '0') reply.status = 400;
    },
    fails: /^Creation: an empty file/,
  },
  { name: 'no limit', breaks: ['max-size'], fails: /^Creation: .* 413/ },
  {
    name: 'the limit is too low',
    reply: (reply, { header }) => {
      if (header('Upload-Length') === '1000000') reply.status = 413;
    },
    fails: /^Creation: .*not too large/,
  },
  { name: 'metadata is forgotten', reply: drop('Upload-Metadata'), fails: /^Upload-Metadata: .*as it was given/ },
  { name: 'metadata is text', breaks: ['metadata-bytes'], fails: /^Upload-Metadata: bytes that are no text/ },
  { name: 'any metadata will do', breaks: ['metadata'], fails: /^Upload-Metadata: .*is refused$/ },
  {
    name: 'refused, with a Location',
    reply: set(
      'Location',
      () => '/files/none',
      (reply) => reply.status === 400,
    ),
    fails: /^Upload-Metadata: what is refused/,
  },

  { name: 'any deferral will do', breaks: ['defer-value'], fails: /^Upload-Defer-Length: the value/ },
  { name: 'HEAD hides the deferral', reply: drop('Upload-Defer-Length'), fails: /^Upload-Defer-Length: HEAD says/ },
  {
    name: 'always deferred',
    reply: set('Upload-Defer-Length', () => '1', to('HEAD')),
    fails: /^Upload-Defer-Length: HEAD of/,
  },
  { name: 'lengths come too late', breaks: ['declare'], fails: /^Upload-Defer-Length: .*sets the length/ },
  { name: 'lengths change', breaks: ['change-length'], fails: /can't be/ },
  { name: 'shorter than it is', breaks: ['below-offset'], fails: /^Upload-Defer-Length: a length below/ },
  {
    name: 'the same length is another one',
    breaks: ['equal-length'],
    fails: /^Upload-Defer-Length: (the same|a last)/,
  },

  { name: 'POST ignores its body', breaks: ['with-upload'], fails: /^Creation With Upload: (all|its|none|also)/ },
  { name: 'no 100 Continue is sent', breaks: ['continue'], fails: /^Creation With Upload: Expect/ },
  {
    name: 'PATCH does not say when',
    reply: drop('Upload-Expires', to('PATCH')),
    fails: /^Expiration: (the response to a PATCH|so|it)/,
  },
  {
    name: '409 does not say when',
    reply: drop('Upload-Expires', (reply) => reply.status === 409),
    fails: /^Expiration: so does/,
  },
  { name: 'POST does not say when', reply: drop('Upload-Expires', to('POST')), fails: /^Expiration: .*POST/ },
  {
    name: 'it expires in ISO 8601',
    reply: set('Upload-Expires', (was = '') => new Date(was).toISOString(), has('Upload-Expires')),
    fails: /^Expiration: it is a date/,
  },
  {
    name: 'it expired long ago',
    reply: set('Upload-Expires', () => 'Wed, 25 Jun 2014 16:00:00 GMT', has('Upload-Expires')),
    fails: /^Expiration: it is a date/,
  },
  {
    name: 'DELETE is 200',
    reply: status(204, 200, to('DELETE')),
    fails: /^Termination: DELETE of an? (unfinished|complete)/,
  },
  { name: 'DELETE removes nothing', breaks: ['terminate'], fails: /^Termination: (what|a POST)/ },
  {
    name: 'DELETE of nothing is 204',
    reply: status(404, 204, to('DELETE')),
    fails: /^Termination: .*(not exist|what was)/,
  },

  { name: 'SHA1', reply: set('Tus-Checksum-Algorithm', () => 'SHA1', to('OPTIONS')), fails: /^Checksum: OPTIONS/ },
  { name: 'no checksum', breaks: ['checksum'], fails: /^Checksum: (a body that does not|an algorithm)/ },
  {
    name: 'every checksum is wrong',
    reply: (reply, { header }) => {
      if (header('Upload-Checksum')) reply.status = 460;
    },
    fails: /^Checksum: (a body that agrees|an algorithm)/,
  },
  { name: 'parts are not reported', reply: drop('Upload-Concat'), fails: /^Concatenation: HEAD/ },
  { name: 'the final one is open', breaks: ['final-closed'], fails: /^Concatenation: a final upload takes/ },
  {
    name: 'the final one is empty',
    reply: set(
      'Upload-Length',
      () => '0',
      (reply) => /^final/.test(reply.headers['Upload-Concat'] ?? ''),
    ),
    fails: /^Concatenation: a final upload is/,
  },
];
