/** The sitting in motion: what happens at each phase of interview.ts, with the real recorder, spool, sender and server. */
import { refusalOf } from './alerts.ts';
import { createAnswering } from './answering.ts';
import { type CheckOptions, createCheck } from './check.ts';
import type { DeviceState, DeviceWatch } from './device-watch.ts';
import type { createFitting } from './fitting.ts';
import type { Hearing } from './hearing.ts';
import type { RememberedSitting, UndecidedTake } from './identity.ts';
import type { Alert } from './interview.ts';
import * as interview from './interview.ts';
import type { createPreview } from './preview.ts';
import type { Sender, SenderOptions } from './sender.ts';
import { createSession, type SessionOptions } from './session.ts';
import type { Spool } from './spool.ts';
import { bytesOf, type TresgoStatus } from './status.ts';
import type { UploadEvent } from './upload-events.ts';
import { createVerdict } from './verdict.ts';
import type { Actions, Live, View } from './view.ts';
import type { WakeLock } from './wake-lock.ts';

/** A request that moved nothing for so long is worth a word. */
const STALLED_MS = 3000;
const nothingSent = {
  ...{ takeId: null, recordedBytes: 0, persistedBytes: 0, ackedBytes: 0, takes: [], gate: [] },
  ...{ uplinkKbps: null, quietMs: 0 },
};
/** The screen stays on from the first question to the end. */
const resting: ReadonlySet<interview.Phase['name']> = new Set(['loading', 'checking', 'paused', 'finished']);

export interface SittingOptions extends Pick<SessionOptions, 'api' | 'identity' | 'goToLogin' | 'reload' | 'claim'> {
  spool: Spool;
  createSender: (options: Pick<SenderOptions, 'folder' | 'endpoint' | 'token' | 'onEvent' | 'sessionState'>) => Sender;
  view: Pick<View, 'render' | 'playback'>;
  preview: ReturnType<typeof createPreview>;
  createFitting: (onQuality: Parameters<typeof createFitting>[0]['onQuality']) => ReturnType<typeof createFitting>;
  hearing: Hearing;
  wakeLock: WakeLock;
  watchDevices: (stream: MediaStream, onChange: (state: DeviceState) => void) => DeviceWatch;
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
  let watch: DeviceWatch | null = null;
  /** Of the time that the page was hidden in this take, what the candidate was told of. */
  let toldHiddenMs = 0;
  const fitting = options.createFitting((quality) => {
    dispatch({ type: 'quality', quality });
    void preview.tune(quality);
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
    quality: fitting.quality,
    onBegin(stream) {
      hearing.reset();
      toldHiddenMs = 0;
      watch?.close();
      watch = options.watchDevices(stream, hearDevices);
    },
    onStop(takeId) {
      sender?.enterGate(takeId);
      const { recordedBytes, ackedBytes, uplinkKbps } = sender?.status() ?? nothingSent;
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
  const check = createCheck({ dispatch, preview, fitting, view, hearing, longestMs, warning: options.warning });

  function longestMs(): number {
    return Math.max(0, ...state.questions.map(({ maxSeconds }) => maxSeconds * 1000));
  }

  function dispatch(event: interview.Event): void {
    const before = state;
    state = interview.reduce(state, event);
    if (state === before) return;
    if (before.phase.name === 'recovered' && state.phase.name !== 'recovered') view.playback(null);
    if (resting.has(state.phase.name)) wakeLock.release();
    else wakeLock.hold();
    view.render(state);
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
    const cut = left.findLast(({ takeId }) => open.includes(takeId));
    const noted = identity.notes().undecided;
    const undecided = cut ?? noted;
    for (const { takeId, question } of left)
      if (takeId !== undecided?.takeId) dispatch({ type: 'kept-whole', question });
    if (undecided) verdict.ask(undecided, (undecided === noted && noted.cause) || 'reload');
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

  /** After the last chunk was kept; `why`: the take ended by itself. */
  function ended(take: UndecidedTake, why: Alert | null): void {
    const { takeId, question } = take;
    watch?.close();
    const { phase } = state;
    const mine = 'takeId' in phase && phase.takeId === takeId && phase.name !== 'recovered';
    const review = why === null && answering.takesLeft(question) > 0;
    // Before the end is written: once it is, the gate may open.
    if (mine && (why || review)) verdict.ask(take, why ? 'interrupted' : 'review', why ?? undefined);
    // What took the camera away may have cut the connection as well.
    if (why) sender?.retryNow();
    void answering.endInSpool(takeId).then(() => mine && !why && !review && keptWhole(question));
  }

  /** With gate `end` that is all a question needs. */
  function keptWhole(question: number): void {
    dispatch({ type: 'kept-whole', question });
    const more = interview.nextQuestion(state) !== null;
    if (state.gate === 'end' && state.phase.name === 'gate' && more) void goOn();
  }

  function hear(event: UploadEvent): void {
    if (event.type === 'refused') {
      hearRefusal(event);
      return;
    }
    dispatch(event);
    if (event.gate.kind !== 'open') return;
    const question = sender?.status().gate.find(({ takeId }) => takeId === event.takeId)?.question;
    if (question !== undefined) dispatch({ type: 'answered', answered: [question] });
    session.rememberAnswered(state.answered);
    const { phase } = state;
    if (phase.name === 'gate' && phase.takeId === event.takeId) void goOn();
  }

  function hearRefusal({ takeId, status, code, detail, final }: Extract<UploadEvent, { type: 'refused' }>): void {
    const why = refusalOf(status, code, detail);
    const { phase } = state;
    if (code === 'session-finished') session.over();
    else if (!final || why.code !== 'refused' || !('takeId' in phase) || phase.takeId !== takeId) alert(why);
    else {
      // No try can help any more: what is left is to answer again.
      const take = answering.take();
      verdict.ask({ takeId, question: phase.question, recordedMs: take?.elapsedMs() ?? 0 }, 'refused', why);
      if (take?.takeId === takeId) take.stop();
    }
  }

  function hearDevices({ muted, hidden, wasHiddenMs }: DeviceState): void {
    if (muted) alert({ code: 'device-muted' });
    else if (!hidden && wasHiddenMs > toldHiddenMs) {
      toldHiddenMs = wasHiddenMs;
      alert({ code: 'page-was-hidden' });
    } else if (state.alert?.code === 'device-muted') alert(null);
  }

  function retryNow(): void {
    sender?.retryNow();
    session.retryNow();
  }

  function askAgain(): void {
    const code = state.alert?.code;
    alert(null);
    if (code === 'signed-out') options.goToLogin();
    else if (code === 'second-tab') options.reload();
    else if (state.phase.name === 'checking') void check.openDevices();
    else if (state.phase.name === 'requesting') void answering.record();
    else retryNow();
  }

  const actions: Actions = {
    start() {
      checked = true;
      void goToNext();
    },
    practise() {
      if (state.phase.name === 'checking' || state.phase.name === 'practice') void check.practise();
    },
    stopPractice: check.stopPractice,
    leavePractice: check.leavePractice,
    answerNow: answering.answerNow,
    next: answering.next,
    pause: (on) => dispatch({ type: 'pausing', on }),
    resume: () => void answering.record(),
    retry: retryNow,
    keep: verdict.keep,
    again: () => void verdict.again(),
    chooseCamera: (cameraId) => check.choose({ cameraId }),
    chooseMicrophone: (microphoneId) => check.choose({ microphoneId }),
    askAgain,
    saveCopies: () => void Promise.all(sender?.unsent().map(options.saveTake) ?? []),
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
    isBusy: () => state.phase.name === 'recording' || (sender?.unsent().length ?? 0) > 0,
    /** A camera or microphone was plugged in, or went away while nothing recorded. */
    devicesChanged(): void {
      if (state.phase.name === 'checking') void check.openDevices();
    },
    /** The device's store took no more: what is recorded from now on lives as long as the page. */
    overflowed: () => alert({ code: 'storage-full' }),
    live(): Live {
      const status = sender?.status() ?? nothingSent;
      const { recordedBytes, ackedBytes } = status;
      if (state.phase.name === 'recording') fitting.saw(recordedBytes - ackedBytes);
      const network = !options.isOnline() ? 'offline' : status.quietMs > STALLED_MS ? 'stalled' : 'online';
      const { elapsedMs, ...left } = answering.live();
      const bytes = bytesOf(status, state.gate === 'end' && state.phase.name === 'gate');
      const level = preview.level();
      const microphone = { level, hearing: hearing.listen(level) };
      return { elapsedMs: elapsedMs || check.practiceMs(), ...left, ...microphone, ...bytes, network };
    },
    status(): TresgoStatus {
      const { answered, phase, quality } = state;
      const question = interview.currentQuestion(state)?.index ?? null;
      const { folder } = session.who();
      return { question, state: phase.name, folder, answered, quality, ...(sender?.status() ?? nothingSent) };
    },
    receipt: () => state.receipt,
  };
}
