/** Runs the table on an endpoint, and prints what came of it. */
import { Failure, NotApplicable } from './check.ts';
import type { Endpoint } from './endpoint.ts';
import type { Row } from './row.ts';
import { table } from './table.ts';

export type Outcome = 'pass' | 'FAIL' | 'n/a';

export interface Result extends Omit<Row, 'run'> {
  outcome: Outcome;
  /** What was seen where it fails, why where it does not apply. */
  seen: string | null;
}

/** One row after the other; what a row leaves behind is removed before the next one. */
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

/** A broken connection or an answer that never comes fails a row as a wrong answer does. */
function verdictOf(error: unknown): Pick<Result, 'outcome' | 'seen'> {
  const seen = error instanceof Error ? error.message : String(error);
  if (error instanceof NotApplicable) return { outcome: 'n/a', seen };
  if (error instanceof Failure || error instanceof Error) return { outcome: 'FAIL', seen };
  throw error;
}

/** How many rows of each level passed, failed, and say nothing. */
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

/** The rows under headings, one column of outcomes for each endpoint. */
export function toTable(columns: Record<string, readonly Result[]>): string {
  const names = Object.keys(columns);
  const rows = Object.values(columns)[0] ?? [];
  const cells = rows.map((row, at) => [
    row.section,
    row.level,
    ...names.map((name) => columns[name]?.[at]?.outcome ?? ''),
    row.name,
  ]);
  const lines = [['section', 'level', ...names, 'row'], ...cells];
  const widths = lines[0]?.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `MUST 70 passed, 0 failed, 5 n/a`, for each level. */
export function toTotals(results: readonly Result[]): string {
  return Object.entries(totalsOf(results))
    .map(([level, { pass, FAIL, 'n/a': none }]) => `${level} ${pass} passed, ${FAIL} failed, ${none} n/a`)
    .join(' · ');
}

/** Each failure with what was seen and the sentence that it breaks; empty where none failed. */
export function toFailures(results: readonly Result[]): string {
  return results
    .filter(({ outcome }) => outcome === 'FAIL')
    .map(({ section, level, name, seen, sentence }) =>
      [`FAIL ${section} (${level}): ${name}`, `  seen: ${seen}`, `  tus 1.0.0: "${sentence}"`].join('\n'),
    )
    .join('\n\n');
}
