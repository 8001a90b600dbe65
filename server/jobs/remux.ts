/** The job `remux`: a seekable copy of an answer, a poster, and the answer's duration. */
import type { Storage } from '../../storage/index.ts';
import { JobError } from '../job-error.ts';
import type { Media } from '../media/index.ts';
import type { Work } from './runner.ts';

/** What the job needs. */
interface RemuxDeps {
  storage: Pick<Storage, 'derived' | 'freeBytes'> & { takes: Pick<Storage['takes'], 'metadataOf'> };
  config: { minFreeBytes: number };
  /** Null while ffmpeg is not installed. */
  media: () => Media | null;
}

/** The end of a job without a result, because its take is no longer the answer. */
export const SUPERSEDED = { reason: 'another take counts by now', isLast: true };

/** A device's clock counts from a button to another; a recording is shorter by less than this. */
const SHORTER_MS = 2_000;

/**
 * What is said of a recording that is much shorter than its device counted: where `Upload-Metadata` has `durationMs`.
 * @param durationMs the length of what was recorded
 */
function shorterThanCounted(metadata: string, durationMs: number): string[] {
  const value = /(?:^|,)\s*durationMs ([\w+/]+=*)/.exec(metadata)?.[1] ?? '';
  const countedMs = Number(Buffer.from(value, 'base64').toString('latin1'));
  // NaN where the value is no number.
  if (!(countedMs - durationMs > Math.max(SHORTER_MS, countedMs / 10))) return [];
  const [seconds, counted] = [durationMs, countedMs].map((ms) => (ms / 1_000).toFixed(1));
  return [`it lasts ${seconds} s, though its device counted ${counted} s`];
}

const inWords = (reasons: readonly string[]) => (reasons.length > 0 ? reasons.join('; ') : null);

/** Creates the work of `remux` jobs. */
export function createRemux({ storage, config, media }: RemuxDeps): Work {
  const { derived } = storage;
  return async (job, { signal, onProgress, isOurs }) => {
    const source = await derived.source(job);
    if (!source) return SUPERSEDED;
    const { take, session, file } = source;
    const tools = media();
    if (!tools) throw new JobError('ffmpeg is gone', { final: false });
    // Recordings come first: the copy and its temporary files may not take the disk space that recordings need.
    if ((await storage.freeBytes()) - 3 * take.offset < config.minFreeBytes)
      throw new JobError('the disk has no room for a copy just now', { final: false });
    const folder = await derived.openWork(job, take.offset);
    try {
      const container = take.container ?? 'webm';
      const normalizeAudio = session.interview.normalizeAudio === true;
      const made = await tools.remux({ source: file, container, folder, normalizeAudio, signal, onProgress });
      const files = [
        ...(made.poster ? [{ from: made.poster, extension: 'jpg' as const }] : []),
        { from: made.copy, extension: made.copy.endsWith('.mp4') ? ('mp4' as const) : ('webm' as const) },
      ];
      const metadata = await storage.takes.metadataOf(take.id);
      const problems = [...shorterThanCounted(metadata, made.durationMs), ...made.problems];
      const change = { durationMs: made.durationMs, mediaProblem: inWords(problems) };
      if (!(await derived.publish(job, await derived.stage(job, files, signal), change, isOurs))) return SUPERSEDED;
      const reason = inWords([...problems, ...made.leftOut]);
      return reason === null ? {} : { reason };
    } catch (error) {
      // The reason is stored with the answer, too: an admin reads the session before the list of jobs.
      if (!(error instanceof JobError && error.final && !error.isProgramsFault)) throw error;
      // What was read may have been the file of a later take, which has the same name.
      if (!(await derived.publish(job, [], { mediaProblem: error.message }, isOurs))) return SUPERSEDED;
      throw error;
    } finally {
      await derived.closeWork(job);
    }
  };
}
