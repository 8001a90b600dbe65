/**
 * Watches that a recorder goes on: chunks must keep coming, and so must the pictures of the camera. A recorder can be
 * "recording" and bring nothing for ever, and Chromium's brings nothing, sound included, while its camera stands still
 * (platform note 19).
 */
import type { Timers } from '../timers.ts';
import type { FrameCounter } from './frame-counter.ts';

/** How often the watch looks, in ms. A page that slept in between is no proof of silence: a look counts for two at most. */
const LOOK_MS = 250;
/** After this time without a picture the camera stands still, in ms. */
export const STILL_MS = 4000;
/** A recorder that has fallen silent is believed to wait for a camera that has stood still for this time, in ms. */
const SUSPECT_MS = 2000;
/** After this time without a chunk the recorder is asked for what it has, in ms. */
const ASK_MS = 2000;
/** After this time without a chunk the recorder has fallen silent, in ms. */
export const SILENT_MS = 4500;
/** A chunk that comes within this time after it was asked for is old, unless its own clock says otherwise, in ms. */
const ASKED_MS = 300;
/** A recorder whose camera was turned off has this time to bring the sound, in ms. */
const DROPPED_MS = 2000;
/** The first chunk may take this time, in ms: phones take seconds to begin. */
export const FIRST_CHUNK_MS = 5000;

/**
 * What is wrong with a recording that still runs. `still`: no picture comes; the sound is recorded. `moving`: the picture is
 * back. `silent`: the recorder brings nothing any more, and is being stopped.
 */
export type Trouble = 'still' | 'moving' | 'silent';

interface RecorderWatchOptions {
  stream: MediaStream;
  frames: FrameCounter;
  timers: Timers;
  /** Whether the page is in the background, where phones stop the camera: that time counts for nothing. */
  isHidden: () => boolean;
  /** How long the first chunk may take, in ms. */
  firstChunkMs: number;
  /** Asks the recorder for what it has. */
  ask: () => void;
  /** Called once for each trouble that begins or ends; nothing follows `silent`. */
  onTrouble: (trouble: Trouble) => void;
}

/** A watch that runs until `close`. */
export interface RecorderWatch {
  /** A chunk that is not empty has come; `current`: it is known to reach up to now. */
  chunk(what: { current: boolean }): void;
  close(): void;
}

/** Begins to watch a recorder that has just been started. */
export function watchRecorder({
  stream,
  frames,
  timers,
  isHidden,
  firstChunkMs,
  ask,
  onTrouble,
}: RecorderWatchOptions): RecorderWatch {
  let lookedAt = timers.now();
  /** Time without a chunk, as far as it was looked at. */
  let silentMs = 0;
  let limitMs = firstChunkMs;
  /** Some devices bring a chunk in several seconds: what was not too long before is not too long now. */
  let patienceMs = SILENT_MS;
  let askedAt: number | null = null;
  let counted = frames.count();
  let stillMs = 0;
  let still = false;
  let dropped = false;
  let begun = false;

  function lookAtPicture(passedMs: number): void {
    if (dropped) return;
    const count = frames.count();
    const moves = count === null ? !isMuted(stream.getVideoTracks()) : count !== counted;
    counted = count;
    stillMs = moves ? 0 : stillMs + passedMs;
    if (still !== stillMs >= STILL_MS) tellStill(!still);
  }

  function tellStill(is: boolean): void {
    still = is;
    onTrouble(still ? 'still' : 'moving');
  }

  function look(): void {
    const passedMs = Math.min(timers.now() - lookedAt, 2 * LOOK_MS);
    lookedAt = timers.now();
    if (isHidden()) {
      silentMs = stillMs = 0;
      askedAt = null;
      return;
    }
    lookAtPicture(passedMs);
    const sound = stream.getAudioTracks();
    // A call has the microphone: a recorder that waits for it is not broken.
    if (begun && isMuted(sound)) return;
    silentMs += passedMs;
    const waitsForPicture = still ? silentMs >= STILL_MS : silentMs >= limitMs && stillMs >= SUSPECT_MS;
    if (waitsForPicture && !dropped && sound.length > 0) {
      // Without its camera the recorder brings the sound again, also what it has held back.
      dropped = true;
      if (!still) tellStill(true);
      for (const track of stream.getVideoTracks()) track.stop();
      silentMs = limitMs - DROPPED_MS;
    } else if (silentMs >= limitMs) {
      close();
      onTrouble('silent');
    } else if (silentMs >= ASK_MS && askedAt === null) {
      askedAt = timers.now();
      ask();
    }
  }

  let timer = timers.set(tick, LOOK_MS);
  function tick(): void {
    timer = timers.set(tick, LOOK_MS);
    look();
  }
  function close(): void {
    timers.clear(timer);
    frames.close();
  }
  return {
    chunk({ current }) {
      if (!current && askedAt !== null && timers.now() - askedAt < ASKED_MS) return;
      begun = true;
      patienceMs = Math.max(patienceMs, 1.5 * silentMs);
      limitMs = patienceMs;
      silentMs = 0;
      askedAt = null;
    },
    close,
  };
}

function isMuted(tracks: MediaStreamTrack[]): boolean {
  return tracks.some(({ muted, readyState }) => muted && readyState === 'live');
}
