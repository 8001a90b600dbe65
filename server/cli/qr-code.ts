import { renderUnicodeCompact } from 'uqr';

/** White blocks on black, whatever the terminal's own colours are: many scanners don't read a negative. */
const BLACK_BEHIND_WHITE = '\u001b[38;5;231;48;5;16m';
const RESET = '\u001b[0m';
/** The quiet zone around a code that ISO/IEC 18004 asks for. */
const QUIET_MODULES = 4;

/**
 * A text as a QR code of half blocks, two modules a character high: dark modules on a light ground.
 * @param coloured for a terminal; without it the code is right on dark grounds alone
 */
export function qrCode(text: string, coloured: boolean): string {
  const rows = renderUnicodeCompact(text, { border: QUIET_MODULES }).split('\n');
  return rows.map((row) => (coloured ? `${BLACK_BEHIND_WHITE}${row}${RESET}` : row)).join('\n');
}
