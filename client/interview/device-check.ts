/** The device check: the preview, the devices, the uplink, and a practice question that leaves no trace. */

import type { AdaptiveQuality } from '../capture/adaptive-quality.ts';
import { cameraLines, type DeviceChoice, listDevices } from '../capture/devices.ts';
import { mimeTypesToTry, type RecordingKind } from '../capture/mime-types.ts';
import { type Practice, startPractice } from '../capture/practice.ts';
import type { Preview } from '../capture/preview.ts';
import { bitsPerSecond, VOICE_QUALITY } from '../capture/quality.ts';
import { supportedMimeType } from '../capture/recorder.ts';
import type { SoundState } from '../capture/silence-detector.ts';
import { createWorkingTypes, type WorkingTypes } from '../capture/working-types.ts';
import { systemTimers, type Timers } from '../timers.ts';
import type { Screen } from './actions.ts';
import { alertOf, givesWay } from './alerts.ts';
import { countDown } from './countdown.ts';
import { createDeviceHints, type DeviceHintsOptions, setHint } from './device-hints.ts';
import type { Alert, InterviewState } from './state.ts';

/**
 * The seconds of recording that the device may have to hold at once: the longest answer, or with gate `end` all
 * answers.
 */
export function secondsHeld({ questions, gate }: Pick<InterviewState, 'questions' | 'gate'>): number {
  const lengths = questions.map(({ maxSeconds }) => maxSeconds);
  return gate === 'end' ? lengths.reduce((sum, seconds) => sum + seconds, 0) : Math.max(0, ...lengths);
}

/** What the device check needs. */
export interface DeviceCheckOptions extends DeviceHintsOptions {
  preview: Preview;
  adaptiveQuality: Pick<AdaptiveQuality, 'quality' | 'limit' | 'measure'>;
  screen: Pick<Screen, 'playback'>;
  /** What the candidate should know before the start, e.g. that the device keeps nothing; null: nothing. */
  warning: () => Promise<Alert | null>;
  /** Whether the device has room for `needBytes`; true where it does not say. */
  hasRoom: (needBytes: number) => Promise<boolean>;
  /** What the microphone has brought so far. */
  sound: () => SoundState;
  types?: WorkingTypes;
  timers?: Timers;
}

/** The device check of the page. */
export interface DeviceCheck {
  /** Shows the device check, opens camera and microphone, and measures the uplink. */
  open(): Promise<void>;
  /** Opens camera and microphone once more, after they were refused or unplugged. Never rejects. */
  openDevices(): Promise<void>;
  /** Opens the devices that the candidate has chosen. */
  choose(choice: DeviceChoice): void;
  /** Lists the devices to choose from, where those of a question could not be opened. */
  offerDevices(): Promise<void>;
  /** Whether the interview may start. Where no voice was heard the candidate is asked, once: then false. */
  mayStart(): boolean;
  /** Begins the practice question. */
  practise(): Promise<void>;
  /** Whether the practice question is recorded, or about to be. */
  isRecording(): boolean;
  /** Ends the recording of the practice question, and plays it. */
  stopPractice(): void;
  /** How long the practice question has been recorded, in ms; 0 where it is not. */
  practiceMs(): number;
  /** Forgets the practice question, and shows the device check again. */
  leavePractice(): void;
}

/** Creates the device check; `open` shows it. */
export function createDeviceCheck({
  store,
  preview,
  adaptiveQuality,
  screen,
  warning,
  hasRoom,
  sound,
  types = createWorkingTypes(),
  timers = systemTimers,
  ...watches
}: DeviceCheckOptions): DeviceCheck {
  const { get, dispatch } = store;
  let practice: Practice | null = null;
  /** The practice question is about to begin. */
  let opening = false;
  /** How often the warning was asked for: only the newest is true. */
  let warnings = 0;
  /** The candidate was asked whether to start although no voice was heard. */
  let asked = false;

  const kind = (): RecordingKind => (get().voiceAlone ? 'audio' : 'video');
  const mention = (about: Alert | null) => dispatch({ type: 'alert', alert: about });

  createDeviceHints({ store, ...watches });

  async function openDevices(): Promise<void> {
    try {
      if (!supportedMimeType(mimeTypesToTry(kind()))) throw new DOMException('', 'NotSupportedError');
      const stream = await preview.open();
      adaptiveQuality.limit({ cameraHeight: cameraLines(stream) });
      dispatch({ type: 'devices', ...(await listDevices(stream)) });
      await warn();
    } catch (error) {
      // The candidate has chosen other devices meanwhile: those are being opened.
      if (error instanceof DOMException && error.name === 'InvalidStateError') return;
      dispatch({ type: 'alert', alert: alertOf(error) });
    }
  }

  /** Says what the candidate should know before the start. Another quality needs another room on the device. */
  async function warn(): Promise<void> {
    warnings += 1;
    const mine = warnings;
    const bits = get().voiceAlone ? VOICE_QUALITY.audioBitsPerSecond : bitsPerSecond(adaptiveQuality.quality());
    const [about, room] = await Promise.all([warning(), hasRoom((bits / 8) * secondsHeld(get()))]);
    if (mine !== warnings) return;
    setHint(store, 'room', !room);
    const { alert, phase } = get();
    if (about && phase.name === 'checking' && phase.ready && givesWay(alert)) mention(about);
  }

  async function open(): Promise<void> {
    screen.playback(null);
    dispatch({ type: 'check' });
    void adaptiveQuality.measure().then((kbps) => {
      dispatch({ type: 'uplink', kbps });
      return warn();
    });
    await openDevices();
  }

  return {
    open,
    openDevices,
    choose(choice) {
      preview.choose(choice);
      void openDevices();
    },
    async offerDevices() {
      const { cameras, microphones } = await listDevices();
      dispatch({ type: 'devices', cameras, microphones, ...preview.chosen() });
    },
    mayStart() {
      if (asked || sound() !== 'silent') return true;
      asked = true;
      dispatch({ type: 'unheard', asking: true });
      return false;
    },
    async practise() {
      if (practice || opening) return;
      opening = true;
      screen.playback(null);
      try {
        const stream = await preview.open();
        await countDown((seconds) => {
          dispatch({ type: 'practice', stage: 'counting', seconds });
          return get().phase.name === 'practice';
        }, timers);
        if (get().phase.name !== 'practice') return;
        dispatch({ type: 'practice', stage: 'recording' });
        practice = startPractice({
          stream,
          quality: get().voiceAlone ? VOICE_QUALITY : adaptiveQuality.quality(),
          kind: kind(),
          types,
          onTrouble(trouble) {
            if (trouble === 'still') mention({ code: 'picture-still' });
            else if (get().alert?.code === 'picture-still') mention(null);
          },
          onEnd(recording, reason) {
            practice = null;
            // The session has gone to another device, or ended there, and the camera with it.
            if (get().phase.name !== 'practice') return;
            if (recording === null) return void open().then(() => mention({ code: 'recorder-failed' }));
            dispatch({ type: 'practice', stage: 'watching' });
            screen.playback(recording);
            if (reason !== 'stop') mention({ code: 'practice-broken' });
          },
        });
      } catch (error) {
        if (!['checking', 'practice'].includes(get().phase.name)) return;
        await open();
        mention(alertOf(error));
      } finally {
        opening = false;
      }
    },
    isRecording: () => practice !== null || opening,
    stopPractice: () => practice?.stop(),
    practiceMs: () => practice?.elapsedMs() ?? 0,
    leavePractice() {
      practice?.cancel();
      practice = null;
      void open();
    },
  };
}
