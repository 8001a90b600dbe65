/**
 * Leaves out what nobody said. What may have been said stays: a text goes only for what it is as a whole and, unless no
 * candidate would say it, only where the recording is silent, too.
 */
import type { Segment, Word } from './engine.ts';
import { fold, kindOf } from './hallucinations.ts';
import { type Loudness, SILENCE_DBFS, WINDOW_MS } from './loudness.ts';

/** Below that, nobody can be heard, in dBFS. */
const SILENT_DBFS = -60;
/** A room without speech is at most that loud … */
const QUIET_DBFS = -50;
/** … or so much less loud than the speech in it, in dB. */
const BELOW_SPEECH_DB = 25;
/** Whisper's own limit for "no speech". */
const NO_SPEECH = 0.6;
/** Engines are off by as much. */
const IMPRECISION_MS = 500;
/** A click, or the end of the word before, lasts for less than so many windows. */
const WINDOWS_OF_SPEECH = 4;
/** A segment that comes so often in a row is the engine's loop … */
const SAME_SEGMENTS = 3;
/** … and so are words that come so often in a row inside of one. */
const SAME_WORDS = 6;
const MAX_LOOP_WORDS = 12;

export function filterSegments(segments: readonly Segment[], loudness: Loudness): Segment[] {
  const quietDbfs = Math.max(QUIET_DBFS, speechDbfs(loudness) - BELOW_SPEECH_DB);
  const kept: Segment[] = [];
  // From the end: credits come last, one after the other.
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

/** How loud the loudest moments of a segment are. */
function levelOf({ startMs, endMs }: Segment, { levels }: Loudness, aroundMs = 0): number {
  const from = Math.max(0, Math.floor((startMs - aroundMs) / WINDOW_MS));
  const own = levels.slice(from, Math.max(from + 1, Math.ceil((endMs + aroundMs) / WINDOW_MS)));
  const loudest = own.toSorted((one, other) => other - one).slice(0, WINDOWS_OF_SPEECH);
  return loudest.at(-1) ?? SILENCE_DBFS;
}

/** How loud the speech of a recording is: what 5 % of its time surpass. */
function speechDbfs({ levels }: Loudness): number {
  const sorted = levels.toSorted((one, other) => other - one);
  return sorted[Math.floor(sorted.length / 20)] ?? SILENCE_DBFS;
}

/** Of the same text again and again, the first. */
function collapse(segments: readonly Segment[]): Segment[] {
  const runs: Segment[][] = [];
  for (const segment of segments) {
    const run = runs.at(-1);
    if (run?.[0] && fold(run[0].text) === fold(segment.text)) run.push(segment);
    else runs.push([segment]);
  }
  return runs.flatMap((run) => (run.length >= SAME_SEGMENTS ? run.slice(0, 1) : run));
}

/** Of the same words again and again in one segment, the first. Needs the times of words. */
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

/** How many words from a place on are said again and again, and how often; a single word once where none are. */
function loopAt(words: readonly string[], at: number): { length: number; times: number } {
  for (let length = 1; length <= MAX_LOOP_WORDS; length++) {
    let same = 0;
    while (at + length + same < words.length && words[at + same] === words[at + length + same]) same += 1;
    const times = 1 + Math.floor(same / length);
    if (times >= SAME_WORDS) return { length, times };
  }
  return { length: 1, times: 1 };
}
