/** The types that recorders fail with although the browser calls them supported: the others are tried first. */
import { mimeTypesToTry } from './mime-types.ts';
import { supportedMimeType } from './recorder.ts';

/** What is known of the types, for the life of the page. */
export interface WorkingTypes {
  /** In order of preference, without those that failed; all of them once each has failed. */
  list(): readonly string[];
  /** A recorder brought nothing with this type. */
  failed(mimeType: string): void;
}

/** Knows of no failure yet. `all`: in order of preference. */
export function createWorkingTypes(
  all: readonly string[] = mimeTypesToTry(),
  isSupported = (type: string) => supportedMimeType([type]) !== null,
): WorkingTypes {
  const bad = new Set<string>();
  const base = (type: string) => type.split(';')[0] ?? type;
  return {
    list() {
      const good = all.filter((type) => !bad.has(base(type)));
      return good.some(isSupported) ? good : all;
    },
    failed(mimeType) {
      // Of `video/webm;codecs=vp8,opus` and `video/webm` a browser makes the same recorder.
      bad.add(base(mimeType));
      if (!all.some((type) => isSupported(type) && !bad.has(base(type)))) bad.clear();
    },
  };
}
