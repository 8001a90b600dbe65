/** Tokens as people paste them, and as links bring them. */
import { expect, test } from 'vitest';
import { tokenOfAddress, tokensOf } from '../../../client/pages/token-text.ts';

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
