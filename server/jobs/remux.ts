/** The job `remux`: a copy that can be sought in, a poster, and how long the answer is. */
import type { Storage } from '../../storage/index.ts';
import type { JobKind } from '../../storage/types.ts';
import { JobError } from './job-error.ts';
import type { Media } from './media.ts';
import type { Work } from './runner.ts';

export interface RemuxDeps {
  storage: Pick<Storage, 'derived' | 'freeBytes'>;
  config: { minFreeBytes: number };
  /** Null while there is no ffmpeg. */
  media: () => Media | null;
  /** The job that comes after it. */
  next: () => JobKind | undefined;
}

/** Why there is nothing left to do. */
export const SUPERSEDED = 'another take counts by now';

export function createRemux({ storage, config, media, next }: RemuxDeps): Work {
  const { derived } = storage;
  return async (job, { signal, onProgress, isOurs }) => {
    const source = await derived.source(job);
    if (!source) return { reason: SUPERSEDED };
    const { take, session, file } = source;
    const tools = media();
    if (!tools) throw new JobError('ffmpeg is gone', { final: false });
    // Recordings go before: the copy, and what is needed to make it, may not take the room that they need.
    if ((await storage.freeBytes()) - 2 * take.offset < config.minFreeBytes)
      throw new JobError('the disk has no room for a copy just now', { final: false });
    const folder = await derived.openWork(job, take.offset);
    try {
      const container = take.fileName?.endsWith('.mp4') ? 'mp4' : 'webm';
      const normalizeAudio = session.interview.normalizeAudio === true;
      const made = await tools.remux({ source: file, container, folder, normalizeAudio, signal, onProgress });
      const files = [
        ...(made.poster ? [{ from: made.poster, extension: 'jpg' as const }] : []),
        { from: made.copy, extension: made.copy.endsWith('.mp4') ? ('mp4' as const) : ('webm' as const) },
      ];
      const change = { durationMs: made.durationMs, mediaProblem: null };
      if (!(await derived.publish(job, await derived.stage(job, files, signal), change, isOurs)))
        return { reason: SUPERSEDED };
      return { next: next(), ...(made.cutOff ? { reason: 'the recording breaks off before its end' } : {}) };
    } catch (error) {
      // The reason goes where the answer is told of, too: nobody reads lists of jobs.
      if (error instanceof JobError && error.final)
        await derived.publish(job, [], { mediaProblem: error.message }, isOurs);
      throw error;
    } finally {
      await derived.closeWork(job);
    }
  };
}
