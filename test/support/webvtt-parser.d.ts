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
  class WebVTTParser {
    parse(text: string, mode: 'captions'): { cues: ParsedCue[]; errors: { message: string; line: number }[] };
  }
  /** As Node and its loaders see a CommonJS module that names nothing. */
  const module: { WebVTTParser: typeof WebVTTParser };
  export default module;
}
