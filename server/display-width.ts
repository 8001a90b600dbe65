/** The width of a text where it is shown. */
import stringWidth from 'string-width';

/**
 * SARA AM of Thai and Lao behind a consonant. Its second half stands beside the consonant and takes a column of its own
 * (glibc's `wcwidth` gives it 1). string-width 8.3.0 counts a consonant and the SARA AM behind it as 1 column.
 */
const SARA_AM = /(?<=[\p{L}\p{M}])[\u0e33\u0eb3]/gu;

/** The width of a text in columns, as terminals show it: a Latin letter takes 1 column, a Han character or an emoji 2. */
export function displayWidth(text: string): number {
  // Most cells of long lists; the library takes a hundred times as long.
  if (/^[ -~]*$/.test(text)) return text.length;
  return stringWidth(text) + (text.match(SARA_AM)?.length ?? 0);
}
