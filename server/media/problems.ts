/** What is wrong with a recording that can be copied, in words for people: what was said may lack a part. */
import type { Container } from '../../storage/types.ts';
import type { Contents, Gap, Track } from './contents.ts';
import type { Findings } from './original.ts';

/** Longer than the last cluster of a recording that was not closed. */
const CUT_OFF_MS = 2_000;
/** Picture and sound of an honest recording end within this time of each other. */
const ENDS_APART_MS = 1_000;
/** Microphones give sound all the time, cameras may rest: a still picture is common. */
const SOUND_GAP_MS = 1_000;
const PICTURE_GAP_MS = 5_000;

/** What containers need besides their packets, at most: before the media, and for each packet. */
const HEAD_BYTES: Record<Container, number> = { webm: 8_192, mp4: 16_384 };
const PACKET_BYTES: Record<Container, number> = { webm: 24, mp4: 64 };

/** What is missing in a recording; empty where nothing is. */
export function problemsOf(
  contents: Contents,
  findings: Findings,
  { container, bytes }: { container: Container; bytes: number },
): string[] {
  const { video, audio, declaredMs, startMs, durationMs, packets } = contents;
  const zeroBytes = audio?.codec.startsWith('pcm_') ? 0 : findings.zeroBytes;
  const unread = bytes - findings.leftOutBytes - packets.bytes - packets.count * PACKET_BYTES[container];
  const lostBytes = Math.max(zeroBytes, unread > HEAD_BYTES[container] ? unread : 0);
  // Where bytes were lost, each gap is told that `Contents` has. Lost bytes leave a gap in both tracks at once.
  const isDamaged = lostBytes > 0 || (video && audio && haveGapsAtOnce(video.gaps, audio.gaps));
  const endMs = startMs + durationMs;
  const isCutOff = (declaredMs ?? 0) - Math.max(durationMs, endMs) > CUT_OFF_MS;
  return [
    ...recordingsOf(findings),
    ...(lostBytes > 0 ? [`${inKilobytes(lostBytes)} kB of it are damaged and can’t be read`] : []),
    ...(isCutOff ? ['the recording breaks off before its end'] : []),
    ...gapsOf('sound', audio, contents, isDamaged ? 0 : SOUND_GAP_MS),
    ...gapsOf('picture', video, contents, isDamaged ? 0 : PICTURE_GAP_MS),
    ...(video && audio ? endsOf(video, audio) : []),
  ];
}

function recordingsOf({ recordings, leftOut, leftOutBytes }: Findings): string[] {
  if (recordings === 1) return [];
  const joined = recordings - leftOut;
  const all = `it is ${recordings} recordings one behind the other`;
  if (leftOut === 0) return [`${all}, which the copy joins`];
  const size = `${inKilobytes(leftOutBytes)} kB`;
  return [`${all}; the copy has ${joined} of them, ${leftOut} (${size}) ${leftOut === 1 ? 'is' : 'are'} left out`];
}

function haveGapsAtOnce(one: readonly Gap[], other: readonly Gap[]): boolean {
  return one.some((a) => other.some((b) => a.atMs < b.atMs + b.ms && b.atMs < a.atMs + a.ms));
}

function gapsOf(what: string, track: Track | null, { startMs }: Contents, atLeastMs: number): string[] {
  if (!track) return [];
  const startsLateMs = track.startMs - startMs;
  const late: Gap[] = startsLateMs >= SOUND_GAP_MS ? [{ atMs: startMs, ms: startsLateMs }] : [];
  const gaps = [...late, ...track.gaps].filter(({ ms }) => ms >= atLeastMs);
  const [first] = gaps;
  if (!first) return [];
  const totalMs = gaps.reduce((sum, { ms }) => sum + ms, 0);
  const where = `at ${inClock(first.atMs - startMs)}`;
  return [
    gaps.length === 1
      ? `its ${what} has a gap of ${inSeconds(totalMs)} s ${where}`
      : `its ${what} has ${gaps.length} gaps of ${inSeconds(totalMs)} s together, the first ${where}`,
  ];
}

function endsOf(video: Track, audio: Track): string[] {
  const apartMs = video.endMs - audio.endMs;
  if (Math.abs(apartMs) <= ENDS_APART_MS) return [];
  const [first, last] = apartMs < 0 ? ['picture', 'sound'] : ['sound', 'picture'];
  return [`its ${first} ends ${inSeconds(Math.abs(apartMs))} s before its ${last}`];
}

const inKilobytes = (bytes: number) => Math.max(1, Math.round(bytes / 1_000));
const inSeconds = (ms: number) => (ms / 1_000).toFixed(1);

/** `2:05`, `1:02:05`. */
function inClock(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const rest = `${String(seconds % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
