/** The device check: the preview, the devices, the uplink, and a practice question that leaves no trace. */
import { alertOf } from './alerts.ts';
import { type DeviceChoice, listDevices } from './devices.ts';
import type { createFitting } from './fitting.ts';
import type { Alert, Event, Sitting } from './interview.ts';
import { type Practice, startPractice } from './practice.ts';
import type { createPreview } from './preview.ts';
import { bitsPerSecond } from './quality.ts';
import { supportedMimeType } from './recorder.ts';
import { secondsHeld } from './storage-room.ts';
import type { View } from './view.ts';

export interface CheckOptions {
  dispatch: (event: Event) => void;
  preview: ReturnType<typeof createPreview>;
  fitting: ReturnType<typeof createFitting>;
  view: Pick<View, 'playback'>;
  state: () => Pick<Sitting, 'questions' | 'gate'>;
  /** What the candidate should know before the start, e.g. that the device has no room for so many bytes. */
  warning: (needBytes: number) => Promise<Alert | null>;
}

export function createCheck({ dispatch, preview, fitting, view, state, warning }: CheckOptions) {
  let practice: Practice | null = null;
  /** The practice question is about to begin. */
  let opening = false;

  async function openDevices(): Promise<void> {
    try {
      if (!supportedMimeType()) throw new DOMException('', 'NotSupportedError');
      dispatch({ type: 'devices', ...(await listDevices(await preview.open())) });
      const about = await warning((bitsPerSecond(fitting.quality()) / 8) * secondsHeld(state()));
      if (about) dispatch({ type: 'alert', alert: about });
    } catch (error) {
      // Another choice came meanwhile: that one is being opened.
      if (error instanceof DOMException && error.name === 'InvalidStateError') return;
      dispatch({ type: 'alert', alert: alertOf(error) });
    }
  }

  async function open(): Promise<void> {
    view.playback(null);
    dispatch({ type: 'check' });
    void fitting.measure();
    await openDevices();
  }

  return {
    open,
    /** Camera and microphone once more, after they were refused or unplugged. */
    openDevices,
    choose(choice: DeviceChoice): void {
      preview.choose(choice);
      void openDevices();
    },
    /** What there is to choose from, where the devices of a question could not be opened. */
    async offerDevices(): Promise<void> {
      const { cameras, microphones } = await listDevices();
      dispatch({ type: 'devices', cameras, microphones, ...preview.chosen() });
    },
    async practise(): Promise<void> {
      if (practice || opening) return;
      opening = true;
      view.playback(null);
      try {
        const stream = await preview.open();
        dispatch({ type: 'practice', stage: 'recording' });
        practice = startPractice({
          stream,
          quality: fitting.quality(),
          onEnd(recording) {
            practice = null;
            dispatch({ type: 'practice', stage: 'watching' });
            view.playback(recording);
          },
        });
      } catch (error) {
        await open();
        dispatch({ type: 'alert', alert: alertOf(error) });
      } finally {
        opening = false;
      }
    },
    isRecording: () => practice !== null || opening,
    stopPractice: () => practice?.stop(),
    /** Of the practice that is being recorded; 0 outside of it. */
    practiceMs: () => practice?.elapsedMs() ?? 0,
    leavePractice(): void {
      practice?.cancel();
      practice = null;
      void open();
    },
  };
}
