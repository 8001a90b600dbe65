/** Names of languages. */
import { expect, test } from 'vitest';
import { languageTag, whisperCode } from '../../../../server/transcripts/engines/language.ts';

test('names and codes of engines become BCP 47 tags, and tags become Whisper’s codes', () => {
  expect(['english', 'Vietnamese', 'th', 'haitian creole', 'jw', 'pt-br'].map(languageTag)).toEqual([
    ...['en', 'vi', 'th', 'ht', 'jv', 'pt-BR'],
  ]);
  expect([null, '', 'und', 'klingonese'].map(languageTag)).toEqual([null, null, null, null]);
  expect(['vi', 'pt-BR', 'nb', 'jv', 'tlh', 'zh-Hant-TW'].map(whisperCode)).toEqual([
    'vi',
    'pt',
    'no',
    'jw',
    null,
    'zh',
  ]);
});
