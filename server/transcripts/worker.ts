/** The program of the threads that `createOffThread` starts: it does one work and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadReply, ThreadWork } from './engines/off-thread.ts';
import { openAiReading } from './engines/openai-response.ts';
import { whisperReading } from './engines/whisper-json.ts';
import { shaping } from './transcript.ts';

const works = [openAiReading, whisperReading, shaping] as unknown as ThreadWork<unknown, unknown>[];
const { name, input } = workerData as { name: string; input: unknown };

async function reply(): Promise<ThreadReply> {
  try {
    const work = works.find((each) => each.name === name);
    if (!work) throw new Error(`there is no work ${name}`);
    return { result: await work.run(input) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(await reply());
