/** What can be wrong with any request: its headers, how long its body is said to be, the line it begins with. */
import type { Chance } from '../../support/chance.ts';
import { type Draft, get, set } from './draft.ts';
import { NAMES, NUMBERS } from './values.ts';

type Mutation = (of: Draft, chance: Chance) => void;

const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'PUT', 'TRACE', 'PROPFIND', 'PURGE', 'M-SEARCH'];
/** Node's parser knows none of these, and closes on CONNECT without an answer. */
const NO_METHODS = ['patch', 'FOO', 'CONNECT', 'PRI', '', 'GET\t', 'P\xc3\xa4TCH', 'PATCH'.repeat(100)];

/** Text that may stand in a header: no control characters. */
const plain = (text: string) => [...Buffer.from(text).toString('latin1')].filter((letter) => letter >= ' ').join('');

const HEADER_VALUES: Record<string, readonly string[]> = {
  'Upload-Offset': NUMBERS,
  'Upload-Length': NUMBERS,
  'Upload-Defer-Length': [...NUMBERS, '1', '1', 'true'],
  'Tus-Resumable': ['', '0.2.2', '1.0', '1.0.0, 1.0.0', '1.0.0,', 'x'.repeat(500), '\xff'],
  'Content-Type': [
    '',
    'application/offset+octet-stream; charset=x',
    'APPLICATION/OFFSET+OCTET-STREAM',
    'text/plain',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'application/json',
    '/',
  ],
  'X-HTTP-Method-Override': [
    ...METHODS,
    ...METHODS.map((name) => name.toLowerCase()),
    'CONNECT',
    'TRACK',
    '',
    'x y',
    '*',
  ],
  'X-Forwarded-For': [
    '',
    '1.2.3.4',
    '1.2.3.4, 5.6.7.8',
    '::1',
    '::ffff:1.2.3.4',
    'unknown',
    ',,,',
    '1.2.3',
    'x'.repeat(900),
  ],
  'X-Forwarded-Proto': ['https', 'https, http', 'javascript', ''],
  'X-Forwarded-Host': ['evil.example', 'a, b', 'x:99999', ''],
  Forwarded: ['for=1.2.3.4;proto=https', 'for="[::1', ''],
  Origin: ['https://a.example', 'https://evil.example', 'null', '*', '', 'https://a.example.evil'],
  'Access-Control-Request-Method': ['PATCH', 'x'],
  Authorization: [
    '',
    'Bearer',
    'Bearer ',
    'Basic dTpw',
    'bearer x',
    `Bearer ${'x'.repeat(201)}`,
    'Bearer \xff',
    'Digest x=y',
  ],
  'Upload-Checksum': ['sha1 AAAA', 'md5', 'sha1 Lve95gjOVATpfV8EL5X4nxwjKHE=', ''],
  'Upload-Concat': ['partial', 'final;/files/a /files/b', 'final', ''],
  'Upload-Metadata': ['', ' ', ',', 'folder', 'folder !!!', '=', 'x'.repeat(8_000)],
  'Content-Encoding': ['gzip', 'identity', 'x'],
  'Accept-Encoding': ['gzip', 'identity;q=0', '*;q=0'],
  'X-Request-Id': ['x', 'x'.repeat(300), '../..', '\xff', ''],
  Range: ['bytes=0-', 'bytes=-1', 'x'],
  Cookie: ['a=b', '=', 'x'.repeat(4_000)],
  'If-Match': ['*', '"x"'],
  Accept: ['text/html', '*/*', '', 'x'.repeat(1_000)],
  Date: ['x'],
};

const anyHeader: Mutation = (of, chance) => {
  const name = chance.pick(Object.keys(HEADER_VALUES));
  set(of, name, chance.pick(HEADER_VALUES[name] ?? []));
};

const missing: Mutation = (of, chance) => {
  const line = chance.pick(of.lines) ?? '';
  of.lines = of.lines.filter((other) => other !== line);
  if (/^host/i.test(line)) of.malformed = true;
};

const twice: Mutation = (of, chance) => {
  const line = chance.pick(of.lines.filter((other) => !/^(content-length|host|transfer-encoding)/i.test(other)));
  if (line === undefined) return;
  const [name = ''] = line.split(':');
  const value = HEADER_VALUES[name];
  of.lines.splice(chance.int(0, of.lines.length), 0, value && chance.is(0.5) ? `${name}: ${chance.pick(value)}` : line);
};

/** Two offsets, two bearers: which of them counts must not be left to chance. */
const conflicting: Mutation = (of, chance) => {
  const name = chance.pick([
    'Upload-Offset',
    'Authorization',
    'Upload-Length',
    'Tus-Resumable',
    'Content-Type',
    'Host',
  ]);
  const other = { Authorization: 'Bearer stranger', Host: 'evil.example' }[name] ?? chance.pick(NUMBERS);
  of.lines.splice(chance.int(0, of.lines.length), 0, `${name}: ${other}`);
  if (name === 'Host') of.malformed = true;
};

const strangeCase: Mutation = (of, chance) => {
  of.lines = of.lines.map((line) => {
    const [name = '', ...rest] = line.split(':');
    return [chance.is(0.5) ? name.toUpperCase() : name.toLowerCase(), ...rest].join(':');
  });
};

const strangeLine: Mutation = (of, chance) => {
  const [line, accepted] = chance.pick([
    [': no name', false],
    ['no colon', false],
    ['Space Name: x', false],
    ['Name : x', false],
    [' folded', false],
    ['\tfolded', false],
    ['X-Nul: a\0b', false],
    ['X-Control: a\x01b', false],
    ['X-Return: a\rb', false],
    ['X-\xe9: x', false],
    ['X-Obs-Text: \xe9\xff', true],
    ['__proto__: x', true],
    ['constructor: x', true],
    [`X-Long: ${'x'.repeat(8_000)}`, true],
    [`X-Longer: ${'x'.repeat(20_000)}`, false],
    [Array.from({ length: 500 }, (_, at) => `X-${at}: ${at}`).join(of.lineEnd), true],
    [Array.from({ length: 3_000 }, (_, at) => `X-${at}: ${at}`).join(of.lineEnd), false],
    [`X-Name: ${plain(chance.pick(NAMES))}`, true],
  ] as const);
  of.lines.splice(chance.int(0, of.lines.length), 0, line);
  if (!accepted) of.malformed = true;
};

const wrongLength: Mutation = (of, chance) => {
  const right = of.body.length;
  const value = chance.pick([
    () => String(right + 1),
    () => String(right + chance.int(2, 1_000_000)),
    () => '9007199254740991',
    () => {
      of.malformed = true;
      return chance.pick([String(Math.max(0, right - 1)), ...NUMBERS]);
    },
  ])();
  if (value !== String(right)) of.incomplete = true;
  set(of, 'Content-Length', value);
};

const twoLengths: Mutation = (of, chance) => {
  of.malformed = true;
  of.incomplete = true;
  of.lines.push(`Content-Length: ${chance.pick([String(of.body.length), ...NUMBERS])}`);
};

/** A body in chunks, as RFC 9112, section 7.1, has it. */
function chunked(body: Uint8Array, chance: Chance, { extension = '', trailer = '' } = {}): Buffer<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    const size = Math.min(body.length - at, chance.int(1, 9_000));
    const line = `${chance.is(0.5) ? size.toString(16) : size.toString(16).toUpperCase()}${extension}\r\n`;
    parts.push(Buffer.from(line), body.subarray(at, at + size), Buffer.from('\r\n'));
    at += size;
  }
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailer}\r\n`)]);
}

const inChunks: Mutation = (of, chance) => {
  set(of, 'Content-Length', null);
  set(of, 'Transfer-Encoding', 'chunked');
  of.body = chunked(of.body, chance, {
    extension: chance.pick(['', '', ';x=y', ';x="a b"', `;${'x'.repeat(200)}`]),
    trailer: chance.pick(['', '', 'X-Trailer: x\r\n', 'Upload-Offset: 0\r\n']),
  });
};

const badChunks: Mutation = (of, chance) => {
  of.malformed = true;
  of.incomplete = true;
  set(of, 'Content-Length', null);
  set(
    of,
    'Transfer-Encoding',
    chance.pick(['chunked', 'chunked', 'Chunked', 'gzip', 'chunked, chunked', 'identity', 'x', '']),
  );
  const text = chance.pick([
    'zz\r\nab\r\n',
    '-5\r\nabcde\r\n',
    '5\r\nabc\r\n',
    'ffffffffffffffffff\r\n',
    '5\nabcde\n0\n\n',
    '\r\n',
  ]);
  of.body = chance.is(0.3) ? of.body : Buffer.from(text);
  if (chance.is(0.2)) of.body = chunked(of.body, chance, { extension: `;${'x'.repeat(20_000)}` });
};

/** RFC 9112, section 6.3: a request with both is how requests are smuggled. */
const lengthAndChunks: Mutation = (of, chance) => {
  of.malformed = true;
  of.lines.splice(chance.int(0, of.lines.length), 0, 'Transfer-Encoding: chunked');
  if (get(of, 'Content-Length') === null) of.lines.push(`Content-Length: ${of.body.length}`);
  if (chance.is(0.5)) of.body = chunked(of.body, chance);
};

const expectation: Mutation = (of, chance) => {
  const value = chance.pick(['100-continue', '100-continue', '100-Continue', '200-ok', '', 'x'.repeat(100)]);
  set(of, 'Expect', value);
  // Node itself answers 417.
  if (!/^100-continue$/i.test(value)) of.malformed = true;
};

const connection: Mutation = (of, chance) => {
  const value = chance.pick([
    'close',
    'keep-alive',
    'upgrade',
    'Upgrade, HTTP2-Settings',
    'x',
    '',
    'close, keep-alive',
  ]);
  set(of, 'Connection', value);
  if (/upgrade/i.test(value)) set(of, 'Upgrade', chance.pick(['websocket', 'h2c', 'TLS/1.0']));
};

const otherMethod: Mutation = (of, chance) => {
  if (chance.is(0.3)) {
    of.method = chance.pick(NO_METHODS);
    of.malformed = true;
  } else of.method = chance.pick(METHODS);
};

const otherVersion: Mutation = (of, chance) => {
  of.version = chance.pick([
    'HTTP/1.0',
    'HTTP/1.0',
    'HTTP/1.2',
    'HTTP/2.0',
    'HTTP/0.9',
    'HTTP/11',
    'http/1.1',
    '',
    'RTSP/1.0',
  ]);
  of.malformed = true;
};

const otherHost: Mutation = (of, chance) => {
  set(
    of,
    'Host',
    chance.pick(['evil.example', 'LOCALHOST:80', '[::1]:8002', 'a:99999', 'a b', 'a/b', 'u@h', '', '\xff', '%00']),
  );
};

const otherTarget: Mutation = (of, chance) => {
  const path = of.target;
  of.target = chance.pick([
    `http://evil.example${path}`,
    `HTTP://localhost${path}`,
    `ftp://localhost${path}`,
    `http:${path}`,
    `/${path}`,
    `//evil.example${path}`,
    `${path}?x=${'y'.repeat(2_000)}`,
    `${path}#x`,
    `/.${path}`,
    `/x/..${path}`,
    path.slice(1),
    '*',
    '/',
    '?',
    `/${'a'.repeat(8_000)}`,
    `/${'a'.repeat(20_000)}`,
  ]);
  // The parser's to refuse.
  if (!of.target.startsWith('/')) of.malformed = true;
};

const otherLineEnd: Mutation = (of, chance) => {
  of.lineEnd = chance.pick(['\n', '\r', '\r\n\r\n', '\r\n ']);
  of.malformed = true;
  of.incomplete = true;
};

const MUTATIONS: ReadonlyArray<readonly [weight: number, Mutation]> = [
  [30, anyHeader],
  [8, missing],
  [6, twice],
  [8, conflicting],
  [3, strangeCase],
  [8, strangeLine],
  [6, wrongLength],
  [3, twoLengths],
  [6, inChunks],
  [4, badChunks],
  [3, lengthAndChunks],
  [4, expectation],
  [4, connection],
  [5, otherMethod],
  [2, otherVersion],
  [4, otherHost],
  [4, otherTarget],
  [1, otherLineEnd],
];
const TOTAL = MUTATIONS.reduce((sum, [weight]) => sum + weight, 0);

/** Makes up to four things wrong with it; sometimes none. */
export function mutate(of: Draft, chance: Chance): void {
  for (let count = chance.pick([0, 1, 1, 1, 2, 2, 3, 4]); count > 0; count--) {
    let left = chance.int(0, TOTAL - 1);
    for (const [weight, mutation] of MUTATIONS) {
      if (left < weight) {
        mutation(of, chance);
        break;
      }
      left -= weight;
    }
  }
}
