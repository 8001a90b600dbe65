// Types of whisper-fixture.mjs, which is plain JavaScript so that it can be run by hand.

export interface Sentence {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** The sentences of the model, with their times. */
export const SENTENCES: readonly Sentence[];
export function writeWhisperFixture(file: string): void;
