/** Runs the table on an endpoint, and formats the results. */
import { toTable } from '../../server/cli/table.ts';
import { Failure, NotApplicable } from './check.ts';
import type { Endpoint } from './endpoint.ts';
import type { Row } from './row.ts';
import { table } from './table.ts';

/** The outcome of a row. */
export type Outcome = 'pass' | 'FAIL' | 'n/a';

/** A row with its outcome. */
export interface Result extends Omit<Row, 'run'> {
  outcome: Outcome;
  /** What was seen where the row fails; the reason where it does not apply. */
  seen: string | null;
}

/** Runs one row after the other; uploads of a row are removed before the next row. */
export async function runTable(endpoint: Endpoint, rows: readonly Row[] = table): Promise<Result[]> {
  const results: Result[] = [];
  for (const { run, ...row } of rows) {
    const missing = row.extension !== undefined && !endpoint.extensions.has(row.extension);
    const verdict = missing
      ? { outcome: 'n/a' as const, seen: `${row.extension} is not offered` }
      : await run(endpoint).then(() => ({ outcome: 'pass' as const, seen: null }), verdictOf);
    results.push({ ...row, ...verdict });
    await endpoint.cleanUp();
  }
  return results;
}

/** A broken connection or a missing response fails a row as a wrong response does. */
function verdictOf(error: unknown): Pick<Result, 'outcome' | 'seen'> {
  const seen = error instanceof Error ? error.message : String(error);
  if (error instanceof NotApplicable) return { outcome: 'n/a', seen };
  if (error instanceof Failure || error instanceof Error) return { outcome: 'FAIL', seen };
  throw error;
}

/** Numbers of rows that passed, failed and did not apply, by level. */
export function totalsOf(results: readonly Result[]): Record<Row['level'], Record<Outcome, number>> {
  const count = (level: Row['level'], outcome: Outcome) =>
    results.filter((result) => result.level === level && result.outcome === outcome).length;
  const of = (level: Row['level']) => ({
    pass: count(level, 'pass'),
    FAIL: count(level, 'FAIL'),
    'n/a': count(level, 'n/a'),
  });
  return { MUST: of('MUST'), SHOULD: of('SHOULD'), MAY: of('MAY') };
}

/** Formats the rows under their headings, with a column of outcomes for each endpoint. */
export function outcomesOf(columns: Record<string, readonly Result[]>): string {
  const names = Object.keys(columns);
  const rows = Object.values(columns)[0] ?? [];
  return toTable(
    rows.map((row, at) => ({
      section: row.section,
      level: row.level,
      ...Object.fromEntries(names.map((name) => [name, columns[name]?.[at]?.outcome ?? ''])),
      row: row.name,
    })),
  );
}

/** Formats the totals of each level, like `MUST 70 passed, 0 failed, 5 n/a`. */
export function toTotals(results: readonly Result[]): string {
  return Object.entries(totalsOf(results))
    .map(([level, { pass, FAIL, 'n/a': none }]) => `${level} ${pass} passed, ${FAIL} failed, ${none} n/a`)
    .join(' · ');
}

/** Formats each failure with what was seen and the broken sentence; empty without failures. */
export function toFailures(results: readonly Result[]): string {
  return results
    .filter(({ outcome }) => outcome === 'FAIL')
    .map(({ section, level, name, seen, sentence }) =>
      [`FAIL ${section} (${level}): ${name}`, `  seen: ${seen}`, `  tus 1.0.0: "${sentence}"`].join('\n'),
    )
    .join('\n\n');
}
