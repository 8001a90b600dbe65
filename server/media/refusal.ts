/** Why ffmpeg did not do its work: in words for people, and whether another try may go better. */
import { JobError } from '../jobs/job-error.ts';
import type { Limits, ProcessEnd } from '../jobs/process.ts';
import { MAX_STREAMS } from './limits.ts';

/** What ffmpeg says about media that will never be better, and what people are told. `$1` is what it names. */
const REFUSALS: [RegExp, string][] = [
  [/Codec \((\w+)\) not on whitelist/, 'its codec $1 is not allowed'],
  [/Number of streams exceeds max_streams/, `it has more than ${MAX_STREAMS} streams`],
  [/Protocol '([\w,]+)' not on whitelist/, 'it refers to something outside itself'],
  [/Picture size \d+x\d+ exceeds|Picture size \d+x\d+ is invalid|Invalid dimensions/, 'its picture is too large'],
  [/Cannot allocate memory/, 'reading it takes more memory than media may'],
];
/** The same, where its own words are the best there are. The input is named first where it can’t be opened. */
const UNREADABLE =
  /^(pipe:0|file:original\.\w+): |Invalid data found|partial file|Could not open codec|Could not write header|Invalid argument/m;
/** What is the machine’s fault, not the recording’s. */
const PASSING: [RegExp, string][] = [
  [/No space left on device|Disk quota exceeded/, 'the disk has no room for it just now'],
  [/Input\/output error/, 'the disk has a fault'],
];
const SHELL_STATUSES = new Set([126, 127]);
/** ffmpeg obeys the signal that its processor time is used up as it does Ctrl-C, with this; the clock tells which it was. */
const OBEYED_STATUSES = new Set([123, 255]);
const MAX_WORDS = 200;

/**
 * Null where it did its work, as far as it says. On a full disk it may say so and end with status 0.
 * @param program its name for people
 */
export function failureOf(end: ProcessEnd, program: string, limits: Limits, tookMs: number): JobError | null {
  const { status, signal, stderr, timedOut } = end;
  const passing = (reason: string) => new JobError(reason, { final: false });
  const final = (reason: string) => new JobError(reason, { final: true });
  if (timedOut) return passing(`${program} took longer than ${Math.round(limits.wallMs / 1_000)} s`);
  // Half: a second thread may have used some.
  const obeyed = status !== null && OBEYED_STATUSES.has(status) && tookMs > limits.cpuSeconds * 500;
  if (signal === 'SIGXCPU' || obeyed)
    return final(`reading it took more than ${limits.cpuSeconds} s of processor time`);
  if (signal === 'SIGXFSZ') return final(`what is made of it is larger than ${limits.fileBytes} bytes`);
  if (signal !== null) return passing(`${program} was ended by ${signal}`);
  if (status !== null && SHELL_STATUSES.has(status)) return passing(`can’t start ${program}${lastWords(stderr)}`);
  for (const [pattern, reason] of PASSING) if (pattern.test(stderr)) return passing(reason);
  if (status === 0) return null;
  for (const [pattern, reason] of REFUSALS) {
    const match = pattern.exec(stderr);
    if (match) return final(reason.replace('$1', match[1] ?? ''));
  }
  if (UNREADABLE.test(stderr)) return final(`it can’t be read${lastWords(stderr)}`);
  return passing(`${program} ended with status ${status}${lastWords(stderr)}`);
}

/** The last line that was said, without addresses and control characters, in brackets. */
function lastWords(stderr: string): string {
  const line = stderr
    .split(/[\r\n]+/)
    .map((each) => each.replace(/\[([\w, ]+) @ 0x[\da-f]+\]/g, '$1:').replace(/[^\P{C}]/gu, ''))
    .findLast((each) => each.trim() !== '' && !/Last message repeated/.test(each));
  return line ? ` (${line.trim().slice(0, MAX_WORDS)})` : '';
}
