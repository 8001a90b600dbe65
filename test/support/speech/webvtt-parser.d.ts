// Types for the parts of webvtt-parser that the tests use: the package has none.
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
  /** Node and its loaders give a CommonJS module without named exports this form. */
  const module: { WebVTTParser: typeof WebVTTParser };
  export default module;
}
