/** The sitting in motion: what happens at each phase of interview.ts, with the real recorder, spool, sender and server. */
import { ApiError, type createApi } from './api.ts';
import { alertFor, listDevices } from './devices.ts';
import type { IdentityStore } from './identity.ts';
import { type Alert, currentQuestion, type Event, initial, reduce } from './interview.ts';
import { createPreview } from './preview.ts';
import { type EndReason, type Recording, startRecorder, supportedMimeType } from './recorder.ts';
import { createRetrySchedule } from './retry-schedule.ts';
import { createSender, type Sender } from './sender.ts';
import type { Spool } from './spool.ts';
import type { TresgoStatus } from './status.ts';
import { systemTimers } from './timers.ts';
import type { UploadEvent } from './upload-events.ts';
import type { Actions, Live, View } from './view.ts';

/** A face and a voice, and little enough for a phone's uplink; the browsers' own choice is 2.5 Mbit/s. */
export const VIDEO_BITS_PER_SECOND = 1_000_000;
export const AUDIO_BITS_PER_SECOND = 64_000;

export interface SittingOptions {
  api: ReturnType<typeof createApi>;
  identity: IdentityStore;
  spool: Spool;
  view: Pick<View, 'render' | 'preview'>;
  /** Takes the page to the log-in. */
  goToLogin: () => void;
  /** Resolves to false where another tab already holds this session. */
  claim: (folder: string) => Promise<boolean>;
}

export function createSitting({ api, identity, spool, view, goToLogin, claim }: SittingOptions) {
  let state = initial;
  let who = identity.get() ?? { token: '', userName: '', folder: '', currentIndex: 0 };
  let sender: Sender | null = null;
  let recording: Recording | null = null;
  let limit: number | undefined;
  /** In this life of the page the candidate has seen the devices, or chosen to go on without. */
  let checked = false;
  const preview = createPreview((stream) => view.preview(stream));
  const schedule = createRetrySchedule({
    timers: systemTimers,
    onGate: (gate) => state.phase.name === 'finishing' && dispatch({ type: 'finishing', gate }),
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
    const start = await untilAnswered(() => api.startSession(who.token, who.userName));
    if (!start) return;
    if (!(await claim(start.folder))) return alert({ code: 'second-tab' });
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
    // A take that nobody ended was cut by a reload or a crash: the candidate must say whether it counts.
    const before = await spool.list(start.folder);
    const left = await sender.recover();
    const last = left.at(-1);
    if (last && before.some((take) => take.takeId === last.takeId && !take.ended)) {
      dispatch({ type: 'recovered', question: last.question, takeId: last.takeId, recordedMs: last.recordedMs });
    } else if (last && !state.answered.includes(last.question)) {
      dispatch({ type: 'resend', question: last.question, takeId: last.takeId });
    }
    if (last && state.phase.name !== 'loading') sender.enterGate(last.takeId);
    else await goOn();
  }

  /** Repeats a call until the server answers; a refusal is shown. Null when it is final. */
  async function untilAnswered<T>(call: () => Promise<T>): Promise<T | null> {
    for (;;) {
      try {
        const answer = await call();
        schedule.reset();
        return answer;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.code === 'sessions-used-up') {
          dispatch({ type: 'finished' });
          return null;
        }
        const later = error.status === 0 || error.status >= 500 || error.status === 429;
        alert(later ? { code: 'no-connection' } : alertOf(error));
        // A withdrawn token may be restored; anything else that is final stays so.
        if (!later && error.status !== 401) return null;
        await schedule.wait({ quick: false, retryAfterMs: (error.retryAfterSeconds ?? 0) * 1000 }, never);
      }
    }
  }

  /** To whatever comes next: the device check, the next question, or the end. */
  async function goOn(): Promise<void> {
    if (state.answered.length >= state.questions.length) return finish();
    if (checked) return record();
    dispatch({ type: 'check' });
    await openPreview();
  }

  async function openPreview(): Promise<void> {
    try {
      if (!supportedMimeType()) throw new DOMException('', 'NotSupportedError');
      dispatch({ type: 'devices', ...(await listDevices(await preview.open())) });
    } catch (error) {
      alert(alertOf(error));
    }
  }

  async function record(): Promise<void> {
    dispatch({ type: 'request' });
    const question = currentQuestion(state);
    if (state.phase.name !== 'requesting' || !question || !sender) return;
    identity.set({ currentIndex: question.index });
    const takeId = crypto.randomUUID();
    const to = sender;
    try {
      const stream = await preview.open();
      // The recorder runs while the spool makes room: the first chunk waits for it.
      const begun: Promise<unknown>[] = [];
      recording = startRecorder({
        stream,
        videoBitsPerSecond: VIDEO_BITS_PER_SECOND,
        audioBitsPerSecond: AUDIO_BITS_PER_SECOND,
        onChunk: async (data, elapsedMs) => {
          await begun[0];
          await to.append(takeId, data, elapsedMs);
        },
        onEnd: (reason, error) => void ended(takeId, question.index, reason, error),
      });
      const { mimeType, startedAt } = recording;
      begun.push(to.begin({ takeId, question: question.index, mimeType, startedAt: startedAt.toISOString() }));
      await begun[0];
      dispatch({ type: 'recording', takeId });
      limit = window.setTimeout(next, question.maxSeconds * 1000);
    } catch (error) {
      void recording?.stop();
      alert(alertOf(error, recording ? 'storage-refused' : 'unexpected'));
    }
  }

  function next(): void {
    if (state.phase.name !== 'recording' || !recording) return;
    window.clearTimeout(limit);
    const { takeId } = state.phase;
    dispatch({ type: 'stopped' });
    sender?.enterGate(takeId);
    void recording.stop();
  }

  /** After the last chunk was kept. Ended by itself: what there is is saved, and the candidate chooses. */
  async function ended(takeId: string, question: number, reason: EndReason, error: unknown): Promise<void> {
    window.clearTimeout(limit);
    const recordedMs = recording?.elapsedMs() ?? 0;
    recording = null;
    await sender?.end(takeId).catch((cause) => alert(alertOf(cause, 'storage-refused')));
    if (reason === 'stop' || state.phase.name !== 'recording') return;
    dispatch({ type: 'recovered', question, takeId, recordedMs });
    sender?.enterGate(takeId);
    alert(reason === 'keep' ? alertOf(error, 'storage-refused') : { code: 'recording-interrupted' });
  }

  function hear(event: UploadEvent): void {
    if (event.type === 'refused') {
      const code = event.status === 401 ? 'signed-out' : event.code === 'digest-mismatch' ? event.code : 'refused';
      alert({ code, detail: event.detail });
      return;
    }
    dispatch(event);
    const { phase } = state;
    if (phase.name === 'gate' && phase.takeId === event.takeId && phase.gate.kind === 'open') void goOn();
  }

  async function finish(): Promise<void> {
    dispatch({ type: 'finishing', gate: { kind: 'uploading' } });
    preview.close();
    const call = { token: who.token, folder: who.folder, questionsCount: state.questions.length };
    const missing = await untilAnswered(() =>
      api.finishSession(call).then(
        () => false,
        (error: unknown) => {
          if (error instanceof ApiError && error.code === 'answers-missing') return true;
          throw error;
        },
      ),
    );
    if (missing === null) return;
    // The server lost count of us, or we of it: begin again with what it says.
    if (missing) return open();
    await spool.clear(who.folder).catch(() => {});
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

  const actions: Actions = {
    start() {
      checked = true;
      void record();
    },
    next,
    retry: retryNow,
    keep() {
      checked = true;
      dispatch({ type: 'keep' });
      if (state.phase.name === 'gate' && state.phase.gate.kind === 'open') void goOn();
    },
    again() {
      checked = true;
      dispatch({ type: 'again' });
      void record();
    },
    chooseCamera(cameraId) {
      preview.choose({ cameraId });
      void openPreview();
    },
    chooseMicrophone(microphoneId) {
      preview.choose({ microphoneId });
      void openPreview();
    },
    askAgain,
  };

  return {
    actions,
    open,
    retryNow,
    live(): Live {
      const { recordedBytes = 0, persistedBytes = 0, ackedBytes = 0 } = sender?.status() ?? {};
      const elapsedMs = recording?.elapsedMs() ?? 0;
      return {
        elapsedMs,
        level: preview.level(),
        recordedBytes,
        persistedBytes,
        ackedBytes,
        online: navigator.onLine,
      };
    },
    status(): TresgoStatus {
      const { questions: _, ...rest } = state;
      const sending = sender?.status() ?? {
        takeId: null,
        recordedBytes: 0,
        persistedBytes: 0,
        ackedBytes: 0,
        takes: [],
        gate: [],
      };
      return {
        question: currentQuestion(state)?.index ?? null,
        state: rest.phase.name,
        folder: who.folder,
        answered: rest.answered,
        ...sending,
      };
    },
  };
}

/** What went wrong, as the page says it. */
function alertOf(error: unknown, otherwise: Alert['code'] = 'unexpected'): Alert {
  if (error instanceof ApiError) return { code: error.status === 401 ? 'signed-out' : 'refused', detail: error.detail };
  const code = alertFor(error);
  return code === 'unexpected'
    ? { code: otherwise, detail: error instanceof Error ? error.message : String(error) }
    : { code };
}
