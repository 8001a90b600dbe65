/** whisper.cpp's full JSON as it really is: with parts of characters, and without escapes. */
import { expect, test } from 'vitest';
import { readWhisperJson } from '../../../../server/transcripts/engines/whisper-json.ts';

interface Token {
  bytes: Buffer | string;
  p?: number | string;
}

/** The file that whisper.cpp's `output_json` writes for one segment of 4 s; each token lasts 100 ms. */
function whisperJson(language: string, tokens: readonly Token[]): Buffer {
  const parts: (string | Buffer)[] = [
    `{\n\t"result": {\n\t\t"language": "${language}"\n\t},\n\t"transcription": [\n\t\t{\n`,
  ];
  const put = (...more: (string | Buffer)[]) => void parts.push(...more);
  const times = (from: number, to: number) =>
    `"timestamps": {\n"from": "00:00:00,000",\n"to": "00:00:00,000"\n},\n"offsets": {\n"from": ${from},\n"to": ${to}\n},\n`;
  const spoken = tokens.filter(({ bytes }) => !String(bytes).startsWith('[_'));
  put(times(0, 4_000), '"text": "', ...spoken.map(({ bytes }) => escaped(bytes)), '",\n"tokens": [\n');
  for (const [at, { bytes, p = 0.5 }] of tokens.entries()) {
    put('{\n"text": "', escaped(bytes), '",\n', times(at * 100, (at + 1) * 100));
    put(`"id": ${at},\n"p": ${p},\n"t_dtw": -1\n}${at < tokens.length - 1 ? ',' : ''}\n`);
  }
  put(']\n}\n]\n}\n');
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

/** Escapes only quotes and backslashes, as whisper.cpp does. */
function escaped(bytes: Buffer | string): Buffer {
  return Buffer.from(Buffer.from(bytes).toString('latin1').replace(/["\\]/g, '\\$&'), 'latin1');
}

/** A text in tokens of `size` bytes, wherever characters end. */
function bytewise(text: string, size: number): Token[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => ({
    bytes: bytes.subarray(at * size, (at + 1) * size),
  }));
}

test('tokens become words, and special tokens are left out', () => {
  const tokens = ['[_BEG_]', ' an', ' inter', 'view', '.', '[_TT_200]'].map((bytes) => ({ bytes }));
  expect(readWhisperJson(whisperJson('en', tokens))).toEqual({
    language: 'en',
    segments: [
      {
        ...{ text: 'an interview.', startMs: 0, endMs: 4_000, noSpeech: null },
        words: [
          { text: 'an', startMs: 100, endMs: 200, confidence: 0.5 },
          { text: 'interview.', startMs: 200, endMs: 400, confidence: 0.5 },
        ],
      },
    ],
  });
});

test.each([1, 2, 3, 4, 5, 7])('Vietnamese and Thai are put together again from tokens of %i bytes', (size) => {
  for (const [language, text] of [
    ['vi', ' Tôi đã làm việc ở Đà Nẵng.'],
    ['th', 'สวัสดีครับ ผมทำงานที่กรุงเทพ'],
    ['jw', ' 🙂 “a\\b”'],
  ] as const) {
    const { segments } = readWhisperJson(whisperJson(language, bytewise(text, size)));
    expect(segments.map((segment) => segment.text)).toEqual([text.trim()]);
    expect(segments[0]?.words.map((word) => word.text).join('')).toBe(text.replaceAll(' ', ''));
    expect(segments[0]?.words.every(({ startMs, endMs }) => startMs < endMs)).toBe(true);
  }
  expect(readWhisperJson(whisperJson('jw', [])).language).toBe('jv');
});

test('line ends in a text, and numbers that JSON does not have, are read', () => {
  const { segments } = readWhisperJson(
    whisperJson('en', [{ bytes: ' one\n' }, { bytes: ' nan', p: 'nan' }, { bytes: ' inf', p: '-inf' }]),
  );
  expect(segments[0]?.text).toBe('one nan inf');
  expect(segments[0]?.words.map(({ confidence }) => confidence)).toEqual([0.5, null, null]);
});

test('a character whose last bytes never come is left out', () => {
  const { segments } = readWhisperJson(
    whisperJson('vi', [{ bytes: ' ba' }, { bytes: Buffer.from([0x20, 0xe1, 0xba]) }]),
  );
  expect(segments.map(({ text }) => text)).toEqual(['ba']);
});

test.each(['', '{"result": {', '[]', '{"result": {"language": "en"}}', '<html>'])(
  '%o is refused: whisper.cpp writes no such file',
  (text) => {
    expect(() => readWhisperJson(Buffer.from(text))).toThrow();
  },
);
