// What the tests use of webvtt-parser, which has no types.
declare module 'webvtt-parser' {
  export interface ParsedCue {
    id: string;
    /** In seconds. */
    startTime: number;
    endTime: number;
    /** With its markup. */
    text: string;
  }
  export class WebVTTParser {
    parse(text: string, mode: 'captions'): { cues: ParsedCue[]; errors: { message: string; line: number }[] };
  }
}
