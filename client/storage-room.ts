/** Whether the device has room for the next answers, asked before an answer fails for want of it. */

import type { Sitting } from './interview.ts';

/** Less free than that is low, however short the answers: browsers throw data of sites away before the last byte is used. */
export const LEAST_FREE_BYTES = 50_000_000;

/** `unknown` where the browser does not tell. */
export type Room = 'enough' | 'low' | 'unknown';

export interface StorageRoom {
  /** Never rejects. */
  look(): Promise<Room>;
}

/** What the device may have to hold at once, in seconds of recording: the longest answer, or with gate `end` all of them. */
export function secondsHeld({ questions, gate }: Pick<Sitting, 'questions' | 'gate'>): number {
  const lengths = questions.map(({ maxSeconds }) => maxSeconds);
  return gate === 'end' ? lengths.reduce((sum, seconds) => sum + seconds, 0) : Math.max(0, ...lengths);
}

export interface StorageRoomOptions {
  /** In browsers `() => navigator.storage.estimate()`; in bytes. */
  estimate: () => Promise<{ quota?: number; usage?: number }>;
  /** Bytes that the longest answer is expected to have at the bitrate chosen. */
  needBytes: () => number;
}

export function createStorageRoom({ estimate, needBytes }: StorageRoomOptions): StorageRoom {
  return {
    async look() {
      try {
        const { quota, usage } = await estimate();
        if (quota === undefined || usage === undefined) return 'unknown';
        return quota - usage < Math.max(LEAST_FREE_BYTES, needBytes()) ? 'low' : 'enough';
      } catch {
        return 'unknown';
      }
    },
  };
}
