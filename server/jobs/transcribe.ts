/** The job `transcribe`: the speech of an answer as captions, as words with times, and in the session's transcript. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Storage } from '../../storage/index.ts';
import { JobError } from '../job-error.ts';
import type { Media } from '../media/index.ts';
import type { RunProcess } from '../sandbox/process.ts';
import { type Engine, filesOf, openOffThread, recognise, shaping, silentTranscript } from '../transcripts/index.ts';
import { SUPERSEDED } from './remux.ts';
import type { Work } from './runner.ts';

/** What the job needs. */
interface TranscribeDeps {
  storage: Pick<Storage, 'derived'>;
  /** Null while ffmpeg is not installed. */
  media: () => Media | null;
  engine: Engine | null;
  run: RunProcess;
}

/** Creates the work of `transcribe` jobs. */
export function createTranscribe({ storage: { derived }, media, engine, run }: TranscribeDeps): Work {
  const offThread = openOffThread();
  return async (job, { signal, onProgress, isOurs }) => {
    const source = await derived.source(job);
    if (!source) return SUPERSEDED;
    const { take, session, file } = source;
    const tools = media();
    if (!tools || !engine) throw new JobError('ffmpeg or the speech engine is gone', { final: false });
    const folder = await derived.openWork(job, take.offset);
    try {
      const container = take.container ?? 'webm';
      const shape = (heard: Parameters<typeof shaping.run>[0]) =>
        offThread(shaping, heard, { durationMs: heard.durationMs, signal });
      const sound = await tools.extractSpeech({ source: file, container, folder, signal });
      const shaped = sound
        ? await shape({
            recognition: await recognise(
              engine,
              { ...sound, language: session.interview.language ?? null, languageHint: session.language },
              { run, signal, onProgress, offThread },
            ),
            ...sound,
            engine: engine.name,
          })
        : filesOf(silentTranscript(take.durationMs ?? 0));
      const [vtt, json] = [path.join(folder, 'captions.vtt'), path.join(folder, 'words.json')];
      await writeFile(vtt, shaped.vtt);
      await writeFile(json, shaped.json);
      const files = [
        { from: vtt, extension: 'vtt' as const },
        { from: json, extension: 'json' as const },
      ];
      if (!(await derived.publish(job, await derived.stage(job, files, signal), {}, isOurs))) return SUPERSEDED;
      return sound ? {} : { reason: 'the answer has no sound' };
    } finally {
      await derived.closeWork(job);
    }
  };
}
