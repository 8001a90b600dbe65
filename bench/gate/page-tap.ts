/** Functions that run inside pages in Chromium: they may use no name from outside their braces. */

/** One recording of the page, as its MediaRecorder delivered it. Times are of the page's `performance.now()`. */
interface TappedTake {
  slices: { atMs: number; blob: Blob }[];
  mimeType: string;
  startedMs: number;
  /** When the page called `stop`; null before. */
  stopMs: number | null;
  /** Bytes that the engine had acknowledged at that moment. */
  ackedBytes: number;
}

declare global {
  interface Window {
    /** Set by `tapRecorder`: the recordings of this page, oldest first. */
    benchTakes: TappedTake[];
  }
}

/** For `addInitScript`: records when slices are delivered and when `stop` is called; it delays and copies nothing. */
export function tapRecorder(): void {
  const takes: TappedTake[] = [];
  const latest = new WeakMap<MediaRecorder, TappedTake>();
  window.benchTakes = takes;
  const Real = window.MediaRecorder;
  if (typeof Real !== 'function') return;
  // No fields in this class: the compiler would put helper functions for them outside of this function.
  window.MediaRecorder = class MediaRecorder extends Real {
    constructor(stream: MediaStream, options?: MediaRecorderOptions) {
      super(stream, options);
      this.addEventListener('dataavailable', ({ data }) => {
        if (data.size > 0) latest.get(this)?.slices.push({ atMs: performance.now(), blob: data });
      });
    }

    override start(timeslice?: number): void {
      if (timeslice === undefined) super.start();
      else super.start(timeslice);
      // Sound that goes ahead of its answer is no answer.
      if (this.stream.getVideoTracks().length === 0) return;
      const { mimeType } = this;
      const take: TappedTake = { slices: [], mimeType, startedMs: performance.now(), stopMs: null, ackedBytes: 0 };
      latest.set(this, take);
      takes.push(take);
    }

    override stop(): void {
      const take = latest.get(this);
      if (take && take.stopMs === null) {
        take.stopMs = performance.now();
        take.ackedBytes = window.tresgo?.status().ackedBytes ?? 0;
      }
      super.stop();
    }
  };
}

/** A finished take as it leaves the page. */
export interface TakenOut {
  slices: { atMs: number; bytes: number }[];
  mimeType: string;
  startedMs: number;
  stopMs: number;
  ackedBytes: number;
  /** The page's clock now. */
  nowMs: number;
}

/** The take that was stopped last. @throws Error without one */
export function lastTake(): TakenOut {
  const take = window.benchTakes.findLast(({ stopMs }) => stopMs !== null);
  if (!take || take.stopMs === null) throw new Error('no take was stopped');
  const slices = take.slices.map(({ atMs, blob }) => ({ atMs, bytes: blob.size }));
  const { mimeType, startedMs, stopMs, ackedBytes } = take;
  return { slices, mimeType, startedMs, stopMs, ackedBytes, nowMs: performance.now() };
}

/** The bytes of the take that was stopped last, in Base64. */
export function lastTakeBytes(): Promise<string> {
  const take = window.benchTakes.findLast(({ stopMs }) => stopMs !== null);
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^.*?,/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob(take?.slices.map(({ blob }) => blob)));
  });
}

/** The parameters of `postInPage`. */
interface PagePost {
  token: string;
  folder: string;
  question: number;
  base64: string;
  mimeType: string;
  waitsMs: readonly number[];
  limitMs: number;
}

/** The original page after the stop: one POST, repeated after each wait where it fails. `tookMs` null: not within the limit. */
export async function postInPage(options: PagePost): Promise<{ tookMs: number | null; tries: number }> {
  const { token, folder, question, base64, mimeType, waitsMs, limitMs } = options;
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const form = new FormData();
  form.append('token', token);
  form.append('folder', folder);
  form.append('questionIndex', String(question));
  form.append('video', new Blob([bytes], { type: mimeType }), `Q${question}.webm`);
  const signal = AbortSignal.timeout(limitMs);
  const beganMs = performance.now();
  let tries = 0;
  for (const waitMs of [...waitsMs, null]) {
    tries += 1;
    const ok = await fetch('/api/upload-one', { method: 'POST', body: form, signal }).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return { tookMs: performance.now() - beganMs, tries };
    if (waitMs === null || signal.aborted) break;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return { tookMs: null, tries };
}
