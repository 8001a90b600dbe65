/** Mutations of any request: of its headers, its framing and its first line. */
import type { Chance } from '../../support/chance.ts';
import { type Draft, set } from './draft.ts';
import { badChunks, inChunks, lengthAndChunks, twoLengths, wrongLength } from './framing.ts';
import { HEADER_VALUES, METHODS, NO_METHODS } from './header-values.ts';
import { NAMES, NUMBERS } from './values.ts';

type Mutation = (of: Draft, chance: Chance) => void;

/** Text without control characters, so that a header may hold it. */
const plain = (text: string) => [...Buffer.from(text).toString('latin1')].filter((letter) => letter >= ' ').join('');

const anyHeader: Mutation = (of, chance) => {
  const name = chance.pick(Object.keys(HEADER_VALUES));
  set(of, name, chance.pick(HEADER_VALUES[name] ?? []));
};

const missing: Mutation = (of, chance) => {
  const line = chance.pick(of.lines) ?? '';
  of.lines = of.lines.filter((other) => other !== line);
};

const twice: Mutation = (of, chance) => {
  const line = chance.pick(of.lines.filter((other) => !/^(content-length|host|transfer-encoding)/i.test(other)));
  if (line === undefined) return;
  const [name = ''] = line.split(':');
  const value = HEADER_VALUES[name];
  of.lines.splice(chance.int(0, of.lines.length), 0, value && chance.is(0.5) ? `${name}: ${chance.pick(value)}` : line);
};

/** Adds a second offset or bearer: the server must not pick one of them by chance. */
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

const expectation: Mutation = (of, chance) => {
  const value = chance.pick(['100-continue', '100-continue', '100-Continue', '200-ok', '', 'x'.repeat(100)]);
  set(of, 'Expect', value);
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
  // The parser refuses these.
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

/** Applies up to four mutations to a draft; sometimes none. */
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
