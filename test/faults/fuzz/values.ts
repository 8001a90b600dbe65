/** Values for headers, paths and fields: valid, nearly valid and absurd. */
import type { Chance } from '../../support/chance.ts';

/** Texts that are not, or hardly, a whole number of bytes. */
export const NUMBERS = [
  '0',
  '1',
  '7',
  '-1',
  '-0',
  '+1',
  '00',
  '007',
  '1e3',
  '1E3',
  '1e+21',
  '0x10',
  '0b1',
  '1.0',
  '1.5',
  '.5',
  'Infinity',
  'NaN',
  'null',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '999999999999999',
  '500000001',
  '99999999999999999999',
  ' 5',
  '5 ',
  '5\t',
  '',
  '5, 5',
  '5;5',
  '1_000',
  '\xd9\xa5',
  '1'.repeat(400),
] as const;

/** Names with a meaning in JavaScript, SQL, a shell or a file system. */
export const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  '..',
  '../../etc/passwd',
  '/etc/passwd',
  'tresgo.db',
  "' or 1=1 --",
  '$(id)',
  '%00',
  '\u0000',
  'a\r\nX-Injected: 1',
  'Nguyễn 王 😀',
  '\u202e\ufeff',
  ' ',
  '',
  'x'.repeat(300),
  'x'.repeat(7_000),
] as const;

/** Draws the last part of an upload's path: `known` itself, or a variation of it. */
export function uploadIdNear(chance: Chance, known: string): string {
  return chance.pick([
    known.toUpperCase(),
    `${known}0`,
    known.slice(1),
    `${known}/`,
    `${known}?x=1`,
    `${known}?${'x'.repeat(3_000)}`,
    `${known}#part`,
    `${known}.json`,
    `${known}%20`,
    `${known}%00`,
    `%2e%2e%2f${known}`,
    `x/../${known}`,
    `./${known}`,
    `../files/${known}`,
    `${known}%0d%0aX-Injected:%201`,
    `${known};x=1`,
    encodeAll(known),
    '0'.repeat(32),
    chance.uuid().replaceAll('-', ''),
    '',
    '/',
    '.',
    '..',
    '../tresgo.db',
    '..%2ftresgo.db',
    '..%2f..%2f..%2fetc%2fpasswd',
    '..\\..\\tresgo.db',
    '%',
    '%zz',
    '%ff',
    '%E0%A4%A',
    '%u0000',
    '__proto__',
    'constructor',
    '*',
    '$',
    '[x]',
    '{x}',
    '|',
    '\xe7\x8e\x8b',
    'a'.repeat(4_000),
    'a/'.repeat(1_000),
    '%61'.repeat(1_000),
  ]);
}

function encodeAll(text: string): string {
  return [...text].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');
}

const base64 = (value: string) => Buffer.from(value).toString('base64');

/** Draws an `Upload-Metadata` from the right values, most often with one mistake. */
export function metadataNear(chance: Chance, right: Record<string, string>): string {
  const pairs = Object.entries(right).map(([key, value]) => `${key} ${base64(value)}`);
  const replace = (key: string, value: string) =>
    [...pairs.filter((pair) => !pair.startsWith(`${key} `)), `${key} ${base64(value)}`].join(',');
  const key = chance.pick(Object.keys(right));
  return chance.pick([
    () => '',
    () => pairs.slice(1).join(','),
    () => [...pairs, pairs[0]].join(','),
    () => [...pairs, ''].join(','),
    () => pairs.join(', '),
    () => pairs.join(','.repeat(50)),
    () => pairs.join(',').replaceAll(' ', '  '),
    () => pairs.join(',').replaceAll('=', ''),
    () => pairs.join(',').toUpperCase(),
    () => `${pairs.join(',')},${chance.pick(NAMES).replaceAll(/[\0\r\n]/g, '')}`,
    () => `${pairs.join(',')},name ${base64('Nguyễn 王')}`,
    () => `${pairs.join(',')},k\xe9y ${base64('x')}`,
    () => `${pairs.join(',')},bad !!!!`,
    () => `${pairs.join(',')},bad AAA`,
    () => `${pairs.join(',')},latin /////w==`,
    () => `${pairs.join(',')},long ${base64('x'.repeat(8_000))}`,
    () => Array.from({ length: 500 }, (_, at) => `key${at} ${base64(String(at))}`).join(','),
    () => `${key} ${base64(chance.pick(NAMES))}`,
    () => replace(key, chance.pick(NAMES)),
    () => replace('questionIndex', chance.pick(NUMBERS)),
    () => replace('takeId', chance.pick([chance.uuid().toUpperCase(), 'x', `${chance.uuid()}0`, ''])),
  ])();
}
