/** Captions as WebVTT (https://www.w3.org/TR/webvtt1/). */

import { tidy } from '../words/text.ts';
import type { Cue } from './cues.ts';

/**
 * Writes cues as a WebVTT file.
 * @param language BCP 47, for people who read the file: players take the language from the `<track>`
 */
export function toVtt(cues: readonly Cue[], { language = null }: { language?: string | null } = {}): string {
  const blocks = cues.map(
    ({ startMs, endMs, lines }) => `${timestamp(startMs)} --> ${timestamp(endMs)}\n${lines.map(payload).join('\n')}\n`,
  );
  return ['WEBVTT\n', ...(language === null ? [] : [`NOTE language: ${language}\n`]), ...blocks].join('\n');
}

/**
 * "WebVTT cue text … must not contain the substring `-->`, nor `&` or `<`" other than as a character reference. An empty line
 * would end the cue.
 */
function payload(line: string): string {
  return tidy(line).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** `00:01:02.345`. Hours have two digits or more. */
function timestamp(ms: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = Math.floor(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return `${two(hours)}:${two(minutes)}:${two(seconds % 60)}.${String(ms % 1_000).padStart(3, '0')}`;
}
