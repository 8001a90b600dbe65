/** The figures of a sitting that are no state of it: for the page, many times a second, and for support and tests. */
import type { Hearing } from './hearing.ts';
import { currentQuestion, type Sitting } from './interview.ts';
import type { Sender, SenderStatus } from './sender.ts';
import { bytesOf, type TresgoStatus } from './status.ts';
import type { Live } from './view.ts';

/** A request that moved nothing for so long is worth a word. */
const STALLED_MS = 3000;
const nothingSent: SenderStatus = {
  ...{ takeId: null, recordedBytes: 0, persistedBytes: 0, ackedBytes: 0, takes: [], gate: [] },
  ...{ uplinkKbps: null, quietMs: 0 },
};

export interface FiguresOptions {
  state: () => Sitting;
  sender: () => Sender | null;
  folder: () => string;
  /** Loudness of the microphone; null where nothing can be heard yet. */
  level: () => number | null;
  hearing: Pick<Hearing, 'listen'>;
  /** Of the take that is recorded. */
  times: () => Pick<Live, 'elapsedMs' | 'leftMs' | 'thinkLeftMs'>;
  isOnline: () => boolean;
  /** Told of the bytes of the running take that are not yet confirmed. */
  onBacklog: (bytes: number) => void;
}

export function createFigures({ state, sender, folder, level, hearing, times, isOnline, onBacklog }: FiguresOptions) {
  const sent = (): SenderStatus => sender()?.status() ?? nothingSent;
  return {
    /** What the sender tells; nothing sent where there is none yet. */
    sent,
    live(): Live {
      const { phase, gate } = state();
      const status = sent();
      if (phase.name === 'recording') onBacklog(status.recordedBytes - status.ackedBytes);
      const network = !isOnline() ? 'offline' : status.quietMs > STALLED_MS ? 'stalled' : 'online';
      const bytes = bytesOf(status, gate === 'end' && phase.name === 'gate');
      const loudness = level();
      return { ...times(), level: loudness ?? 0, hearing: hearing.listen(loudness), ...bytes, network };
    },
    status(): TresgoStatus {
      const { answered, phase, quality } = state();
      const question = currentQuestion(state())?.index ?? null;
      return { question, state: phase.name, folder: folder(), answered, quality, ...sent() };
    },
  };
}
