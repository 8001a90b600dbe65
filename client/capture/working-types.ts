/** The types that recorders fail with although the browser calls them supported: the others are tried first. */
import { mimeTypesToTry, type RecordingKind } from './mime-types.ts';
import { supportedMimeType } from './recorder.ts';

/** What is known of the types, for the life of the page. */
export interface WorkingTypes {
  /** In order of preference, without those that failed; all of the kind once each of them has failed. */
  list(kind?: RecordingKind): readonly string[];
  /** A recorder brought nothing with this type. */
  failed(mimeType: string): void;
}

/** Knows of no failure yet. `all`: in order of preference. */
export function createWorkingTypes(
  all: readonly string[] = [...mimeTypesToTry('video'), ...mimeTypesToTry('audio')],
  isSupported = (type: string) => supportedMimeType([type]) !== null,
): WorkingTypes {
  const bad = new Set<string>();
  const base = (type: string) => type.split(';')[0] ?? type;
  const of = (kind: RecordingKind) => all.filter((type) => type.startsWith(`${kind}/`));
  return {
    list(kind = 'video') {
      const good = of(kind).filter((type) => !bad.has(base(type)));
      return good.some(isSupported) ? good : of(kind);
    },
    failed(mimeType) {
      // Of `video/webm;codecs=vp8,opus` and `video/webm` a browser makes the same recorder.
      bad.add(base(mimeType));
      const alike = of(mimeType.startsWith('audio/') ? 'audio' : 'video');
      if (!alike.some((type) => isSupported(type) && !bad.has(base(type))))
        for (const type of alike) bad.delete(base(type));
    },
  };
}
