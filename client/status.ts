import type { Gate, Phase } from './interview.ts';
import type { Quality } from './quality.ts';
import type { SenderStatus } from './sender.ts';

/** What `window.tresgo.status()` tells support and tests, also after the end. It holds no token. */
export interface TresgoStatus extends SenderStatus {
  /** The question shown, from 1; null outside of questions. */
  question: number | null;
  state: Phase['name'];
  folder: string;
  answered: number[];
  /** What takes are recorded with; null before the uplink was measured. */
  quality: Quality | null;
}

type Bytes = Pick<SenderStatus, 'recordedBytes' | 'persistedBytes' | 'ackedBytes'>;

/** Of the newest take, or of all that the server has not confirmed, where some are left. */
export function bytesOf(status: Bytes & { takes: Array<Bytes & { gate: Gate }> }, ofAllUnsent: boolean): Bytes {
  const unsent = ofAllUnsent ? status.takes.filter(({ gate }) => gate.kind !== 'open') : [];
  const sum = (key: keyof Bytes) => (unsent.length > 0 ? unsent : [status]).reduce((all, each) => all + each[key], 0);
  return { recordedBytes: sum('recordedBytes'), persistedBytes: sum('persistedBytes'), ackedBytes: sum('ackedBytes') };
}

declare global {
  interface Window {
    tresgo: { status(): TresgoStatus };
  }
}
