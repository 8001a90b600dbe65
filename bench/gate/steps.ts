import { median, percentile } from '../server/figures.ts';
import type { GateFigures } from './gate-figures.ts';

/**
 * Table rows about a gate's time: median and 95th percentile of each step, in ms after the stop. Only gates with recorded
 * steps count.
 */
export function stepRows(gates: readonly GateFigures[]): Array<Record<string, string | number>> {
  const opened = gates.flatMap(({ steps, waitMs, idealMs }) =>
    steps && waitMs !== null ? [{ ...steps, waitMs, idealMs }] : [],
  );
  const row = (step: string, values: ReadonlyArray<number | null>) => {
    const seen = values.filter((value) => value !== null);
    return {
      step,
      gates: seen.length,
      'p50 (ms)': seen.length > 0 ? Math.round(median(seen)) : '–',
      'p95 (ms)': seen.length > 0 ? Math.round(percentile(seen, 95)) : '–',
    };
  };
  return [
    row(
      'the last slice is in the spool',
      opened.map(({ lastSliceMs }) => lastSliceMs),
    ),
    row(
      'the PATCH with the last bytes begins',
      opened.map(({ lastDataBeginMs }) => lastDataBeginMs),
    ),
    row(
      '… and is answered',
      opened.map(({ lastDataEndMs }) => lastDataEndMs),
    ),
    row(
      'the empty PATCH begins',
      opened.map(({ emptyBeginMs }) => emptyBeginMs),
    ),
    row(
      '… and is answered',
      opened.map(({ emptyEndMs }) => emptyEndMs),
    ),
    row(
      'the gate opens',
      opened.map(({ waitMs }) => waitMs),
    ),
    row(
      'the ideal gate opens',
      opened.map(({ idealMs }) => idealMs),
    ),
    row(
      'requests that began after the stop (count)',
      opened.map(({ requests }) => requests),
    ),
    row(
      'of them failed (count)',
      opened.map(({ failed }) => failed),
    ),
    row(
      'bytes in the last PATCH',
      opened.map(({ lastDataBytes }) => lastDataBytes),
    ),
  ];
}
