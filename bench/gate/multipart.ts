/** The original front end's upload: one multipart POST after the stop, repeated after 2, 4 and 8 s where it fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkRate } from '../../test/support/network/link-rate.ts';
import { type Network, openNetwork } from '../../test/support/network/network.ts';
import type { MultipartFigures } from './gate-figures.ts';
import type { Recording } from './slices.ts';

/** Waits before the second, third and fourth attempt, in ms. */
export const RETRY_WAITS_MS = [2000, 4000, 8000] as const;

/** An answer to post and its link. */
export interface PostOptions {
  /** The server's port on this machine. */
  port: number;
  rate: LinkRate;
  delayMs: number;
  /** Position in the trace at which the POST begins: that of the other sender's link at the same moment, in ms. */
  startMs: number;
  token: string;
  folder: string;
  question: number;
  recording: Pick<Recording, 'slices' | 'mimeType'>;
  /** From the stop to the last slice, in ms: part of the wait. */
  lastSliceMs: number;
  /** Longest wait from the stop, in ms. */
  limitMs: number;
  /** Called once its first bytes have moved. */
  onMoving?: (link: Network) => void;
}

/** Sends an answer over a link of its own. Never rejects: an answer that did not arrive has a wait of null. */
export async function postAnswer(options: PostOptions): Promise<MultipartFigures> {
  const { port, rate, delayMs, startMs, token, folder, question, recording, lastSliceMs, limitMs, onMoving } = options;
  const link = await openNetwork({ to: { host: '127.0.0.1', port }, rate, delayMs, startMs });
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
