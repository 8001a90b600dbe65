/** Whether a copy is what was to be made: ffmpeg ends with status 0 on media that it lost half of. */
import path from 'node:path';
import { JobError } from '../jobs/job-error.ts';
import { type Container, isIndexInFront } from './container-layout.ts';
import { type Contents, readContents, type Track } from './contents.ts';
import { DURATION_TOLERANCE_MS, limitsFor } from './limits.ts';
import type { Input, Tools, Workplace } from './tools.ts';

/** Of a track's start; the first packets of AAC give no sound, and one of them lasts 21 ms. */
const FIRST_PACKETS = { video: 1, audio: 8 };
const FIRST_WITHIN_MS = 200;
/** Sound is decoded from so long before its end. */
const LAST_SOUND_MS = 1_000;

export interface Copy {
  input: Input & { name: string };
  container: Container;
  /** The sound was made anew: its packets are others, and its codec is this one. */
  audioCodec: string | null;
}

/**
 * Duration, tracks, index, first and last frame.
 * @throws JobError that says what is not right
 */
export async function checkCopy(tools: Tools, original: Contents, copy: Copy, workplace: Workplace): Promise<Contents> {
  const { input, container, audioCodec } = copy;
  const contents = await readContents(tools, input, workplace);
  checkTrack('picture', original.video, contents.video, null);
  checkTrack('sound', original.audio, contents.audio, audioCodec);
  for (const durationMs of [contents.durationMs, contents.declaredMs ?? 0])
    if (Math.abs(durationMs - original.durationMs) > DURATION_TOLERANCE_MS)
      throw refusal(`its copy lasts ${inSeconds(durationMs)} s, the recording ${inSeconds(original.durationMs)} s`);
  if (!(await isIndexInFront(path.join(workplace.folder, input.name), container)))
    throw refusal('its copy has no index in front');
  if (contents.video) await decodeEnds(tools, 'video', contents.video, input, workplace);
  else if (contents.audio) await decodeEnds(tools, 'audio', contents.audio, input, workplace);
  return contents;
}

function checkTrack(what: string, original: Track | null, copy: Track | null, codec: string | null): void {
  if (!original && !copy) return;
  if (!original || !copy)
    throw refusal(`its copy has ${copy ? 'a' : 'no'} ${what}, the recording ${copy ? 'none' : 'one'}`);
  if (copy.codec !== (codec ?? original.codec))
    throw refusal(`its copy’s ${what} is ${copy.codec}, not ${original.codec}`);
  if (codec === null && copy.packets !== original.packets)
    throw refusal(`its copy’s ${what} has ${copy.packets} packets, the recording’s ${original.packets}`);
}

/** Decodes the first packets, and all from the last point where decoding can begin. */
async function decodeEnds(
  tools: Tools,
  kind: 'video' | 'audio',
  track: Track,
  input: Input,
  workplace: Workplace,
): Promise<void> {
  const fromMs = kind === 'video' ? track.lastKeyMs : Math.max(track.startMs, track.lastMs - LAST_SOUND_MS);
  const text = await tools.ffprobe(input, {
    ...workplace,
    args: [
      ...['-select_streams', kind === 'video' ? 'V:0' : 'a:0'],
      ...['-read_intervals', `%+#${FIRST_PACKETS[kind]},${(fromMs / 1_000).toFixed(6)}%`],
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
  if (firstMs > track.startMs + FIRST_WITHIN_MS) throw refusal(`its first ${what} can’t be decoded`);
  const lastMs = times.reduce((latest, each) => Math.max(latest, each), Number.NEGATIVE_INFINITY);
  if (lastMs < track.lastMs - DURATION_TOLERANCE_MS) throw refusal(`its last ${what} can’t be decoded`);
}

const refusal = (reason: string) => new JobError(reason, { final: true });
const inSeconds = (ms: number) => (ms / 1_000).toFixed(1);
