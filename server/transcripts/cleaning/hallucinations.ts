/**
 * Texts that Whisper writes where nobody speaks: Whisper learned from subtitles, and subtitles end with thanks and credits.
 * Reported by its users: openai/whisper discussion 679, m-bain/whisperX issue 1086, blogminhquy/javis-os pull request 321.
 */

/** A text in lower case with one space between words, and without anything but letters and digits. */
export function fold(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim();
}

/** A text of more characters is speech: repeated words are not looked for in it. */
const MAX_REPEATED = 400;
/** A whole text that is a sound in brackets, notes of music, or has no letter or digit. */
const NOTE = /^(?:\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|\*[^*]*\*|<[^>]*>|♪.*♪|[^\p{L}\p{N}]*)$/su;

/** Whole texts, folded, that name a certain channel or subtitler. */
const NAMED = [
  /^(?:.{0,60} )?amara org(?: .{0,20})?$/u,
  /^(?:hãy |các bạn |mọi người )*(?:subscribe|đăng k[ýí]) cho kênh (?:ghiền mì gõ|la ?la school)(?: .{0,80})?$/u,
  /^transcription by castingwords$/u,
];

/** Whole texts, folded, that end films and hardly ever an interview's answer. */
const CREDITS = [
  /^(?:thanks|thank you)(?: so| very)?(?: much)? for watching(?: everyone| guys| this video| the video| my video| and .*| bye.*| see you .*)?$/,
  /^(?:please |don t forget to |like |and |comment |share )+subscribe\b.*$|^subscribe to (?:my|our|the) channel\b.*$/,
  /^(?:i(?: wi)?ll )?see you (?:all )?in (?:the|my) next (?:video|one)\b.*$/,
  /^(?:subtitles?|captions?|subtitled|captioned|transcription|transcribed|transcript|translated|translation) (?:provided |made )?by .+$/,
  /^(?:hãy |đừng quên |nhớ |mọi người |các bạn )*(?:subscribe|đăng k[ýí]|like|ủng hộ) .*kênh\b.*$/,
  /^(?:xin )?(?:chân thành )?cảm ơn (?:các bạn|quý vị|mọi người|quý vị và các bạn) đã (?:theo dõi|xem|ủng hộ)(?: và .*| video .*| hẹn gặp lại.*)?$/,
  /^(?:và )?(?:xin )?(?:chào tạm biệt và )?hẹn gặp lại (?:các bạn|quý vị) (?:trong|ở) .*(?:video|tập|chương trình).*$/,
  /^(?:phụ đề|dịch|biên dịch|vietsub)(?: được)?(?: thực hiện)? (?:bởi|by) .+$/,
  /^(?:ขอ)?ขอบคุณ(?:ที่|สำหรับการ|ทุกท่านที่|ทุกคนที่)?(?:รับชม|ติดตาม|ชม)(?:ครับ|ค่ะ|คะ|นะครับ|นะคะ|.{0,20}วิดีโอ.*)?$/,
  /^(?:โปรดติดตามตอนต่อไป|(?:ฝาก|อย่าลืม)กด(?:ไลค์|ไลก์|ติดตาม|แชร์|subscribe).*|คำบรรยาย(?:โดย|ไทยโดย).*|ซับไทยโดย.*)$/,
];

/** Whole texts, folded, that people do say and that Whisper makes of noise, too. */
const COURTESIES = new Set(
  [
    ...['thank you', 'thank you very much', 'thank you so much', 'thanks', 'bye', 'bye bye'],
    ...['you', 'okay', 'so', 'oh', 'hmm'],
    ...['cảm ơn', 'xin cảm ơn', 'cảm ơn bạn', 'cảm ơn các bạn', 'cảm ơn các bạn đã lắng nghe', 'xin chào', 'tạm biệt'],
    ...['ขอบคุณ', 'ขอบคุณครับ', 'ขอบคุณค่ะ', 'ครับ', 'ค่ะ', 'สวัสดีครับ', 'สวัสดีค่ะ', 'โอเค'],
  ].map(fold),
);

/** The words once, of a text that is nothing but the same words repeated. */
function once(folded: string): string {
  return folded.length > MAX_REPEATED ? folded : folded.replace(/^(.+?)(?: \1)+$/u, '$1');
}

/** The kind of a whole text: never said, the credits of a film, a courtesy that may be meant, or speech. */
export function kindOf(text: string): 'unsaid' | 'credits' | 'courtesy' | 'speech' {
  if (NOTE.test(text.trim())) return 'unsaid';
  const folded = once(fold(text));
  if (NAMED.some((pattern) => pattern.test(folded))) return 'unsaid';
  if (CREDITS.some((pattern) => pattern.test(folded))) return 'credits';
  return COURTESIES.has(folded) ? 'courtesy' : 'speech';
}
