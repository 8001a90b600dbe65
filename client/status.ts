import type { Phase } from './interview.ts';
import type { SenderStatus } from './sender.ts';

/** What `window.tresgo.status()` tells support and tests, also after the end. It holds no token. */
export interface TresgoStatus extends SenderStatus {
  /** The question shown, from 1; null outside of questions. */
  question: number | null;
  state: Phase['name'];
  folder: string;
  answered: number[];
}

declare global {
  interface Window {
    tresgo: { status(): TresgoStatus };
  }
}
