/** Live statistics that are not reducer state: for the page several times a second, and for support and tests. */
import type { Quality } from '../capture/quality.ts';
import type { SilenceDetector } from '../capture/silence-detector.ts';
import type { Gate } from '../upload/events.ts';
import type { UploadQueueStatus } from '../upload/upload-queue.ts';
import type { Live } from './actions.ts';
import type { SessionQueue } from './session-queue.ts';
import { currentQuestion, type Phase } from './state.ts';
import type { Store } from './store.ts';

/** What `window.tresgo.status()` shows to support and tests, also after the end. It holds no token. */
export interface TresgoStatus extends UploadQueueStatus {
  /** The question shown, from 1; null outside of questions. */
  question: number | null;
  state: Phase['name'];
  folder: string;
  /** Questions, from 1, whose answer the server holds. */
  answered: number[];
  /** What takes are recorded with; null before the uplink was measured. */
  quality: Quality | null;
}

declare global {
  interface Window {
    tresgo: { status(): TresgoStatus };
  }
}

/** A request that has moved no byte for this long is shown as stalled, in ms. */
const STALLED_MS = 3000;

interface StatsOptions {
  store: Pick<Store, 'get'>;
  queue: Pick<SessionQueue, 'status'>;
  /** The session's folder. */
  folder: () => string;
  /** Loudness of the microphone, 0 to 1; null where nothing can be heard yet. */
  level: () => number | null;
  silenceDetector: Pick<SilenceDetector, 'sample'>;
  /** The times of the take that is recorded. */
  times: () => Pick<Live, 'elapsedMs' | 'leftMs' | 'thinkLeftMs'>;
  isOnline: () => boolean;
  /** Called with the bytes of the running take that the server has not confirmed. */
  onBacklog: (bytes: number) => void;
}

/** The statistics of the page. */
export interface Stats {
  /** Takes a sample of all that changes while the candidate looks on. To be called several times a second. */
  live(): Live;
  status(): TresgoStatus;
}

/** Creates the statistics of the page. */
export function createStats({
  store: { get },
  queue,
  folder,
  level,
  silenceDetector,
  times,
  isOnline,
  onBacklog,
}: StatsOptions): Stats {
  return {
    live() {
      const { phase, gate } = get();
      const status = queue.status();
      if (phase.name === 'recording') onBacklog(status.recordedBytes - status.ackedBytes);
      const network = !isOnline() ? 'offline' : status.quietMs > STALLED_MS ? 'stalled' : 'online';
      const bytes = bytesOf(status, (gate === 'end' && phase.name === 'gate') || phase.name === 'elsewhere');
      const loudness = level();
      const obstacle = status.takes.find(({ gate, obstacle }) => gate.kind !== 'open' && obstacle !== null)?.obstacle;
      const sound = silenceDetector.sample(loudness);
      const { uplinkKbps } = status;
      return { ...times(), level: loudness ?? 0, sound, ...bytes, uplinkKbps, network, obstacle: obstacle ?? null };
    },
    status() {
      const { answered, phase, quality } = get();
      const question = currentQuestion(get())?.index ?? null;
      return { question, state: phase.name, folder: folder(), answered, quality, ...queue.status() };
    },
  };
}

type Bytes = Pick<UploadQueueStatus, 'recordedBytes' | 'persistedBytes' | 'ackedBytes'>;

/**
 * Bytes of the newest take, or with `ofAllUnsent` of all takes that the server has not confirmed, where some are left.
 */
function bytesOf(status: Bytes & { takes: Array<Bytes & { gate: Gate }> }, ofAllUnsent: boolean): Bytes {
  const unsent = ofAllUnsent ? status.takes.filter(({ gate }) => gate.kind !== 'open') : [];
  const sum = (key: keyof Bytes) => (unsent.length > 0 ? unsent : [status]).reduce((all, each) => all + each[key], 0);
  return { recordedBytes: sum('recordedBytes'), persistedBytes: sum('persistedBytes'), ackedBytes: sum('ackedBytes') };
}
