/** Whether the device has room for the next answers, checked before an answer fails for want of room. */

/**
 * Less free space than this is `low`, however short the answers: browsers evict data of sites before the last byte is
 * used.
 */
export const LEAST_FREE_BYTES = 50_000_000;

/** `unknown` where the browser does not say. */
export type FreeSpace = 'enough' | 'low' | 'unknown';

/** Options of `checkFreeSpace`. */
export interface FreeSpaceOptions {
  /** In browsers `() => navigator.storage.estimate()`; in bytes. */
  estimate: () => Promise<{ quota?: number; usage?: number }>;
  /** Bytes that the next answers are expected to have. */
  needBytes: number;
}

/** Compares the free space with what is needed. Never rejects. */
export async function checkFreeSpace({ estimate, needBytes }: FreeSpaceOptions): Promise<FreeSpace> {
  try {
    const { quota, usage } = await estimate();
    if (quota === undefined || usage === undefined) return 'unknown';
    return quota - usage < Math.max(LEAST_FREE_BYTES, needBytes) ? 'low' : 'enough';
  } catch {
    return 'unknown';
  }
}
