/** Why ffmpeg or ffprobe failed: words for people, and whether another attempt may succeed. */
import { JobError } from '../job-error.ts';
import type { Limits } from '../sandbox/containment.ts';
import type { ProcessEnd } from '../sandbox/process.ts';
import { programLacks } from './abilities.ts';
import { MAX_STREAMS } from './limits.ts';

/** Messages of ffmpeg about media that no attempt can read, and the reason for people. `$1` is the message's first group. */
const UNFIT: [RegExp, string][] = [
  [/^(?:pipe:0|file:original\.\w+): (?:Input\/output error|End of file)/m, 'it breaks off before its first picture'],
  [/Codec \((\w+)\) not on whitelist/, 'its codec $1 is not allowed'],
  [/Number of streams exceeds max_streams/, `it has more than ${MAX_STREAMS} streams`],
  [/Protocol '([\w,]+)' not on whitelist/, 'it refers to something outside itself'],
  [/Picture size \d+x\d+ exceeds|Picture size \d+x\d+ is invalid|Invalid dimensions/, 'its picture is too large'],
  [/Cannot allocate memory/, 'reading it takes more memory than media may'],
];
/** Such messages, shown to people as they are. A message about an input that can’t be opened begins with its name. */
const UNREADABLE =
  /^(pipe:0|file:original\.\w+): |Invalid data found|partial file|Could not open codec|Could not write header|Invalid argument/m;
/** Messages about the machine, not the recording: another attempt may succeed. */
const PASSING: [RegExp, string][] = [
  [/No space left on device|Disk quota exceeded/, 'the disk has no room for it just now'],
  // A message about the input begins with its name: there it means that the recording ends too early.
  [/^(?!pipe:0: |file:original\.\w+: ).*Input\/output error/m, 'the disk has a fault'],
];
/** Messages about a part that the program lacks, in the words of ffmpeg 4 to 8. Most go on with "Invalid argument". */
const LACKING =
  /Unrecognized option|Option not found|No such filter|Filter not found|Unknown encoder|Encoder not found|Unknown decoder|Decoder not found|Decoder \(codec \w+\) not found|No decoder could be found|Unknown input format|Requested output format|Unable to find a suitable output format|Automatic encoder selection failed/;
/** The statuses of the wrappers where they can't start the program. */
const SHELL_STATUSES = new Set([126, 127]);
/**
 * ffmpeg ends with one of these after SIGXCPU (its processor time is used up), as it does after Ctrl-C. Such an end
 * differs from other errors by the time that ffmpeg ran.
 */
const SIGNAL_STATUSES = new Set([123, 255]);
const MAX_WORDS = 200;

/**
 * The error of a program that failed; null where it reports no failure. On a full disk the program may print an error and
 * end with status 0.
 * @param program its name for people
 * @param tookMs how long it ran
 */
export function failureOf(end: ProcessEnd, program: string, limits: Limits, tookMs: number): JobError | null {
  const { status, signal, stderr, timedOut } = end;
  const passing = (reason: string) => new JobError(reason, { final: false });
  const final = (reason: string) => new JobError(reason, { final: true });
  if (timedOut) return passing(`${program} took longer than ${Math.round(limits.wallMs / 1_000)} s`);
  // Half of the limit: a second thread may have used the other half.
  const isCpuUp = status !== null && SIGNAL_STATUSES.has(status) && tookMs > limits.cpuSeconds * 500;
  if (signal === 'SIGXCPU' || isCpuUp)
    return final(`reading it took more than ${limits.cpuSeconds} s of processor time`);
  if (signal === 'SIGXFSZ') return final(`what is made of it is larger than ${limits.fileBytes} bytes`);
  if (signal !== null) return passing(`${program} was ended by ${signal}`);
  if (status !== null && SHELL_STATUSES.has(status)) return passing(`can’t start ${program}${lastWords(stderr)}`);
  for (const [pattern, reason] of PASSING) if (pattern.test(stderr)) return passing(reason);
  if (status === 0) return null;
  const lacking = stderr.split(/[\r\n]+/).find((line) => LACKING.test(line));
  if (lacking !== undefined) return programLacks(`${program} lacks what this needs${lastWords(lacking)}`);
  for (const [pattern, reason] of UNFIT) {
    const match = pattern.exec(stderr);
    if (match) return final(reason.replace('$1', match[1] ?? ''));
  }
  if (UNREADABLE.test(stderr)) return final(`it can’t be read${lastWords(stderr)}`);
  return passing(`${program} ended with status ${status}${lastWords(stderr)}`);
}

/** The last line that was printed, without addresses and control characters, in brackets. */
function lastWords(stderr: string): string {
  const line = stderr
    .split(/[\r\n]+/)
    .map((each) => each.replace(/\[([\w, ]+) @ 0x[\da-f]+\]/g, '$1:').replace(/[^\P{C}]/gu, ''))
    .findLast((each) => each.trim() !== '' && !/Last message repeated/.test(each));
  return line ? ` (${line.trim().slice(0, MAX_WORDS)})` : '';
}
