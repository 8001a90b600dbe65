/**
 * What Whisper writes where nobody speaks: it learned from subtitles, and those end with thanks and credits. Seen by its
 * users: openai/whisper discussion 679, m-bain/whisperX issue 1086, blogminhquy/javis-os pull request 321.
 */

/** Lower case, one space between words, nothing but letters and digits. */
export function fold(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim();
}

/** Longer texts are speech. */
const MAX_REPEATED = 400;
/** Of the whole text: a sound in brackets, notes, or nothing that can be said. */
const NOTE = /^(?:\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|\*[^*]*\*|<[^>]*>|♪.*♪|[^\p{L}\p{N}]*)$/su;

/** What a whole text is that names a certain channel or subtitler, folded. */
const NAMED = [
  /^(?:.{0,60} )?amara org(?: .{0,20})?$/u,
  /^(?:hãy |các bạn |mọi người )*(?:subscribe|đăng k[ýí]) cho kênh (?:ghiền mì gõ|la ?la school)(?: .{0,80})?$/u,
  /^transcription by castingwords$/u,
];

/** What ends films, hardly an interview's answer; folded. */
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

/** What people do say, and what Whisper also makes of noise, folded. */
const COURTESIES = new Set(
  [
    ...['thank you', 'thank you very much', 'thank you so much', 'thanks', 'bye', 'bye bye'],
    ...['you', 'okay', 'so', 'oh', 'hmm'],
    ...['cảm ơn', 'xin cảm ơn', 'cảm ơn bạn', 'cảm ơn các bạn', 'cảm ơn các bạn đã lắng nghe', 'xin chào', 'tạm biệt'],
    ...['ขอบคุณ', 'ขอบคุณครับ', 'ขอบคุณค่ะ', 'ครับ', 'ค่ะ', 'สวัสดีครับ', 'สวัสดีค่ะ', 'โอเค'],
  ].map(fold),
);

/** Once, of what a text says again and again. */
function once(folded: string): string {
  return folded.length > MAX_REPEATED ? folded : folded.replace(/^(.+?)(?: \1)+$/u, '$1');
}

/** What a whole text is: never said, the credits of a film, a courtesy that may well be meant, or speech. */
export function kindOf(text: string): 'unsaid' | 'credits' | 'courtesy' | 'speech' {
  if (NOTE.test(text.trim())) return 'unsaid';
  const folded = once(fold(text));
  if (NAMED.some((pattern) => pattern.test(folded))) return 'unsaid';
  if (CREDITS.some((pattern) => pattern.test(folded))) return 'credits';
  return COURTESIES.has(folded) ? 'courtesy' : 'speech';
}
