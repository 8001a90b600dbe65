/** Text tables: their columns align as a terminal shows them. */
import { expect, test } from 'vitest';
import { toTable } from '../../../server/cli/table.ts';
import { displayWidth } from '../../../server/display-width.ts';

/** Names and the columns that a terminal needs for each. */
const NAMES: [name: string, columns: number][] = [
  ['Ann', 3],
  ['王小明', 6],
  ['สมชาย', 5],
  ['สมศรี ผู้ดี', 7],
  ['ทองคำ', 5],
  ['น้ำ', 2],
  ['Nguyễn'.normalize('NFC'), 6],
  ['Nguyễn'.normalize('NFD'), 6],
  ['한국'.normalize('NFD'), 4],
  ['👩‍👩‍👧 👍🏽', 5],
  ['🇹🇭', 2],
  ['ที่นี่', 2],
  ['東京 OK', 7],
  ['한국', 4],
];

test.each(NAMES)('%s takes %i columns', (name, columns) => {
  expect(displayWidth(name)).toBe(columns);
});

test('the second column begins at the same place in each line, whatever script the first one is in', () => {
  const [headings = '', ...lines] = toTable(NAMES.map(([name]) => ({ name, state: '| active' }))).split('\n');
  expect(headings.indexOf('state')).toBe(9);
  expect(lines.map((line) => displayWidth(line.slice(0, line.indexOf('|'))))).toEqual(NAMES.map(() => 9));
});

test('numbers are aligned to the right, texts to the left, and no line ends in spaces', () => {
  expect(
    toTable([
      { file: 'a', bytes: 5, note: '' },
      { file: '王', bytes: 1000, note: 'x' },
    ]),
  ).toBe(['file  bytes  note', 'a         5', '王     1000  x'].join('\n'));
  expect(toTable([])).toBe('');
});
