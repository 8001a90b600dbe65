/** Files for the candidate to keep, of what the server does not hold yet. */
import type { Sender } from './sender.ts';

export interface CopiesOptions {
  sender: () => Pick<Sender, 'unsent'> | null;
  saveTake: (take: { takeId: string; question: number }) => Promise<void>;
  /** A take that is still needed could not be saved. */
  onFailed: () => void;
}

/** Saves one after the other: phones have little memory to spare when this is needed. Never rejects. */
export async function saveCopies({ sender, saveTake, onFailed }: CopiesOptions): Promise<void> {
  const unsent = () => sender()?.unsent() ?? [];
  const failed = new Set<string>();
  for (const take of unsent()) await saveTake(take).catch(() => failed.add(take.takeId));
  // One that has arrived meanwhile needs no copy.
  if (unsent().some(({ takeId }) => failed.has(takeId))) onFailed();
}
