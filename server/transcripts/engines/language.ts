/** Names of languages: `vietnamese` in engines' results is `vi` (BCP 47) here. */

/** Tags and the names that whisper.cpp (`g_lang`) and OpenAI (openai/whisper `TO_LANGUAGE_CODE`) use. */
const NAMES = `
  en english, zh chinese, de german, es spanish, ru russian, ko korean, fr french, ja japanese, pt portuguese, tr turkish,
  pl polish, ca catalan, nl dutch, ar arabic, sv swedish, it italian, id indonesian, hi hindi, fi finnish, vi vietnamese,
  he hebrew, uk ukrainian, el greek, ms malay, cs czech, ro romanian, da danish, hu hungarian, ta tamil, no norwegian,
  th thai, ur urdu, hr croatian, bg bulgarian, lt lithuanian, la latin, mi maori, ml malayalam, cy welsh, sk slovak,
  te telugu, fa persian, lv latvian, bn bengali, sr serbian, az azerbaijani, sl slovenian, kn kannada, et estonian,
  mk macedonian, br breton, eu basque, is icelandic, hy armenian, ne nepali, mn mongolian, bs bosnian, kk kazakh,
  sq albanian, sw swahili, gl galician, mr marathi, pa punjabi, si sinhala, km khmer, sn shona, yo yoruba, so somali,
  af afrikaans, oc occitan, ka georgian, be belarusian, tg tajik, sd sindhi, gu gujarati, am amharic, yi yiddish, lo lao,
  uz uzbek, fo faroese, ht haitian creole, ps pashto, tk turkmen, nn nynorsk, mt maltese, sa sanskrit, lb luxembourgish,
  my myanmar, bo tibetan, tl tagalog, mg malagasy, as assamese, tt tatar, haw hawaiian, ln lingala, ha hausa, ba bashkir,
  jv javanese, su sundanese, yue cantonese, my burmese, ca valencian, nl flemish, ht haitian, lb letzeburgesch, ps pushto,
  pa panjabi, ro moldavian, ro moldovan, si sinhalese, es castilian, zh mandarin`;

const tags = new Map(
  NAMES.split(',').map((entry) => {
    const [tag = '', ...name] = entry.trim().split(' ');
    return [name.join(' '), tag];
  }),
);
const known = new Set(tags.values());

/** Whisper's own codes where they differ from BCP 47. */
const WHISPER_CODES: Record<string, string> = { jv: 'jw', nb: 'no', fil: 'tl', iw: 'he' };

/** The BCP 47 tag of a language that an engine names by name or code; null where the name is unknown or `und`. */
export function languageTag(name: string | null | undefined): string | null {
  const plain = name?.trim().toLowerCase() ?? '';
  if (plain === 'jw') return 'jv';
  const tag = tags.get(plain);
  if (tag) return tag;
  return /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/.test(plain) && plain !== 'und'
    ? (Intl.getCanonicalLocales(plain)[0] ?? null)
    : null;
}

/** Whisper's code for a BCP 47 tag, like `pt` for `pt-BR`; null where Whisper does not know the language. */
export function whisperCode(tag: string): string | null {
  const primary = tag.toLowerCase().split('-')[0] ?? '';
  return WHISPER_CODES[primary] ?? (known.has(primary) ? primary : null);
}
