/** The interview of a page: the store, the modules that share it, and what the page can ask of them. */

import type { AdaptiveQuality, AdaptiveQualityOptions } from '../capture/adaptive-quality.ts';
import type { DeviceChoice } from '../capture/devices.ts';
import type { Preview } from '../capture/preview.ts';
import { VOICE_QUALITY } from '../capture/quality.ts';
import type { SilenceDetector } from '../capture/silence-detector.ts';
import type { WakeLock } from '../capture/wake-lock.ts';
import { createWorkingTypes } from '../capture/working-types.ts';
import type { OverflowSpool } from '../spool/overflow-spool.ts';
import { systemTimers } from '../timers.ts';
import type { UploadQueue, UploadQueueOptions } from '../upload/upload-queue.ts';
import type { Actions, Screen } from './actions.ts';
import { givesWay } from './alerts.ts';
import { createAnswering } from './answering.ts';
import { createDeviceCheck, type DeviceCheckOptions } from './device-check.ts';
import { createFlow } from './flow.ts';
import { createOtherDevice } from './other-device.ts';
import { type SaveCopiesOptions, saveCopies } from './save-copy.ts';
import { createSession, type SessionOptions } from './session.ts';
import { createSessionQueue } from './session-queue.ts';
import { createSizeLimit, limitQuality } from './size-limit.ts';
import type { Alert, AlertCode, Phase, SavedReceipt } from './state.ts';
import { createStats, type Stats } from './stats.ts';
import { createStore } from './store.ts';
import { createTakeDecision } from './take-decision.ts';
import { createTakeWarnings, type TakeWarningsOptions } from './take-warnings.ts';
import { createUploadHandler } from './upload-handler.ts';

/** Alerts after which another camera or microphone may help. */
const choosable: ReadonlySet<AlertCode | undefined> = new Set(['camera-busy', 'no-camera', 'recorder-failed'] as const);
/** Phases in which the screen may turn off; it stays on from the first question to the end. */
const resting: ReadonlySet<Phase['name']> = new Set(['loading', 'consent', 'checking', 'paused', 'finished']);

/** What the page gives to the interview: devices, stores, the server, and the ways to another page. */
export interface ControllerOptions
  extends Pick<SessionOptions, 'api' | 'savedRecord' | 'goToLogin' | 'reload' | 'claim'>,
    Pick<DeviceCheckOptions, 'warning' | 'hasRoom' | 'watchDarkness' | 'watchBattery' | 'timers'> {
  spool: OverflowSpool;
  createUploadQueue: (
    options: Pick<UploadQueueOptions, 'folder' | 'endpoint' | 'token' | 'onEvent' | 'sessionState'>,
  ) => Promise<UploadQueue>;
  screen: Screen;
  preview: Preview;
  createAdaptiveQuality: (onQuality: AdaptiveQualityOptions['onQuality'], token: () => string) => AdaptiveQuality;
  silenceDetector: SilenceDetector;
  wakeLock: WakeLock;
  watchDevices: TakeWarningsOptions['watchDevices'];
  isOnline: () => boolean;
  saveTake: SaveCopiesOptions['saveTake'];
  saveReceipt: () => void;
  /** The address of the log-in in the page's language. */
  loginAddress: () => string;
}

interface Controller extends Stats {
  actions: Actions;
  /** Shows the page, and opens the session. */
  open(): Promise<void>;
  /** Repeats at once what waits for its next attempt: the connection may be back. */
  retryNow(): void;
  /** Whether the candidate would lose something by leaving the page now. */
  isBusy(): boolean;
  /** Camera and microphone have been asked for a while without an answer (true), or are so no more. */
  devicesWait(waiting: boolean): void;
  /** A camera or microphone was plugged in, or went away while nothing recorded. */
  devicesChanged(): void;
  /** The device's store is full: what is recorded from now on is lost with the page. */
  overflowed(): void;
  /** An error that no other code expects: the candidate must see that something went wrong. */
  failed(error: unknown): void;
  /** Null before the end, and where the server sent none. */
  receipt(): SavedReceipt | null;
}

/** Creates the interview of the page; `open` begins it. */
export function createController({
  spool,
  screen,
  preview,
  silenceDetector,
  wakeLock,
  savedRecord,
  timers = systemTimers,
  ...options
}: ControllerOptions): Controller {
  const store = createStore();
  const { get, dispatch } = store;
  /** The candidate is on the way to the log-in. */
  let leaving = false;
  const types = createWorkingTypes();

  const adaptiveQuality = options.createAdaptiveQuality(
    (quality) => {
      dispatch({ type: 'quality', quality });
      savedRecord.save({ quality });
      void preview.tune(quality, { later: answering.isRecording() || check.isRecording() });
    },
    () => session.token(),
  );
  const warnings = createTakeWarnings({
    watchDevices: options.watchDevices,
    mention: (about) => givesWay(get().alert) && alert(about),
    withdraw: (code) => get().alert?.code === code && alert(null),
  });
  const session = createSession({
    ...options,
    savedRecord,
    store,
    onOpen: (interview) => flow.begin(interview),
    onBack: () => queue.retryNow(),
    onEnd(receipt, earlier = null) {
      preview.close();
      dispatch({ type: 'finished', receipt, earlier });
    },
  });
  const queue = createSessionQueue(({ folder, uploadEndpoint: endpoint }) =>
    options.createUploadQueue({
      folder,
      endpoint,
      token: session.token,
      onEvent: handleUpload,
      sessionState: session.lookUp,
    }),
  );
  const sizeLimit = createSizeLimit({ queue, maxBytes: () => get().maxBytes, onFull: () => answering.end() });
  const answering = createAnswering({
    store,
    savedRecord,
    queue: { ...queue, append: sizeLimit.append },
    preview,
    types,
    ready: adaptiveQuality.ready,
    quality: () => (get().voiceAlone ? VOICE_QUALITY : adaptiveQuality.begin(queue.status().uplinkKbps)),
    onBegin(stream) {
      silenceDetector.reset();
      warnings.begin(stream);
    },
    wasMuted: warnings.hasHole,
    onTrouble: warnings.trouble,
    onStop(takeId) {
      queue.enterGate(takeId);
      const { recordedBytes, ackedBytes, uplinkKbps } = queue.status();
      // How a voice alone was sent says nothing of a picture.
      if (!get().voiceAlone) adaptiveQuality.stopped({ backlogBytes: recordedBytes - ackedBytes, uplinkKbps });
    },
    onEnd: (take, interruption) => flow.takeEnded(take, interruption),
    timers,
  });
  const decision = createTakeDecision({
    ...{ store, savedRecord, spool, screen, queue },
    onDecided: (kept) => flow.decided(kept),
  });
  const sound = silenceDetector.state;
  const check = createDeviceCheck({ ...options, store, preview, adaptiveQuality, screen, types, sound, timers });
  const otherDevice = createOtherDevice({ ...options, store, session, queue, onLooked: (state) => flow.looked(state) });
  const flow = createFlow({
    ...{ store, savedRecord, spool, queue, session, preview },
    ...{ adaptiveQuality, answering, check, decision, warnings, otherDevice },
  });
  const handleUpload = createUploadHandler({
    store,
    queue,
    session,
    decision,
    take: answering.take,
    alert,
    onOpen: () => void flow.proceed(),
  });
  const stats = createStats({
    store,
    queue,
    folder: () => session.who().folder,
    level: preview.level,
    silenceDetector,
    times() {
      const { elapsedMs, leftMs, thinkLeftMs } = answering.live();
      const untilFullMs = sizeLimit.leftMs(answering.take()?.takeId ?? '') ?? Number.POSITIVE_INFINITY;
      return {
        elapsedMs: elapsedMs || check.practiceMs(),
        leftMs: leftMs === null ? null : Math.min(leftMs, untilFullMs),
        thinkLeftMs,
      };
    },
    isOnline: options.isOnline,
    onBacklog: adaptiveQuality.observeBacklog,
  });

  store.subscribe(({ phase }, before) => {
    if (before.phase.name === 'recovered' && phase.name !== 'recovered') screen.playback(null);
  });
  limitQuality({ store, adaptiveQuality });
  // Before the camera opens for a question: it stays closed for a voice alone.
  store.subscribe(({ voiceAlone }, before) => voiceAlone !== before.voiceAlone && preview.choose({ voiceAlone }));
  store.subscribe(({ phase }) => (resting.has(phase.name) ? wakeLock.release() : wakeLock.hold()));
  store.subscribe(screen.render);
  store.subscribe(({ phase, alert: about }, before) => {
    if (phase.name === 'requesting' && about !== before.alert && choosable.has(about?.code))
      void check.offerDevices().catch(() => {});
  });

  function alert(about: Alert | null): void {
    dispatch({ type: 'alert', alert: about });
  }

  function choose(choice: DeviceChoice): void {
    if (get().phase.name === 'requesting') {
      preview.choose(choice);
      void answering.record();
    } else check.choose(choice);
  }

  function retryNow(): void {
    queue.retryNow();
    session.retryNow();
  }

  /** Repeats what the alert is about. */
  function askAgain(): void {
    const { alert: about, phase } = get();
    alert(null);
    if (about?.code === 'signed-out') options.goToLogin();
    else if (about?.code === 'second-tab' || (about?.code === 'unexpected' && phase.name === 'loading'))
      options.reload();
    else if (phase.name === 'checking') void check.openDevices();
    else if (phase.name === 'requesting') void answering.record();
    else retryNow();
  }

  const actions: Actions = {
    agree: session.agree,
    start: () => check.mayStart() && flow.start(),
    speakFirst: () => dispatch({ type: 'unheard', asking: false }),
    voiceAlone(on) {
      const { phase } = get();
      if (phase.name !== 'checking' && phase.name !== 'requesting') return;
      dispatch({ type: 'voice-alone', on });
      savedRecord.save({ voiceAlone: on });
      if (phase.name === 'requesting') void answering.record();
      else void check.open();
    },
    practise() {
      if (get().phase.name === 'checking' || get().phase.name === 'practice') void check.practise();
    },
    stopPractice: check.stopPractice,
    leavePractice: check.leavePractice,
    answerNow: answering.answerNow,
    next: answering.next,
    goOn: answering.goOn,
    endShort: answering.end,
    pause: (on) => dispatch({ type: 'pausing', on }),
    resume: flow.resume,
    retry: retryNow,
    keep: decision.keep,
    again: () => void decision.again(),
    chooseCamera: (cameraId) => choose({ cameraId }),
    chooseMicrophone: (microphoneId) => choose({ microphoneId }),
    askAgain,
    leave() {
      leaving = true;
    },
    saveCopies() {
      void saveCopies({ queue, saveTake: options.saveTake, onFailed: () => alert({ code: 'copy-failed' }) });
    },
    linkForAnotherDevice: otherDevice.link,
    continueHere() {
      leaving = true;
      // A page that is loaded without the number of a log-in logs in.
      savedRecord.save({ login: undefined });
      options.reload();
    },
    answerHere: flow.answerHere,
    saveReceipt: options.saveReceipt,
  };

  return {
    ...stats,
    actions,
    open() {
      screen.render(get());
      return session.open();
    },
    retryNow,
    isBusy: () => !leaving && (get().phase.name === 'recording' || queue.unsent().length > 0),
    devicesChanged() {
      if (get().phase.name === 'checking') void check.openDevices();
    },
    devicesWait(waiting) {
      if (waiting && givesWay(get().alert)) alert({ code: 'camera-waits' });
      if (!waiting && get().alert?.code === 'camera-waits') alert(null);
    },
    overflowed: () => alert({ code: 'storage-full' }),
    failed(error) {
      const detail = error instanceof Error ? error.message : String(error);
      if (get().phase.name !== 'finished' && givesWay(get().alert)) alert({ code: 'unexpected', detail });
    },
    receipt: () => get().receipt,
  };
}
