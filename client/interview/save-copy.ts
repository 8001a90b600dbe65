/** Files for the candidate to keep: copies of the takes that the server does not hold yet, and the receipt. */
import type { SessionQueue } from './session-queue.ts';

/** Browsers read the blob after the click, within this time, in ms. */
const REVOKE_MS = 60_000;

/** What `saveCopies` needs. */
export interface SaveCopiesOptions {
  queue: Pick<SessionQueue, 'unsent'>;
  saveTake: (take: { takeId: string; question: number }) => Promise<void>;
  /** A take that is still needed could not be saved. */
  onFailed: () => void;
}

/** Saves one take after the other: phones have little memory to spare when copies are needed. Never rejects. */
export async function saveCopies({ queue, saveTake, onFailed }: SaveCopiesOptions): Promise<void> {
  const failed = new Set<string>();
  for (const take of queue.unsent()) await saveTake(take).catch(() => failed.add(take.takeId));
  // A take that has arrived meanwhile needs no copy.
  if (queue.unsent().some(({ takeId }) => failed.has(takeId))) onFailed();
}

/** Saves the blob as a file named `name`, or as the browser asks, e.g. in its folder of downloads. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  // Firefox follows only links that are in the page.
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
}
