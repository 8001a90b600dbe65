/** The original's way: one multipart POST after the stop, and again after 2, 4 and 8 s where it fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Link, type LinkRate, openLink } from '../link.ts';
import type { MultipartFigures } from './gate-figures.ts';
import type { Recording } from './slices.ts';

/** Waits before the second, third and fourth try, in ms. */
export const RETRY_WAITS_MS = [2000, 4000, 8000] as const;

/** One answer on its way. */
export interface PostOptions {
  /** Of our server's port of this machine. */
  port: number;
  rate: LinkRate;
  delayMs: number;
  /** Where in the trace the POST begins: where the other sender's link stood at that moment. */
  startMs: number;
  token: string;
  folder: string;
  question: number;
  recording: Pick<Recording, 'slices' | 'mimeType'>;
  /** From the stop to the moment at which all slices were there, in ms: part of the wait. */
  lastSliceMs: number;
  /** Given up after so many ms from the stop. */
  limitMs: number;
  /** Called once its first bytes have moved. */
  onMoving?: (link: Link) => void;
}

/** Sends an answer over a link of its own. Never throws: an answer that did not arrive has a wait of null. */
export async function postAnswer(options: PostOptions): Promise<MultipartFigures> {
  const { port, rate, delayMs, startMs, token, folder, question, recording, lastSliceMs, limitMs, onMoving } = options;
  const link = await openLink({ to: { host: '127.0.0.1', port }, rate, delayMs, startMs });
  const beganMs = performance.now();
  const signal = AbortSignal.timeout(limitMs);
  const watch = setInterval(() => {
    if (link.stats.bytesUp === 0) return;
    clearInterval(watch);
    onMoving?.(link);
  }, 5);
  let tries = 0;
  try {
    const form = new FormData();
    form.append('token', token);
    form.append('folder', folder);
    form.append('questionIndex', String(question));
    const parts = recording.slices.map(({ data }) => data);
    form.append('video', new Blob(parts, { type: recording.mimeType }), `Q${question}.webm`);
    for (const waitMs of [...RETRY_WAITS_MS, null]) {
      tries += 1;
      const ok = await fetch(`${link.url}/api/upload-one`, { method: 'POST', body: form, signal }).then(
        (response) => response.arrayBuffer().then(() => response.ok),
        () => false,
      );
      if (ok) {
        const tookMs = Math.round(performance.now() - beganMs + lastSliceMs);
        return { waitMs: tookMs, tries, sentBytes: link.stats.bytesUp };
      }
      if (waitMs === null || signal.aborted) break;
      await sleep(waitMs);
    }
    return { waitMs: null, tries, sentBytes: link.stats.bytesUp };
  } finally {
    clearInterval(watch);
    await link.close();
  }
}
