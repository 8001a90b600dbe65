/** Text tables for terminals. */
import { displayWidth } from '../display-width.ts';

/** `1.50 MB` */
export function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

/**
 * The rows under their keys as headings, columns two spaces apart and as wide as their widest cell is shown. A column is
 * aligned to the right where the first row has a number in it. Empty where there are no rows.
 * @param rows each with the keys of the first row
 */
export function toTable(rows: ReadonlyArray<Record<string, string | number>>): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))].map((cells) =>
    cells.map((text) => ({ text, width: displayWidth(text) })),
  );
  const widths = columns.map((_, at) => lines.reduce((widest, line) => Math.max(widest, line[at]?.width ?? 0), 0));
  const isNumeric = columns.map((column) => typeof rows[0]?.[column] === 'number');
  return lines
    .map((line) =>
      line
        .map(({ text, width }, at) => {
          const padding = ' '.repeat((widths[at] ?? 0) - width);
          return isNumeric[at] ? padding + text : text + padding;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
