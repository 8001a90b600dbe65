/** The job `transcribe`: what was said, as captions, as words with their times, and in the session's transcript. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Storage } from '../../storage/index.ts';
import type { Engine } from '../transcripts/engine.ts';
import { shapeTranscript, silentTranscript } from '../transcripts/index.ts';
import { JobError } from './job-error.ts';
import type { Media } from './media.ts';
import type { RunProcess } from './process.ts';
import { SUPERSEDED } from './remux.ts';
import type { Work } from './runner.ts';

export interface TranscribeDeps {
  storage: Pick<Storage, 'derived'>;
  /** Null while there is no ffmpeg. */
  media: () => Media | null;
  engine: Engine | null;
  run: RunProcess;
}

export function createTranscribe({ storage: { derived }, media, engine, run }: TranscribeDeps): Work {
  return async (job, { signal, onProgress, isOurs }) => {
    const source = await derived.source(job);
    if (!source) return { reason: SUPERSEDED };
    const { take, session, file } = source;
    const tools = media();
    if (!tools || !engine) throw new JobError('ffmpeg or the speech engine is gone', { final: false });
    const folder = await derived.openWork(job, take.offset);
    try {
      const container = take.fileName?.endsWith('.mp4') ? 'mp4' : 'webm';
      const sound = await tools.extractSpeech({ source: file, container, folder, signal });
      const shaped = sound
        ? await shapeTranscript({
            recognition: await engine.recognise(
              { ...sound, language: session.interview.language ?? null, languageHint: session.language },
              { run, signal, onProgress },
            ),
            ...sound,
            engine: engine.name,
          })
        : silentTranscript(take.durationMs ?? 0);
      const [vtt, json] = [path.join(folder, 'captions.vtt'), path.join(folder, 'words.json')];
      await writeFile(vtt, shaped.vtt);
      await writeFile(json, `${JSON.stringify(shaped.transcript, null, 2)}\n`);
      const files = [
        { from: vtt, extension: 'vtt' as const },
        { from: json, extension: 'json' as const },
      ];
      if (!(await derived.publish(job, await derived.stage(job, files, signal), {}, isOurs)))
        return { reason: SUPERSEDED };
      return sound ? {} : { reason: 'the answer has no sound' };
    } finally {
      await derived.closeWork(job);
    }
  };
}
