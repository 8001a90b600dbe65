/** Chromium as the tests start it, and the tap that keeps every blob that its MediaRecorder delivered. */

import { locate } from '../install.mjs';
import type { FakeMedia } from '../media/media.ts';

/** One recording (from `start()` to its end) as the page's MediaRecorder delivered it. Times in ms. */
export interface TapRecording {
  readonly mimeType: string;
  /** Every non-empty blob, in the order of delivery. */
  readonly blobs: readonly Blob[];
  /** `Date.now()` at start. */
  readonly startedAt: number;
  /** `Date.now()` at the end; null during the recording. */
  readonly stoppedAt: number | null;
  /** Recorded time without pauses; grows during the recording. */
  readonly recordedMs: number;
}

/** The digest of the first `blobs` blobs of a recording, joined. */
export interface TapPrefix {
  readonly blobs: number;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Recorded time when the last of these blobs was delivered. */
  readonly recordedMs: number;
}

/** The digest of a whole recording. After a reload the recordings from before it come first. */
export interface TapDigest extends TapPrefix {
  readonly mimeType: string;
  /** Only on request: one entry for each blob. A recording that a reload ended was sent up to one of these. */
  readonly prefixes?: readonly TapPrefix[];
}

declare global {
  interface Window {
    /** Set by `mediaRecorderTap`: the recordings since the page was loaded. */
    __tap: TapRecording[];
    /**
     * Set by `mediaRecorderTap`: resolves to all recordings that delivered anything, in order, also those before a reload;
     * to the videos alone where there is one.
     */
    __tapDigests: (options?: { prefixes?: boolean }) => Promise<TapDigest[]>;
  }
}

/** Finds the Chromium to run (`TRESGO_TEST_CHROMIUM`, else PATH). @throws Error that names the remedy when there is none */
export function chromiumPath(): string {
  const path = locate('chromium');
  if (path === null) throw new Error('Chromium is missing: run `node test/support/install.mjs`');
  return path;
}

/**
 * Switches off two hidden pages that Chromium keeps for the address bar of each window, which cost about half of the time in
 * which it opens one. The last list of features counts: the others are Playwright's own (its `chromiumSwitches`).
 */
export const withoutPopups = `--disable-features=${[
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'],
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades'],
  ...[
    'HttpsFirstBalancedModeAutoEnable',
    'LensOverlay',
    'MediaRouter',
    'PaintHolding',
    'ThirdPartyStoragePartitioning',
  ],
  ...['AvoidCorsURLLoaderRestartOnRedirect', 'OptimizationHints', 'NetworkTimeServiceQuerying', 'AimEnabled'],
  'PreconnectToSearch',
].join()}`;

/** Command line of a Chromium that grants camera and microphone without asking, and plays these files as their input. */
export function chromiumArgs(media: FakeMedia): string[] {
  return [
    '--no-sandbox',
    '--disable-gpu',
    withoutPopups,
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${media.camera}`,
    `--use-file-for-fake-audio-capture=${media.voice}`,
  ];
}

/**
 * For `page.addInitScript(mediaRecorderTap)`: replaces `window.MediaRecorder` by a subclass of the real one that keeps
 * every blob, in memory (`__tap`) and, to survive a reload, in its own IndexedDB database `tap`. The function runs inside
 * the page and so may use nothing from outside its braces. Its listeners come before the page's and disturb none of them.
 */
export function mediaRecorderTap(): void {
  interface Entry extends TapRecording {
    mimeType: string;
    blobs: Blob[];
    stoppedAt: number | null;
    pastMs: number;
    since: number | null;
  }
  interface Row {
    recording: string;
    mimeType: string;
    recordedMs: number;
    data: ArrayBuffer;
  }
  type Recorded = Omit<Row, 'data'> & { blob: Blob };

  const life = `${Date.now()}-${Math.random()}`;
  const entries: Entry[] = [];
  const latest = new WeakMap<MediaRecorder, Entry>();
  const delivered: Recorded[] = [];
  let opening: Promise<IDBDatabase> | null = null;
  let stored: Promise<void> = Promise.resolve();
  let failure: unknown = null;

  const openTap = (): Promise<IDBDatabase> => {
    opening ??= new Promise((resolve, reject) => {
      const request = indexedDB.open('tap', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('blobs', { autoIncrement: true });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return opening;
  };

  const append = async (row: Omit<Row, 'data'>, bytes: Promise<ArrayBuffer>): Promise<void> => {
    const [database, data] = [await openTap(), await bytes];
    await new Promise<void>((resolve, reject) => {
      const transaction = database.transaction('blobs', 'readwrite');
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      transaction.objectStore('blobs').add({ ...row, data });
      transaction.commit();
    });
  };

  const earlierLives = async (): Promise<Recorded[]> => {
    const database = await openTap();
    const rows = await new Promise<Row[]>((resolve, reject) => {
      const request = database.transaction('blobs').objectStore('blobs').getAll();
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const earlier = rows.filter(({ recording }) => !recording.startsWith(life));
    return earlier.map(({ data, ...row }) => ({ ...row, blob: new Blob([data]) }));
  };

  const digest = async (parts: readonly Recorded[]): Promise<TapPrefix> => {
    const bytes = await new Blob(parts.map(({ blob }) => blob)).arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return {
      blobs: parts.length,
      bytes: bytes.byteLength,
      sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join(''),
      recordedMs: parts.at(-1)?.recordedMs ?? 0,
    };
  };

  const digests: Window['__tapDigests'] = async (options) => {
    await stored;
    if (failure !== null) throw failure;
    const everything = [...(await earlierLives()), ...delivered];
    // Sound that goes ahead of a video, where the page takes the link for a slow one, is no answer.
    const videos = everything.filter(({ mimeType }) => mimeType.startsWith('video/'));
    const all = videos.length > 0 ? videos : everything;
    const result: TapDigest[] = [];
    for (const recording of new Set(all.map((each) => each.recording))) {
      const parts = all.filter((each) => each.recording === recording);
      const index = recording.startsWith(life) ? Number(recording.split('/').at(-1)) : -1;
      const whole = await digest(parts);
      const recordedMs = entries[index]?.recordedMs ?? whole.recordedMs;
      const prefixes: TapPrefix[] = [];
      for (let count = 1; options?.prefixes && count <= parts.length; count++) {
        prefixes.push(await digest(parts.slice(0, count)));
      }
      result.push({
        ...whole,
        recordedMs,
        mimeType: parts[0]?.mimeType ?? '',
        ...(options?.prefixes ? { prefixes } : {}),
      });
    }
    return result;
  };

  const keep = (entry: Entry, blob: Blob): void => {
    if (blob.size === 0) return;
    entry.blobs.push(blob);
    const { mimeType, recordedMs } = entry;
    const row = { recording: `${life}/${entries.indexOf(entry)}`, mimeType, recordedMs };
    delivered.push({ ...row, blob });
    const bytes = blob.arrayBuffer();
    stored = stored
      .then(() => append(row, bytes))
      .catch((error: unknown) => {
        failure ??= error;
      });
  };

  const halt = (entry: Entry): void => {
    entry.pastMs = entry.recordedMs;
    entry.since = null;
  };

  const end = (entry: Entry): void => {
    if (entry.stoppedAt !== null) return;
    halt(entry);
    entry.stoppedAt = Date.now();
  };

  window.__tap = entries;
  window.__tapDigests = digests;
  const Real = window.MediaRecorder;
  if (typeof Real !== 'function') return;

  // This class has no fields: the tests' compiler would put helper functions for them outside of this function.
  window.MediaRecorder = class MediaRecorder extends Real {
    constructor(stream: MediaStream, options?: MediaRecorderOptions) {
      super(stream, options);
      const on = (type: string, act: (entry: Entry, event: Event) => void): void => {
        this.addEventListener(type, (event) => {
          const entry = latest.get(this);
          if (entry) act(entry, event);
        });
      };
      on('dataavailable', (entry, event) => {
        entry.mimeType = this.mimeType;
        keep(entry, (event as BlobEvent).data);
      });
      on('pause', halt);
      on('resume', (entry) => {
        entry.since = performance.now();
      });
      on('stop', end);
    }

    override start(timeslice?: number): void {
      // Some browsers treat a missing argument and an undefined one differently.
      if (timeslice === undefined) super.start();
      else super.start(timeslice);
      const entry: Entry = {
        mimeType: this.mimeType,
        blobs: [],
        startedAt: Date.now(),
        stoppedAt: null,
        pastMs: 0,
        since: performance.now(),
        get recordedMs() {
          return this.pastMs + (this.since === null ? 0 : performance.now() - this.since);
        },
      };
      latest.set(this, entry);
      entries.push(entry);
    }

    override stop(): void {
      super.stop();
      const entry = latest.get(this);
      if (entry) end(entry);
    }
  };
}
