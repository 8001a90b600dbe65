/** The table itself: a server that keeps every rule passes every row, and each row fails on a server that breaks its rule. */
import { expect, test } from 'vitest';
import { openEndpoint } from './endpoint.ts';
import { faults } from './faults.ts';
import { type Fault, openReference } from './reference.ts';
import type { Row } from './row.ts';
import { runTable } from './suite.ts';
import { table } from './table.ts';

const nameOf = ({ section, name }: Pick<Row, 'section' | 'name'>) => `${section}: ${name}`;

async function run(fault: Fault, rows: readonly Row[]) {
  const reference = await openReference(fault);
  try {
    return await runTable(await openEndpoint({ url: reference.url }), rows);
  } finally {
    await reference.close();
  }
}

test('a server that keeps every rule passes every row, and none is n/a', async () => {
  const results = await run({}, table);
  expect(results.filter(({ outcome }) => outcome !== 'pass')).toEqual([]);
});

test.each(faults)('noticed: $name', async ({ fails, ...fault }) => {
  const rows = table.filter((row) => fails.test(nameOf(row)));
  expect(rows.length).toBeGreaterThan(0);
  const results = await run(fault, rows);
  expect(results.filter(({ outcome }) => outcome !== 'FAIL').map(nameOf)).toEqual([]);
});

test('every row fails for at least one fault', () => {
  expect(table.map(nameOf).filter((name) => !faults.some(({ fails }) => fails.test(name)))).toEqual([]);
});

test('rows have different names, and each sentence has the key word of its level', () => {
  expect(new Set(table.map(nameOf)).size).toBe(table.length);
  const weak = table.filter(
    ({ level, sentence }) => level !== 'MAY' && !new RegExp(`\\b${level}\\b`, 'i').test(sentence),
  );
  expect(weak.map(nameOf)).toEqual([]);
});
