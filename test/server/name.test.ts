import { expect, test } from 'vitest';
import { fullName } from '../../server/name.ts';

test.each([
  ['  Nguyễn Văn A ', 'Nguyễn Văn A'],
  ['x'.repeat(1_000), 'x'.repeat(1_000)],
  [` ${'x'.repeat(1_000)} `, 'x'.repeat(1_000)],
  ['\tAnna\n', 'Anna'],
])('the name %.20j is %.20j', (text, name) => {
  expect(fullName.parse(text)).toBe(name);
});

test.each([
  ['', 'Type your full name.'],
  [' \t ', 'Type your full name.'],
  ['x'.repeat(1_001), 'A name has at most 1000 characters.'],
  ['Anna\u0000', 'A name has no control characters.'],
  ['Anna\nBela', 'A name has no control characters.'],
  ['Anna\u007f', 'A name has no control characters.'],
])('%.20j is no name: %s', (text, message) => {
  expect(fullName.safeParse(text).error?.issues[0]?.message).toBe(message);
});
