/** Checks a copy against its recording: ffmpeg ends with status 0 also where it lost half of the media. */
import path from 'node:path';
import type { Container } from '../../storage/types.ts';
import { JobError } from '../job-error.ts';
import { isIndexInFront } from './container-layout.ts';
import { type Contents, readContents, type Track } from './contents.ts';
import { DURATION_TOLERANCE_MS, limitsFor } from './limits.ts';
import type { Input, Tools, Workplace } from './tools.ts';

/** How many packets at a track's start are decoded: the first packets of AAC give no sound, and each lasts 21 ms. */
const FIRST_PACKETS = { video: 1, audio: 8 };
/** The first frame or sound must be decoded within this time after the track's start. */
const FIRST_WITHIN_MS = 200;
/** The last part of the sound that is decoded. */
const LAST_SOUND_MS = 1_000;

/** A copy, and what it is checked against. */
interface Copy {
  input: Input & { name: string };
  container: Container;
  /** The codec of sound that was encoded anew, with other packets; null where the sound was copied. */
  audioCodec: string | null;
}

/**
 * Checks duration, tracks, index, and first and last frame of a copy.
 * @throws JobError, final, that names the first difference
 */
export async function checkCopy(tools: Tools, original: Contents, copy: Copy, workplace: Workplace): Promise<Contents> {
  const { input, container, audioCodec } = copy;
  const contents = await readContents(tools, input, workplace);
  checkTrack('picture', original, contents, { kind: 'video', container, codec: null });
  checkTrack('sound', original, contents, { kind: 'audio', container, codec: audioCodec });
  // A recording often does not say how long its last packet is shown.
  const tailMs = Math.max(...[original, contents].flatMap(({ video, audio }) => [tailOf(video), tailOf(audio)]));
  for (const durationMs of [contents.durationMs, contents.declaredMs ?? 0])
    if (Math.abs(durationMs - original.durationMs) > DURATION_TOLERANCE_MS + tailMs)
      throw unfit(`its copy lasts ${inSeconds(durationMs)} s, the recording ${inSeconds(original.durationMs)} s`);
  const { video, audio } = contents;
  // Sound alone gets no index from old versions of ffmpeg 4.
  const mayLackIndex = container === 'webm' && !video && !tools.abilities.canMoveCues;
  if (!mayLackIndex && !(await isIndexInFront(path.join(workplace.folder, input.name), container)))
    throw unfit('its copy has no index in front');
  if (video && tools.canDecode(video.codec)) await decodeEnds(tools, 'video', video, input, workplace);
  else if (!video && audio && tools.canDecode(audio.codec)) await decodeEnds(tools, 'audio', audio, input, workplace);
  return contents;
}

const tailOf = (track: Track | null) => (track ? Math.max(track.endMs - track.lastMs, 0) : 0);

/** @param as.codec the codec of a track that was encoded anew; null where it was copied */
function checkTrack(
  what: string,
  { startMs, ...original }: Contents,
  copied: Contents,
  as: { kind: 'video' | 'audio'; container: Container; codec: string | null },
): void {
  const [was, is] = [original[as.kind], copied[as.kind]];
  if (!was && !is) return;
  if (!was || !is) throw unfit(`its copy has ${is ? 'a' : 'no'} ${what}, the recording ${was ? 'one' : 'none'}`);
  if (is.codec !== (as.codec ?? was.codec)) throw unfit(`its copy’s ${what} is ${is.codec}, not ${was.codec}`);
  if (as.codec !== null) return;
  // An MP4 ends each track after a duration: where the last packet of a recording has none, the track may end before it.
  const [lastMs, wasLastMs] = [is.lastMs - copied.startMs, was.lastMs - startMs];
  const lacksLast = as.container === 'mp4' && is.packets === was.packets - 1 && wasLastMs - lastMs > was.lastStepMs / 2;
  if (is.packets !== was.packets && !lacksLast)
    throw unfit(`its copy’s ${what} has ${is.packets} packets, the recording’s ${was.packets}`);
  if (Math.abs(lastMs - wasLastMs) > DURATION_TOLERANCE_MS + (lacksLast ? was.lastStepMs : 0))
    throw unfit(`its copy’s ${what} ends at ${inSeconds(lastMs)} s, the recording’s at ${inSeconds(wasLastMs)} s`);
}

/** Decodes the first packets, and all packets from the last one that decoding can begin with. */
async function decodeEnds(
  tools: Tools,
  kind: 'video' | 'audio',
  track: Track,
  input: Input,
  workplace: Workplace,
): Promise<void> {
  const fromMs = Math.max(track.startMs, kind === 'video' ? track.lastKeyMs : track.lastMs - LAST_SOUND_MS);
  const text = await tools.ffprobe(input, {
    ...workplace,
    args: [
      ...['-select_streams', kind === 'video' ? 'V:0' : 'a:0'],
      ...['-read_intervals', `%+#${track.hidden + FIRST_PACKETS[kind]},${(fromMs / 1_000).toFixed(6)}%`],
      ...['-show_entries', 'frame=best_effort_timestamp_time', '-of', 'csv=p=0'],
    ],
    limits: limitsFor({ sourceBytes: input.bytes, decodedMs: track.lastMs - fromMs }),
  });
  const times = text
    .split('\n')
    .map((line) => Number.parseFloat(line) * 1_000)
    .filter(Number.isFinite);
  const what = kind === 'video' ? 'frame' : 'sound';
  const firstMs = times.at(0) ?? Number.POSITIVE_INFINITY;
  if (firstMs > track.startMs + FIRST_WITHIN_MS) throw unfit(`its first ${what} can’t be decoded`);
  const lastMs = times.reduce((latest, each) => Math.max(latest, each), Number.NEGATIVE_INFINITY);
  if (lastMs < track.lastMs - DURATION_TOLERANCE_MS) throw unfit(`its last ${what} can’t be decoded`);
}

const unfit = (reason: string) => new JobError(reason, { final: true });
const inSeconds = (ms: number) => (ms / 1_000).toFixed(1);
