/** The session with the server: opened or remembered, asked about, and closed. What happens in between is sitting.ts. */
import type { FinishSessionAnswer, StartSessionAnswer } from '../server/wire.ts';
import { alertOf } from './alerts.ts';
import { ApiError, type createApi } from './api.ts';
import type { IdentityStore, RememberedSitting } from './identity.ts';
import type { Alert, Event, SavedReceipt, Sitting } from './interview.ts';
import { openSession, toRemembered } from './opening.ts';
import { createRetrySchedule } from './retry-schedule.ts';
import { createSessionCalls } from './session-calls.ts';
import { systemTimers } from './timers.ts';

export interface SessionOptions {
  api: ReturnType<typeof createApi>;
  identity: IdentityStore;
  state: () => Sitting;
  dispatch: (event: Event) => void;
  /** Takes the page to the log-in. */
  goToLogin: () => void;
  /** Begins the page anew. */
  reload: () => void;
  /** Resolves once this tab alone holds the session; `onBusy` is called where another one holds it. */
  claim: (folder: string, onBusy: () => void) => Promise<void>;
  /** The sitting can begin, or go on. */
  onOpen: (start: RememberedSitting) => Promise<void>;
  /** The server has answered after the sitting went on with what the device remembered. */
  onBack: () => void;
  /** The session is closed, for good. */
  onEnd: (receipt: SavedReceipt | null) => void;
}

export function createSession({ api, identity, state, dispatch, goToLogin, reload, claim, ...on }: SessionOptions) {
  let who = identity.get() ?? { token: '', userName: '', folder: '', currentIndex: 0 };
  let claimed = false;
  /** How often the server missed answers when the session was to be closed. */
  let misses = 0;
  const never = new AbortController().signal;
  /** Ends the page's patience with the server at the start. */
  let noConnection = () => {};
  const opening = createRetrySchedule({ timers: systemTimers, onGate: () => {} });
  const closing = createRetrySchedule({
    timers: systemTimers,
    onGate: (gate) => state().phase.name === 'finishing' && dispatch({ type: 'finishing', gate }),
  });
  const openingCalls = createSessionCalls({
    api,
    schedule: opening,
    onRefusal(error, later) {
      if (later) noConnection();
      // With what the device remembers the sitting goes on: each further try is no news.
      if (!later) alert(alertOf(error));
      else if (state().phase.name === 'loading') alert({ code: 'no-connection' });
    },
  });
  const closingCalls = createSessionCalls({
    api,
    schedule: closing,
    onRefusal: (error, later) => alert(later ? { code: 'no-connection' } : alertOf(error)),
  });

  function alert(about: Alert | null): void {
    dispatch({ type: 'alert', alert: about });
  }

  /** Logs in again with what the page remembers. */
  async function open(): Promise<void> {
    if (!who.token) {
      const receipt = identity.receipt();
      return receipt ? on.onEnd(receipt) : goToLogin();
    }
    const { finishing, sitting } = identity.notes();
    // The answer to an earlier finish may be lost: a start would then be refused, or begin another session.
    if (finishing) {
      dispatch({ type: 'finishing', gate: { kind: 'uploading' } });
      const closed = await closingCalls.finish({ token: who.token, folder: who.folder, questionsCount: finishing });
      if (typeof closed === 'object') return end(closed);
    }
    const failed = new Promise<void>((resolve) => {
      noConnection = resolve;
    });
    const opened = await openSession({ calls: openingCalls, who, remembered: sitting, failed });
    if (opened.from === 'server') return begin(opened.answer);
    void opened.later.then(hearLater);
    await begin(opened.sitting, { code: 'working-offline' });
  }

  async function begin(start: RememberedSitting | 'used-up' | 'refused', say: Alert | null = null): Promise<void> {
    if (start === 'used-up') return end(null);
    if (start === 'refused') return;
    let waited = false;
    if (!claimed) {
      await claim(start.folder, () => {
        waited = true;
        alert({ code: 'second-tab' });
      });
    }
    // The other tab went on meanwhile: what it answered is to be asked for anew.
    if (waited) return reload();
    claimed = true;
    who = { ...who, folder: start.folder };
    identity.set({ folder: start.folder });
    remember(start);
    const { interview, questions, answered } = start;
    alert(null);
    dispatch({ type: 'loaded', title: interview.title, gate: interview.gate, questions, answered });
    await on.onOpen(start);
    if (say && state().alert === null) alert(say);
  }

  function remember(start: RememberedSitting): void {
    identity.note({ sitting: toRemembered(start) });
  }

  function hearLater(answer: StartSessionAnswer | 'used-up' | 'refused'): void {
    if (answer === 'refused') return;
    if (answer === 'used-up') end(null);
    // The token's session is another one by now: this one was finished elsewhere.
    else if (answer.folder !== who.folder) reload();
    else {
      remember(answer);
      dispatch({ type: 'answered', answered: answer.answered });
      if (state().alert?.code === 'working-offline') alert(null);
      on.onBack();
    }
  }

  function end(closed: FinishSessionAnswer | null): void {
    const { recordedMs = {}, sitting } = identity.notes();
    const title = state().title || sitting?.interview.title || '';
    identity.clear();
    // A server before receipts sends none.
    const receipt = closed?.receipt ? { ...closed.receipt, title, userName: who.userName, recordedMs } : null;
    identity.keepReceipt(receipt);
    on.onEnd(receipt);
  }

  return {
    open,
    who: () => who,
    token: () => identity.get()?.token ?? who.token,
    /** What the server says of the session, asked once. */
    async lookUp(): Promise<'open' | 'finished' | 'unknown'> {
      try {
        const answer = await api.startSession(who.token, who.userName);
        if (answer.folder !== who.folder) return 'finished';
        dispatch({ type: 'answered', answered: answer.answered });
        return 'open';
      } catch (error) {
        return error instanceof ApiError && error.code === 'sessions-used-up' ? 'finished' : 'unknown';
      }
    },
    /** What was confirmed is remembered, for a page that opens without a connection. */
    rememberAnswered(answered: number[]): void {
      const { sitting } = identity.notes();
      if (sitting) remember({ ...sitting, answered });
    },
    /** Closes the session, however long that takes. `onClosed` comes before the end is shown. */
    async finish(onClosed: () => Promise<unknown>): Promise<void> {
      dispatch({ type: 'finishing', gate: { kind: 'uploading' } });
      const questionsCount = state().questions.length;
      identity.note({ finishing: questionsCount });
      for (;;) {
        const result = await closingCalls.finish({ token: who.token, folder: who.folder, questionsCount });
        if (typeof result === 'object') {
          await onClosed().catch(() => {});
          return end(result);
        }
        if (result === 'missing') {
          // One that says so and still asks nothing again would be asked on and on.
          if (misses++ > 0) await closing.wait({ quick: false, retryAfterMs: 0 }, never);
          // The server lost count of us, or we of it: begin again with what it says.
          identity.note({ finishing: undefined, sitting: undefined });
          return open();
        }
        await closing.waitForWake(never);
      }
    },
    /** The server says that the session is over. */
    over: () => end(null),
    retryNow(): void {
      opening.wake();
      closing.wake();
    },
  };
}
