import { parseAccept } from 'hono/utils/accept';

/** A coding of `Content-Encoding` that files are stored in. */
export type Coding = 'br' | 'gzip';

/**
 * The coding of the `available` ones, best first, that a client likes best; null: as it is. "A representation with no
 * content coding is acceptable by default unless specifically excluded" (RFC 9110, 12.5.3); where nothing is acceptable,
 * it is sent as well.
 */
export function preferredCoding(acceptEncoding: string | undefined, available: readonly Coding[]): Coding | null {
  const accepted = new Map<string, number>();
  for (const { type, q } of parseAccept(acceptEncoding ?? '')) {
    const name = type.toLowerCase();
    if (!accepted.has(name)) accepted.set(name, q);
  }
  const quality = (name: string) => accepted.get(name) ?? accepted.get('*') ?? 0;
  const best = available.reduce<Coding | null>(
    (found, coding) => (found === null || quality(coding) > quality(found) ? coding : found),
    null,
  );
  if (best === null || quality(best) === 0) return null;
  return quality(best) >= (accepted.get('identity') ?? 0) ? best : null;
}

/** The language of the `available` ones, as primary tags, that a client likes best; null where it knows none of them. */
export function preferredLanguage(acceptLanguage: string | undefined, available: readonly string[]): string | null {
  for (const { type, q } of parseAccept(acceptLanguage ?? '')) {
    const primary = type.toLowerCase().split('-', 1)[0] ?? '';
    if (q > 0 && available.includes(primary)) return primary;
  }
  return null;
}
