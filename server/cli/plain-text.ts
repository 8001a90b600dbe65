/**
 * Texts of candidates on the way to a terminal. Characters that a terminal obeys, or that change how the text around them is
 * shown, could make a list say what it does not: controls (Cc), the ends of lines and paragraphs (Zl, Zp), and what is never
 * shown itself (Cf), but for the two joiners, which scripts and emoji need.
 */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text without such characters; line feeds stay. */
export function plainText(text: string): string {
  return text.replace(UNSAFE, (character) => (character === '\n' ? '\n' : ''));
}

/** JSON that means the same, with such characters as escapes. */
export function plainJson(json: string): string {
  return json.replace(UNSAFE, (character) => {
    if (character === '\n') return '\n';
    return [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join('');
  });
}
