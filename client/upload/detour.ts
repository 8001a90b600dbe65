/**
 * Ways around what is between the device and the server: a proxy that takes small bodies only, or knows no method but
 * GET and POST. What passed once is remembered for the life of the page.
 */
import { MAX_PATCH_BYTES } from './throughput.ts';
import type { LostRequest } from './tus-responses.ts';

/** Bodies are never made smaller than this: each costs a round trip in which nothing is sent. */
export const LEAST_BODY_BYTES = 16_384;
/** After this many bodies of the largest size that passes, a somewhat larger one is tried; twice as many after each refusal. */
const GROW_AFTER = 8;
const GROWTH = 1.25;
/** A network that answers HEAD and lets no PATCH through, without a word: the other way is tried after this many in a row. */
const SILENT_PATCHES = 2;
/** Statuses by which a proxy may mean the method. */
const OF_METHOD: ReadonlySet<number> = new Set([400, 403, 404, 405, 406, 501]);

/** The ways of one page's uploads. */
export interface Detour {
  /** Whether PATCH and HEAD are sent as POST with `X-HTTP-Method-Override`. */
  usesPost(): boolean;
  /** The most bytes that a body may carry. */
  maxBodyBytes(): number;
  /** A request was lost on its way. Returns whether another way is open, which is worth an attempt at once. */
  lost(request: LostRequest): boolean;
  /** The endpoint accepted a body of `bytes` bytes. */
  passed(bytes: number): void;
}

/** Creates the ways of a page, which begin as the straight one. */
export function createDetour(): Detour {
  let usesPost = false;
  /** Whether the method was changed since a body passed. */
  let changed = false;
  let silent = 0;
  let maxBytes = MAX_PATCH_BYTES;
  /** Bodies of the largest size that passed. */
  let largest = 0;
  let growAfter = GROW_AFTER;
  /** Whether the size grew since a body was refused as too large. */
  let grown = false;

  function shrink(bytes: number): boolean {
    if (bytes <= LEAST_BODY_BYTES) return false;
    if (grown) growAfter *= 2;
    maxBytes = Math.max(LEAST_BODY_BYTES, grown ? maxBytes / GROWTH : Math.min(bytes, maxBytes) / 2);
    grown = false;
    largest = 0;
    return maxBytes < bytes;
  }

  function changeMethod(): boolean {
    usesPost = !usesPost;
    const first = !changed;
    changed = true;
    return first;
  }

  return {
    usesPost: () => usesPost,
    maxBodyBytes: () => Math.floor(maxBytes),
    lost({ method, status, bytes }) {
      if (method === 'POST') return false;
      if (status === null) {
        silent = method === 'PATCH' ? silent + 1 : 0;
        return silent > 0 && silent % SILENT_PATCHES === 0 && changeMethod();
      }
      if (status === 413) return shrink(bytes);
      return OF_METHOD.has(status) && changeMethod();
    },
    passed(bytes) {
      changed = false;
      silent = 0;
      if (maxBytes === MAX_PATCH_BYTES || bytes < Math.floor(maxBytes)) return;
      largest += 1;
      if (largest < growAfter) return;
      largest = 0;
      grown = true;
      maxBytes = Math.min(MAX_PATCH_BYTES, maxBytes * GROWTH);
    },
  };
}
