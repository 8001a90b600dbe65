/** Tokens as people paste them, and as links bring them. */
import { expect, test } from 'vitest';
import { heldOfAddress, tokenOfAddress, tokensOf } from '../../../client/pages/token-text.ts';

test.each([
  ['Ab3-_9', ['Ab3-_9']],
  ['  Ab3-_9\n', ['Ab3-_9']],
  ['Ab3-_9\u200b', ['Ab3-_9']],
  ['\u2060Ab3\u00ad-_9\ufeff', ['Ab3-_9']],
  ['Ab3-_9.', ['Ab3-_9.', 'Ab3-_9']],
  ['(Ab3-_9),', ['(Ab3-_9),', 'Ab3-_9']],
  ['“Ab3-_9”', ['Ab3-_9']],
  ['<Ab3-_9>', ['<Ab3-_9>', 'Ab3-_9']],
  ['https://interviews.example.com/#t=Ab3-_9', ['Ab3-_9']],
  ['https://interviews.example.com/%23t=Ab3-_9', ['Ab3-_9']],
  ['https://interviews.example.com/?lang=vi#t=Ab3-_9.', ['Ab3-_9.', 'Ab3-_9']],
  ['https://interviews.example.com/?t=Ab3-_9&utm_source=mail', ['Ab3-_9']],
  ['Your link: https://interviews.example.com/#t=a%20b%25', ['a b%']],
  ['interviews.example.com/#t=Ab%', ['Ab%']],
  ['a token of its own', ['a token of its own']],
  ['first=1', ['first=1']],
  [' \u200b\ufeff ', []],
  ['...', ['...']],
])('%j may be %j', (pasted, tokens) => {
  expect(tokensOf(pasted)).toEqual(tokens);
});

test.each([
  ['', '#t=Ab3-_9', 'Ab3-_9'],
  ['', '#t=Ab3-_9%E2%80%8B', 'Ab3-_9'],
  ['', '#t%3DAb3-_9', 'Ab3-_9'],
  ['', '#/t=Ab3-_9', 'Ab3-_9'],
  ['?t=Ab3-_9', '', 'Ab3-_9'],
  ['?lang=vi%23t=Ab3-_9', '', 'Ab3-_9'],
  ['?lang=vi', '#t=a%20b', 'a b'],
  ['?lang=vi', '#t=%', '%'],
  ['?last=1', '#start', null],
  ['', '', null],
])('the token of the address %j %j is %j', (search, hash, token) => {
  expect(tokenOfAddress({ search, hash })).toBe(token);
});

test('a link from another device tells which answers that one holds; the token is read as in any link', () => {
  const link = { search: '?lang=vi', hash: '#t=a1b2c3&held=1,12' };
  expect(heldOfAddress(link)).toEqual([1, 12]);
  expect(tokenOfAddress(link)).toBe('a1b2c3');
  expect(tokensOf('https://tresgo.example/?lang=vi#t=a1b2c3&held=1')).toEqual(['a1b2c3']);
  for (const hash of ['', '#t=a1b2c3', '#t=held=1', '#t=a&held=x']) expect(heldOfAddress({ hash })).toEqual([]);
});
