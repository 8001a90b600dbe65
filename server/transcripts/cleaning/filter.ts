/**
 * Removes segments that nobody said. Segments that may have been said stay: a segment is removed for its whole text only,
 * and, unless no candidate would say the text, only where the recording is silent, too.
 */
import type { Segment, Word } from '../words/segments.ts';
import { fold, kindOf } from './hallucinations.ts';
import { type Loudness, SILENCE_DBFS, WINDOW_MS } from './loudness.ts';

/** Below this level no speech can be heard, in dBFS. */
const SILENT_DBFS = -60;
/** The highest level of a room without speech, in dBFS … */
const QUIET_DBFS = -50;
/** … or, in dB, how far a room without speech is below the speech of the recording. */
const BELOW_SPEECH_DB = 25;
/** Whisper's own threshold for "no speech". */
const NO_SPEECH = 0.6;
/** The times of engines are wrong by up to 500 ms. */
const IMPRECISION_MS = 500;
/** A click, or the end of the word before, lasts for fewer windows of `WINDOW_MS`. */
const WINDOWS_OF_SPEECH = 4;
/** A segment that is repeated this many times in a row is a loop of the engine … */
const SAME_SEGMENTS = 3;
/** … and so are words that are repeated this many times in a row inside a segment. */
const SAME_WORDS = 6;
const MAX_LOOP_WORDS = 12;

/** The segments that may have been said, each loop of the engine once. */
export function filterSegments(segments: readonly Segment[], loudness: Loudness): Segment[] {
  const quietDbfs = Math.max(QUIET_DBFS, speechDbfs(loudness) - BELOW_SPEECH_DB);
  const kept: Segment[] = [];
  // From the end: credits are the last segments of a recording.
  for (const segment of segments.toReversed()) {
    const nobodySpeaks = levelOf(segment, loudness) < quietDbfs || (segment.noSpeech ?? 0) > NO_SPEECH;
    const atEnd = kept.length === 0;
    const isSilent = levelOf(segment, loudness, IMPRECISION_MS) < SILENT_DBFS;
    if (!isSilent && !isNotSaid(segment.text, { nobodySpeaks, atEnd })) kept.unshift(segment);
  }
  return collapse(kept).map(unloop);
}

function isNotSaid(text: string, { nobodySpeaks, atEnd }: { nobodySpeaks: boolean; atEnd: boolean }): boolean {
  switch (kindOf(text)) {
    case 'unsaid':
      return true;
    case 'credits':
      return nobodySpeaks || atEnd;
    case 'courtesy':
      return nobodySpeaks;
    case 'speech':
      return false;
  }
}

/** The level of a segment's loudest `WINDOWS_OF_SPEECH` windows, in dBFS. */
function levelOf({ startMs, endMs }: Segment, { levels }: Loudness, aroundMs = 0): number {
  const from = Math.max(0, Math.floor((startMs - aroundMs) / WINDOW_MS));
  const own = levels.slice(from, Math.max(from + 1, Math.ceil((endMs + aroundMs) / WINDOW_MS)));
  const loudest = own.toSorted((one, other) => other - one).slice(0, WINDOWS_OF_SPEECH);
  return loudest.at(-1) ?? SILENCE_DBFS;
}

/** The level of the speech in a recording, in dBFS: 5 % of the windows are louder. */
function speechDbfs({ levels }: Loudness): number {
  const sorted = levels.toSorted((one, other) => other - one);
  return sorted[Math.floor(sorted.length / 20)] ?? SILENCE_DBFS;
}

/** Keeps the first of segments that repeat the same text. */
function collapse(segments: readonly Segment[]): Segment[] {
  const runs: Segment[][] = [];
  for (const segment of segments) {
    const run = runs.at(-1);
    if (run?.[0] && fold(run[0].text) === fold(segment.text)) run.push(segment);
    else runs.push([segment]);
  }
  return runs.flatMap((run) => (run.length >= SAME_SEGMENTS ? run.slice(0, 1) : run));
}

/** Keeps the first of words that are repeated inside one segment. Needs the segment's words. */
function unloop(segment: Segment): Segment {
  const { text, words } = segment;
  const folded = words.map((word) => fold(word.text));
  const kept: Word[] = [];
  let rebuilt = '';
  let from = 0;
  for (let at = 0; at < words.length; ) {
    const { length, times } = loopAt(folded, at);
    for (const word of words.slice(at, at + length)) {
      const place = text.indexOf(word.text, from);
      rebuilt += text.slice(from, place + word.text.length);
      from = place + word.text.length;
      kept.push(word);
    }
    for (const word of words.slice(at + length, at + length * times))
      from = text.indexOf(word.text, from) + word.text.length;
    at += length * times;
  }
  return kept.length === words.length ? segment : { ...segment, text: rebuilt, words: kept };
}

/** The loop that begins at a word: how many words it has and how often they come; one word once where there is no loop. */
function loopAt(words: readonly string[], at: number): { length: number; times: number } {
  for (let length = 1; length <= MAX_LOOP_WORDS; length++) {
    let same = 0;
    while (at + length + same < words.length && words[at + same] === words[at + length + same]) same += 1;
    const times = 1 + Math.floor(same / length);
    if (times >= SAME_WORDS) return { length, times };
  }
  return { length: 1, times: 1 };
}
