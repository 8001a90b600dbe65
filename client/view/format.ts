/** Texts of times, sizes and rates. `lang` is a BCP 47 tag such as `vi`. */

/** `m:ss`, rounded down to whole seconds. */
export function formatTime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Decimal units, as other programs show them: `840 kB`, `1.2 MB` (`1,2 MB` in Vietnamese). */
export function formatBytes(bytes: number, lang: string): string {
  const large = bytes >= 999_500;
  return new Intl.NumberFormat(lang, {
    style: 'unit',
    unit: large ? 'megabyte' : 'kilobyte',
    minimumFractionDigits: large ? 1 : 0,
    maximumFractionDigits: large ? 1 : 0,
  }).format(bytes / (large ? 1e6 : 1e3));
}

/**
 * Day and time of an ISO 8601 text in this device's time zone: `December 4, 2025` and `6:00 PM`. Each language joins them in its
 * own way. `day`: how the day is said.
 */
export function formatDay(
  iso: string,
  lang: string,
  day: Intl.DateTimeFormatOptions = { dateStyle: 'long' },
): [day: string, time: string] {
  const say = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(lang, options).format(new Date(iso));
  return [say(day), say({ hour: 'numeric', minute: '2-digit' })];
}

/** The date and time of an ISO 8601 text in this device's time zone; a text that is no date is returned as it is. */
export function formatMoment(iso: string, lang: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'short' }).format(date);
}
