import { z } from 'zod';

/** Characters of a candidate's name. */
const MAX_LENGTH = 1000;

/** Controls, and what ends a line or a paragraph. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;
/** Characters that are never shown themselves, but for the two joiners, which scripts need: they come with pasted texts. */
const INVISIBLE = /(?![\u200c\u200d])\p{Cf}/gu;

/** A candidate's full name, trimmed: as an invitation gives it, and as the candidate types it. */
export const fullName = z
  .string()
  .transform((name) => name.replace(INVISIBLE, '').trim())
  .pipe(
    z
      .string()
      .min(1, 'Type your full name.')
      .max(MAX_LENGTH, `A name has at most ${MAX_LENGTH} characters.`)
      .refine((name) => !CONTROL.test(name), 'A name has no control characters.'),
  );
