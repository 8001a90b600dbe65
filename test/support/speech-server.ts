// A server in place of OpenAI's, and the engine in front of it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { JobError } from '../../server/jobs/job-error.ts';
import type { Recording } from '../../server/transcripts/engine.ts';
import { createOpenAi, type OpenAiOptions } from '../../server/transcripts/openai.ts';
import { openRecording } from './speech.ts';

export const KEY = 'sk-secret-1234567890abcdef';
/** The clock of the engine. */
export const NOW = Date.UTC(2026, 0, 1);

export interface Heard {
  url: string;
  authorization: string | undefined;
  fields: FormData;
}
type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** Answers nothing until told what. `close` ends it. */
export async function openSpeechServer() {
  const recording = await openRecording();
  const heard: Heard[] = [];
  let answer: Answer = () => {};
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    // What a real parser of forms makes of it.
    const type = request.headers['content-type'] ?? '';
    const fields = await new Response(Buffer.concat(parts), { headers: { 'Content-Type': type } }).formData();
    heard.push({ url: request.url ?? '', authorization: request.headers.authorization, fields });
    answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;

  function recognise(options: Partial<OpenAiOptions> = {}, more: Partial<Recording> = {}) {
    const engine = createOpenAi({ baseUrl, apiKey: KEY, now: () => NOW, ...options });
    return engine.recognise({ ...recording.recording, ...more }, recording.context);
  }

  return {
    ...{ http: server, baseUrl, heard, recognise },
    abort: recording.abort,
    answers(next: Answer): void {
      answer = next;
    },
    answersJson(status: number, body: unknown, headers: Record<string, string> = {}): void {
      answer = (response) => {
        response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      };
    },
    /** How it failed, and that it kept the key for itself; throws where it did not fail, or by another error. */
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
export type SpeechServer = Awaited<ReturnType<typeof openSpeechServer>>;
