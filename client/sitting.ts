/** The sitting in motion: what happens at each phase of interview.ts, with the real recorder, spool, sender and server. */
import { givesWay } from './alerts.ts';
import { createAnswering, type Mishap } from './answering.ts';
import { type CheckOptions, createCheck } from './check.ts';
import { saveCopies } from './copies.ts';
import type { DeviceChoice } from './devices.ts';
import { createFigures } from './figures.ts';
import type { createFitting } from './fitting.ts';
import type { Hearing } from './hearing.ts';
import type { RememberedSitting, UndecidedTake } from './identity.ts';
import type { Alert } from './interview.ts';
import * as interview from './interview.ts';
import type { OverflowSpool } from './overflow-spool.ts';
import type { createPreview } from './preview.ts';
import type { Sender, SenderOptions } from './sender.ts';
import { createSession, type SessionOptions } from './session.ts';
import { createTakeWatch, type TakeWatchOptions } from './take-watch.ts';
import { createUploadHearing } from './upload-hearing.ts';
import { createVerdict } from './verdict.ts';
import type { Actions, View } from './view.ts';
import type { WakeLock } from './wake-lock.ts';

/** After these another camera or microphone may help. */
const choosable: ReadonlySet<interview.AlertCode | undefined> = new Set(['camera-busy', 'no-camera'] as const);
/** The screen stays on from the first question to the end. */
const resting: ReadonlySet<interview.Phase['name']> = new Set(['loading', 'checking', 'paused', 'finished']);

export interface SittingOptions extends Pick<SessionOptions, 'api' | 'identity' | 'goToLogin' | 'reload' | 'claim'> {
  spool: OverflowSpool;
  createSender: (options: Pick<SenderOptions, 'folder' | 'endpoint' | 'token' | 'onEvent' | 'sessionState'>) => Sender;
  view: Pick<View, 'render' | 'playback'>;
  preview: ReturnType<typeof createPreview>;
  createFitting: (onQuality: Parameters<typeof createFitting>[0]['onQuality']) => ReturnType<typeof createFitting>;
  hearing: Hearing;
  wakeLock: WakeLock;
  watchDevices: TakeWatchOptions['watchDevices'];
  warning: CheckOptions['warning'];
  isOnline: () => boolean;
  saveTake: (take: { takeId: string; question: number }) => Promise<void>;
  saveReceipt: () => void;
}

export function createSitting({ spool, view, preview, hearing, wakeLock, identity, ...options }: SittingOptions) {
  let state = interview.initial;
  let sender: Sender | null = null;
  /** In this life of the page the candidate has seen the devices, or chosen to go on without. */
  let checked = false;
  /** The candidate is on the way to the log-in. */
  let leaving = false;
  const fitting = options.createFitting((quality) => {
    dispatch({ type: 'quality', quality });
    identity.note({ quality });
    void preview.tune(quality, { later: answering.isRecording() || check.isRecording() });
  });
  const watch = createTakeWatch({
    watchDevices: options.watchDevices,
    mention: (about) => givesWay(state.alert) && alert(about),
    withdraw: (code) => state.alert?.code === code && alert(null),
  });
  const session = createSession({
    ...options,
    identity,
    state: () => state,
    dispatch,
    onOpen: begin,
    onBack: () => sender?.retryNow(),
    onEnd(receipt) {
      preview.close();
      dispatch({ type: 'finished', receipt });
    },
  });
  const answering = createAnswering({
    state: () => state,
    dispatch,
    identity,
    sender: () => sender,
    preview,
    ready: fitting.ready,
    quality: fitting.begin,
    onBegin(stream) {
      hearing.reset();
      watch.begin(stream);
    },
    wasMuted: watch.muted,
    onStop(takeId) {
      sender?.enterGate(takeId);
      const { recordedBytes, ackedBytes, uplinkKbps } = figures.sent();
      fitting.stopped({ backlogBytes: recordedBytes - ackedBytes, uplinkKbps });
    },
    onEnd: ended,
  });
  const verdict = createVerdict({
    state: () => state,
    dispatch,
    identity,
    spool,
    view,
    sender: () => sender,
    answering,
    onDecided(question) {
      checked = true;
      if (question === null) void answering.record();
      else if (state.phase.name === 'gate' && state.phase.gate.kind === 'open') void goOn();
      else keptWhole(question);
    },
  });
  const check = createCheck({ dispatch, preview, fitting, view, state: () => state, warning: options.warning });
  const hear = createUploadHearing({
    state: () => state,
    dispatch,
    sender: () => sender,
    session,
    verdict,
    take: answering.take,
    alert,
    onOpen: () => void goOn(),
  });
  const copying = {
    sender: () => sender,
    saveTake: options.saveTake,
    onFailed: () => alert({ code: 'copy-failed' }),
  };
  const figures = createFigures({
    state: () => state,
    sender: () => sender,
    folder: () => session.who().folder,
    level: preview.level,
    hearing,
    times() {
      const { elapsedMs, ...left } = answering.live();
      return { elapsedMs: elapsedMs || check.practiceMs(), ...left };
    },
    isOnline: options.isOnline,
    onBacklog: fitting.saw,
  });

  function dispatch(event: interview.Event): void {
    const before = state;
    state = interview.reduce(state, event);
    if (state === before) return;
    if (before.phase.name === 'recovered' && state.phase.name !== 'recovered') view.playback(null);
    if (resting.has(state.phase.name)) wakeLock.release();
    else wakeLock.hold();
    view.render(state);
    const { phase, alert: about } = state;
    if (phase.name === 'requesting' && about !== before.alert && choosable.has(about?.code))
      void check.offerDevices().catch(() => {});
  }

  function alert(about: Alert | null): void {
    dispatch({ type: 'alert', alert: about });
  }

  async function begin({ folder, uploadEndpoint }: RememberedSitting): Promise<void> {
    sender ??= options.createSender({
      folder,
      endpoint: uploadEndpoint,
      token: session.token,
      onEvent: hear,
      sessionState: session.lookUp,
    });
    // A take that nobody ended was cut by a reload or a crash: the candidate must say whether it counts.
    const open = (await spool.list(folder)).filter(({ ended }) => !ended).map(({ takeId }) => takeId);
    const left = await sender.recover();
    answering.noteLengths(left);
    fitting.resume(identity.notes().quality);
    const undecided = verdict.pending(left, new Set(open));
    for (const { takeId, question } of left)
      if (takeId !== undecided?.takeId) dispatch({ type: 'kept-whole', question });
    if (undecided) verdict.ask(undecided, undecided.cause);
    else await goOn();
  }

  /** To whatever comes next: an answer that is not sent, the device check, the next question, or the end. */
  async function goOn(): Promise<void> {
    const unsent = sender?.unsent() ?? [];
    const refused = unsent.find((take) => take.refused);
    const last = unsent.at(-1);
    if (refused) verdict.ask(refused, 'refused');
    else if (interview.nextQuestion(state) !== null && (state.gate === 'end' || !last)) await goToNext();
    else if (last) {
      dispatch({ type: 'resend', question: last.question, takeId: last.takeId });
      sender?.enterGate(last.takeId);
    } else {
      preview.close();
      await session.finish(() => spool.clear(session.who().folder));
    }
  }

  async function goToNext(): Promise<void> {
    if (!checked) return check.open();
    if (!state.pausing) return answering.record();
    preview.close();
    dispatch({ type: 'paused' });
  }

  /** After the last chunk was kept. */
  function ended(take: UndecidedTake, mishap: Mishap | null): void {
    const { takeId, question } = take;
    watch.end();
    void preview.tune(fitting.quality());
    const { phase } = state;
    const mine = 'takeId' in phase && phase.takeId === takeId && phase.name !== 'recovered';
    const cause = mishap?.cause ?? (answering.takesLeft(question) > 0 ? 'review' : null);
    // Before the end is written: once it is, the gate may open.
    if (mine && cause) verdict.ask(take, cause, mishap?.alert ?? undefined);
    // What took the camera away may have cut the connection as well.
    if (mishap) sender?.retryNow();
    void answering.endInSpool(takeId).then(() => mine && !cause && keptWhole(question));
  }

  /** With gate `end` that is all a question needs. */
  function keptWhole(question: number): void {
    dispatch({ type: 'kept-whole', question });
    const more = interview.nextQuestion(state) !== null;
    if (state.gate === 'end' && state.phase.name === 'gate' && more) void goOn();
  }

  function choose(choice: DeviceChoice): void {
    if (state.phase.name === 'requesting') {
      preview.choose(choice);
      void answering.record();
    } else check.choose(choice);
  }

  function retryNow(): void {
    sender?.retryNow();
    session.retryNow();
  }

  function askAgain(): void {
    const code = state.alert?.code;
    alert(null);
    if (code === 'signed-out') options.goToLogin();
    else if (code === 'second-tab' || (code === 'unexpected' && state.phase.name === 'loading')) options.reload();
    else if (state.phase.name === 'checking') void check.openDevices();
    else if (state.phase.name === 'requesting') void answering.record();
    else retryNow();
  }

  const actions: Actions = {
    start() {
      checked = true;
      void goOn();
    },
    practise() {
      if (state.phase.name === 'checking' || state.phase.name === 'practice') void check.practise();
    },
    stopPractice: check.stopPractice,
    leavePractice: check.leavePractice,
    answerNow: answering.answerNow,
    next: answering.next,
    pause: (on) => dispatch({ type: 'pausing', on }),
    resume() {
      dispatch({ type: 'pausing', on: false });
      void goOn();
    },
    retry: retryNow,
    keep: verdict.keep,
    again: () => void verdict.again(),
    chooseCamera: (cameraId) => choose({ cameraId }),
    chooseMicrophone: (microphoneId) => choose({ microphoneId }),
    askAgain,
    leave() {
      leaving = true;
    },
    saveCopies: () => void saveCopies(copying),
    saveReceipt: options.saveReceipt,
  };

  return {
    actions,
    open(): Promise<void> {
      view.render(state);
      return session.open();
    },
    retryNow,
    /** What an attempt to leave the page would interrupt. */
    isBusy: () => !leaving && (state.phase.name === 'recording' || (sender?.unsent().length ?? 0) > 0),
    /** A camera or microphone was plugged in, or went away while nothing recorded. */
    devicesChanged(): void {
      if (state.phase.name === 'checking') void check.openDevices();
    },
    /** The device's store took no more: what is recorded from now on lives as long as the page. */
    overflowed: () => alert({ code: 'storage-full' }),
    /** Something that nobody foresaw: the page must not stand there without a word. */
    failed(error: unknown): void {
      const detail = error instanceof Error ? error.message : String(error);
      if (state.phase.name !== 'finished' && givesWay(state.alert)) alert({ code: 'unexpected', detail });
    },
    live: figures.live,
    status: figures.status,
    receipt: () => state.receipt,
  };
}
