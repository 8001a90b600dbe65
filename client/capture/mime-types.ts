/** The types to record. One alone is not enough: Safari records no webm before 18.4, Firefox no mp4. */

const WEBM = ['video/webm;codecs=vp8,opus', 'video/webm'];
const MP4 = ['video/mp4;codecs=avc1.42E01E,mp4a.40.2', 'video/mp4'];
/** Of sound alone. Ogg, which Firefox records as well, is none of the containers that the server takes. */
const VOICE = ['audio/webm;codecs=opus', 'audio/webm', 'audio/mp4;codecs=mp4a.40.2', 'audio/mp4'];

/** What a recording has: a picture with sound, or sound alone. */
export type RecordingKind = 'video' | 'audio';

/**
 * The types in order of preference; the browser may support none of them.
 *
 * WebKit, the engine of Safari and of every browser on iOS, records mp4 first: its webm, which it offers since 18.4, does
 * not say that a phone was held upright, and the answer would lie on its side. Elsewhere webm comes first: Chromium's mp4
 * delivers nothing between two key frames, whatever the timeslice, and a reload would lose more. No feature tells the two
 * apart, since both offer both; the vendor is the engine's own and the same in all its browsers and versions.
 */
export function mimeTypesToTry(
  kind: RecordingKind = 'video',
  vendor: string = globalThis.navigator?.vendor ?? '',
): string[] {
  if (kind === 'audio') return VOICE;
  return vendor.startsWith('Apple') ? [...MP4, ...WEBM] : [...WEBM, ...MP4];
}
