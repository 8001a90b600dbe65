/** The sitting in motion: what happens at each phase of interview.ts, with the real recorder, spool, sender and server. */
import { alertOf, refusalOf } from './alerts.ts';
import type { createApi } from './api.ts';
import { type DeviceChoice, listDevices } from './devices.ts';
import type { IdentityStore, Notes } from './identity.ts';
import { type Alert, type Cause, currentQuestion, type Event, type Gate, initial, reduce } from './interview.ts';
import { createPreview } from './preview.ts';
import { supportedMimeType } from './recorder.ts';
import { createRetrySchedule } from './retry-schedule.ts';
import { createSender, type Sender } from './sender.ts';
import { createSessionCalls } from './session-calls.ts';
import type { Spool } from './spool.ts';
import type { TresgoStatus } from './status.ts';
import { startTake, type Take, type TakeEnd } from './take.ts';
import { systemTimers } from './timers.ts';
import type { UploadEvent } from './upload-events.ts';
import type { Actions, Live, View } from './view.ts';

/** Between tries to tell the device's store that a take has ended. */
const END_RETRY_MS = 2000;
const nothingSent = { takeId: null, recordedBytes: 0, persistedBytes: 0, ackedBytes: 0, takes: [], gate: [] };

export interface SittingOptions {
  api: ReturnType<typeof createApi>;
  identity: IdentityStore;
  spool: Spool;
  view: Pick<View, 'render' | 'preview'>;
  /** Takes the page to the log-in. */
  goToLogin: () => void;
  /** Resolves to false where another tab already holds this session. */
  claim: (folder: string) => Promise<boolean>;
  /** Shown at the device check, e.g. that this device keeps nothing. */
  warning: Alert | null;
}

export function createSitting({ api, identity, spool, view, goToLogin, claim, warning }: SittingOptions) {
  let state = initial;
  let who = identity.get() ?? { token: '', userName: '', folder: '', currentIndex: 0 };
  let sender: Sender | null = null;
  let take: Take | null = null;
  let limit: number | undefined;
  /** In this life of the page the candidate has seen the devices, or chosen to go on without. */
  let checked = false;
  const preview = createPreview((stream) => view.preview(stream));
  const schedule = createRetrySchedule({
    timers: systemTimers,
    onGate: (gate) => state.phase.name === 'finishing' && dispatch({ type: 'finishing', gate }),
  });
  const calls = createSessionCalls({
    api,
    schedule,
    onRefusal: (error, later) => alert(later ? { code: 'no-connection' } : alertOf(error)),
  });
  const never = new AbortController().signal;

  function dispatch(event: Event): void {
    const before = state;
    state = reduce(state, event);
    if (state !== before) view.render(state);
  }

  const alert = (about: Alert | null) => dispatch({ type: 'alert', alert: about });

  /** Logs in again with what the page remembers, and takes up whatever an earlier life of the page left. */
  async function open(): Promise<void> {
    view.render(state);
    if (!who.token) return goToLogin();
    const { finishing } = identity.notes();
    const { token, userName, folder } = who;
    // The answer to an earlier finish may be lost: a start would then be refused, or begin another session.
    if (finishing && (await calls.finish({ token, folder, questionsCount: finishing })) === 'finished') return end();
    const start = await calls.start(token, userName);
    if (start === 'used-up') return end();
    if (start === 'refused') return;
    if (!sender && !(await claim(start.folder))) return alert({ code: 'second-tab' });
    who = { ...who, folder: start.folder };
    identity.set({ folder: start.folder });
    alert(null);
    dispatch({ type: 'loaded', title: start.interview.title, questions: start.questions, answered: start.answered });
    sender ??= createSender({
      folder: start.folder,
      spool,
      endpoint: start.uploadEndpoint,
      token: () => identity.get()?.token ?? who.token,
      onEvent: hear,
    });
    await takeUp(sender, start.folder);
  }

  /** A take that nobody ended was cut by a reload or a crash: the candidate must say whether it counts. */
  async function takeUp(from: Sender, folder: string): Promise<void> {
    const open = (await spool.list(folder)).filter(({ ended }) => !ended).map(({ takeId }) => takeId);
    const left = await from.recover();
    const cut = left.findLast(({ takeId }) => open.includes(takeId));
    const undecided = cut ?? identity.notes().undecided;
    if (undecided) choose(undecided, 'reload');
    else await goOn();
  }

  /** Lets the candidate choose whether a take counts that something else ended. */
  function choose(of: NonNullable<Notes['undecided']>, cause: Cause, why?: Alert): void {
    const { takeId, question, recordedMs } = of;
    if (cause !== 'refused') identity.note({ undecided: { takeId, question, recordedMs } });
    const unsent = sender?.unsent().some((each) => each.takeId === takeId) || take?.takeId === takeId;
    const gate: Gate = { kind: cause === 'refused' ? 'failed' : unsent ? 'uploading' : 'open' };
    dispatch({ type: 'recovered', question, takeId, recordedMs, cause, gate, ...(why && { alert: why }) });
    if (cause !== 'refused') sender?.enterGate(takeId);
  }

  /** To whatever comes next: an answer that is not sent, the device check, the next question, or the end. */
  async function goOn(): Promise<void> {
    const waiting = sender?.unsent().at(-1);
    if (waiting?.refused) return choose(waiting, 'refused');
    if (waiting) {
      dispatch({ type: 'resend', question: waiting.question, takeId: waiting.takeId });
      sender?.enterGate(waiting.takeId);
    } else if (state.answered.length >= state.questions.length) await finish();
    else if (checked) await record();
    else {
      dispatch({ type: 'check' });
      await openPreview();
    }
  }

  async function openPreview(): Promise<void> {
    try {
      if (!supportedMimeType()) throw new DOMException('', 'NotSupportedError');
      dispatch({ type: 'devices', ...(await listDevices(await preview.open())) });
      if (warning) alert(warning);
    } catch (error) {
      // Another choice came meanwhile: that one is being opened.
      if ((error as Error).name !== 'InvalidStateError') alert(alertOf(error));
    }
  }

  function chooseDevice(choice: DeviceChoice): void {
    preview.choose(choice);
    void openPreview();
  }

  async function record(): Promise<void> {
    checked = true;
    dispatch({ type: 'request' });
    const question = currentQuestion(state);
    if (state.phase.name !== 'requesting' || !question || !sender) return;
    identity.set({ currentIndex: question.index });
    try {
      const stream = await preview.open();
      take = await startTake({ sender, stream, question: question.index, onEnd: ended });
      dispatch({ type: 'recording', takeId: take.takeId });
      limit = window.setTimeout(next, question.maxSeconds * 1000);
    } catch (error) {
      alert(alertOf(error, error instanceof DOMException ? 'storage-refused' : 'unexpected'));
    }
  }

  function next(): void {
    if (state.phase.name !== 'recording' || !take) return;
    dispatch({ type: 'stopped' });
    sender?.enterGate(take.takeId);
    take.stop();
  }

  /** After the last chunk was kept. Ended by itself: what there is is saved, and the candidate chooses. */
  function ended({ reason, error, keptBytes, ...of }: TakeEnd): void {
    window.clearTimeout(limit);
    const otherwise = keptBytes === 0 ? 'camera-busy' : 'recording-interrupted';
    const why: Alert = reason === 'keep' ? alertOf(error, 'storage-refused') : { code: otherwise };
    const { phase } = state;
    const mine = 'takeId' in phase && phase.takeId === of.takeId;
    if (keptBytes === 0) {
      void sender?.drop(of.takeId).catch(() => {});
      dispatch({ type: 'nothing', takeId: of.takeId, alert: why });
    } else {
      // Before the end is written: once it is, the gate may open.
      if (reason !== 'stop' && mine && phase.name !== 'recovered') choose(of, 'interrupted', why);
      void endInSpool(of.takeId);
    }
    if (take?.takeId === of.takeId) take = null;
  }

  /** Until the device's store has it, the upload can't end. */
  async function endInSpool(takeId: string): Promise<void> {
    for (;;) {
      try {
        return await sender?.end(takeId);
      } catch (error) {
        alert(alertOf(error, 'storage-refused'));
        await schedule.wait({ quick: true, retryAfterMs: END_RETRY_MS }, never);
      }
    }
  }

  function hear(event: UploadEvent): void {
    if (event.type === 'refused') {
      hearRefusal(event);
      return;
    }
    dispatch(event);
    const { phase } = state;
    if (phase.name === 'gate' && phase.takeId === event.takeId && phase.gate.kind === 'open') void goOn();
  }

  function hearRefusal({ takeId, status, code, detail, final }: Extract<UploadEvent, { type: 'refused' }>): void {
    const why = refusalOf(status, code, detail);
    const { phase } = state;
    if (code === 'session-finished') end();
    else if (!final || why.code !== 'refused' || !('takeId' in phase) || phase.takeId !== takeId) alert(why);
    else {
      // No try can help any more: what is left is to answer again.
      choose({ takeId, question: phase.question, recordedMs: take?.elapsedMs() ?? 0 }, 'refused', why);
      if (take?.takeId === takeId) take.stop();
    }
  }

  async function finish(): Promise<void> {
    dispatch({ type: 'finishing', gate: { kind: 'uploading' } });
    preview.close();
    const questionsCount = state.questions.length;
    identity.note({ finishing: questionsCount });
    for (;;) {
      const result = await calls.finish({ token: who.token, folder: who.folder, questionsCount });
      if (result === 'finished') {
        await spool.clear(who.folder).catch(() => {});
        return end();
      }
      if (result === 'missing') {
        // The server lost count of us, or we of it: begin again with what it says.
        identity.note({ finishing: undefined });
        return open();
      }
      await schedule.waitForWake(never);
    }
  }

  /** The session is closed: the token is forgotten; the spool keeps whatever the server did not confirm. */
  function end(): void {
    preview.close();
    identity.clear();
    dispatch({ type: 'finished' });
  }

  function retryNow(): void {
    sender?.retryNow();
    schedule.wake();
  }

  function askAgain(): void {
    const code = state.alert?.code;
    alert(null);
    if (code === 'signed-out') goToLogin();
    else if (code === 'second-tab') location.reload();
    else if (state.phase.name === 'checking') void openPreview();
    else if (state.phase.name === 'requesting') void record();
    else retryNow();
  }

  async function again(): Promise<void> {
    if (state.phase.name !== 'recovered') return;
    const { takeId, cause } = state.phase;
    identity.note({ undecided: undefined });
    dispatch({ type: 'again' });
    if (cause === 'refused') await sender?.drop(takeId).catch(() => {});
    await record();
  }

  const actions: Actions = {
    start: () => void record(),
    next,
    retry: retryNow,
    keep() {
      checked = true;
      identity.note({ undecided: undefined });
      dispatch({ type: 'keep' });
      if (state.phase.name === 'gate' && state.phase.gate.kind === 'open') void goOn();
    },
    again: () => void again(),
    chooseCamera: (cameraId) => chooseDevice({ cameraId }),
    chooseMicrophone: (microphoneId) => chooseDevice({ microphoneId }),
    askAgain,
  };

  return {
    actions,
    open,
    retryNow,
    live(): Live {
      const { recordedBytes, persistedBytes, ackedBytes } = sender?.status() ?? nothingSent;
      const elapsedMs = take?.elapsedMs() ?? 0;
      return { elapsedMs, level: preview.level(), recordedBytes, persistedBytes, ackedBytes, online: navigator.onLine };
    },
    status(): TresgoStatus {
      const { answered, phase } = state;
      const question = currentQuestion(state)?.index ?? null;
      return { question, state: phase.name, folder: who.folder, answered, ...(sender?.status() ?? nothingSent) };
    },
  };
}
