// A server in place of OpenAI's, and an engine that asks it.
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { JobError } from '../../../server/job-error.ts';
import type { Recording } from '../../../server/transcripts/engines/engine.ts';
import { createOpenAi, type OpenAiOptions } from '../../../server/transcripts/engines/openai.ts';
import { recognise as recogniseBy } from '../../../server/transcripts/index.ts';
import { openRecording } from './speech.ts';

/** The engine's API key. */
export const KEY = 'sk-secret-1234567890abcdef';
/** The time on the engine's clock, in ms since 1970. */
export const NOW = Date.UTC(2026, 0, 1);

/** A request to the server. */
export interface Heard {
  url: string;
  authorization: string | undefined;
  fields: FormData;
}
type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** Opens a server that sends no response until `answers` or `answersJson` sets one. `close` ends it. */
export async function openSpeechServer() {
  const recording = await openRecording();
  const heard: Heard[] = [];
  let answer: Answer = () => {};
  const later: Answer[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    // Node's own parser reads the form.
    const type = request.headers['content-type'] ?? '';
    const fields = await new Response(Buffer.concat(parts), { headers: { 'Content-Type': type } }).formData();
    heard.push({ url: request.url ?? '', authorization: request.headers.authorization, fields });
    answer(response, request);
    answer = later.shift() ?? answer;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;

  function recognise(options: Partial<OpenAiOptions> = {}, more: Partial<Recording> = {}) {
    const engine = createOpenAi({ baseUrl, apiKey: KEY, now: () => NOW, ...options });
    return recogniseBy(engine, { ...recording.recording, ...more }, recording.context);
  }

  const json =
    (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
    (response) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };

  return {
    ...{ http: server, baseUrl, heard, recognise },
    /** One engine for several recordings. */
    engine(options: Partial<OpenAiOptions> = {}) {
      const engine = createOpenAi({ baseUrl, apiKey: KEY, now: () => NOW, ...options });
      return { engine, hear: () => recogniseBy(engine, recording.recording, recording.context) };
    },
    /** Replaces the sound of the recording. */
    withSound: (wav: Buffer) => writeFile(recording.recording.wavFile, wav),
    abort: recording.abort,
    answers(next: Answer): void {
      answer = next;
    },
    answersJson(...given: Parameters<typeof json>): void {
      answer = json(...given);
    },
    /** The answer to the request after the ones that have answers. */
    thenAnswersJson(...given: Parameters<typeof json>): void {
      later.push(json(...given));
    },
    /** The JobError of a recognition that must fail; throws where it succeeds, fails otherwise, or shows the key. */
    async failure(options: Partial<OpenAiOptions> = {}): Promise<JobError> {
      const error: unknown = await recognise(options).then(
        () => new Error('it did not fail'),
        (cause: unknown) => cause,
      );
      if (!(error instanceof JobError)) throw error;
      if (`${error.message} ${error.stack} ${String(error.cause)}`.includes(KEY)) throw new Error('it told the key');
      return error;
    },
    async close(): Promise<void> {
      await recording.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
/** An open server. */
export type SpeechServer = Awaited<ReturnType<typeof openSpeechServer>>;
