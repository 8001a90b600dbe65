/** `m:ss`, rounded down. */
export function formatTime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Decimal units as people meet them elsewhere: `840 kB`, `1.2 MB` (`1,2 MB` in Vietnamese). */
export function formatBytes(bytes: number, lang: string): string {
  const large = bytes >= 999_500;
  return new Intl.NumberFormat(lang, {
    style: 'unit',
    unit: large ? 'megabyte' : 'kilobyte',
    minimumFractionDigits: large ? 1 : 0,
    maximumFractionDigits: large ? 1 : 0,
  }).format(bytes / (large ? 1e6 : 1e3));
}
