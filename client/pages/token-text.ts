/** Tokens as they arrive: in links that mail programs have rewritten, pasted whole, with what stood around them. */

/** The token in a link's fragment, query or path, as `#t=`, also with its own signs percent-encoded. */
const IN_LINK = /(?:[#?&/]|%23)t(?:=|%3D)([^&#]+)/i;
/** In the fragment of a link from another device: the questions whose answer that one still holds. */
const HELD = /[#&]held=(\d+(?:,\d+)*)/;
/** What a sentence or a mail program puts around a link. */
const AROUND = /^[\s<(["'“‘«]+|[\s>)\]"'”’».,;:!?]+$/g;

/**
 * The token of a page's own address, from its query and fragment; null without one. It is in the query where a program
 * has rewritten the `#` of the link.
 */
export function tokenOfAddress({ search, hash }: Pick<Location, 'search' | 'hash'>): string | null {
  const raw = IN_LINK.exec(search + hash)?.[1];
  return raw === undefined ? null : visible(decoded(raw));
}

/** The questions, from 1, whose answer the device that made the link still holds; none in other links. */
export function heldOfAddress({ hash }: Pick<Location, 'hash'>): number[] {
  return HELD.exec(hash)?.[1]?.split(',').map(Number) ?? [];
}

/**
 * The tokens that a pasted text may mean, the likeliest first: as it stands, then without the punctuation around it. A
 * whole link means the token in it. Empty for a text without a visible character.
 */
export function tokensOf(text: string): string[] {
  const linked = IN_LINK.exec(text)?.[1];
  const token = visible(linked === undefined ? text : decoded(linked));
  return [...new Set([token, token.replace(AROUND, '')])].filter((candidate) => candidate !== '');
}

/** Printable ASCII alone, of which every token is made: chats add characters that nobody can see. */
function visible(text: string): string {
  return text
    .replace(/\s/g, ' ')
    .replace(/[^ -~]/g, '')
    .trim();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
