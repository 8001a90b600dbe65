/** The session with the server: opened or remembered, asked about, and closed. The controller does all in between. */
import type { FinishSessionResponse, StartSessionResponse } from '../../server/wire.ts';
import { type Api, ApiError } from '../api.ts';
import { systemTimers } from '../timers.ts';
import { createRetrySchedule } from '../upload/retry-schedule.ts';
import { aboutOf, type FinishedBefore } from './about.ts';
import { alertOf, waitingAlert } from './alerts.ts';
import { createConsent } from './consent.ts';
import type { Identity, SavedInterview, SavedRecord } from './saved-record.ts';
import { createSessionCalls, openSession, type StartResult } from './session-calls.ts';
import type { Alert, SavedReceipt } from './state.ts';
import type { Store } from './store.ts';

/** What the session needs. */
export interface SessionOptions {
  api: Api;
  savedRecord: SavedRecord;
  store: Pick<Store, 'get' | 'dispatch'>;
  /** Takes the page to the log-in. */
  goToLogin: () => void;
  /** Loads the page again. */
  reload: () => void;
  /** Resolves once this tab alone holds the session; `onBusy` is called where another tab holds it. */
  claim: (folder: string, onBusy: () => void) => Promise<void>;
  /** The interview can begin, or continue. */
  onOpen: (interview: SavedInterview) => Promise<void>;
  /** The server has responded after the interview continued with what the device remembers. */
  onBack: () => void;
  /** The session is closed for good. */
  onEnd: (receipt: SavedReceipt | null, earlier?: FinishedBefore | null) => void;
}

/** The session of the page. */
export interface Session {
  /** Starts the session with what the page remembers of the candidate. */
  open(): Promise<void>;
  /**
   * The candidate and the folder of the session, as the record has them now: another tab may have logged in to it by a new
   * token. Empty texts where the page remembers no log-in.
   */
  who(): Identity;
  /** The token of `who()`: the only one that this page sends. */
  token(): string;
  /** Asks the server once for the state of the session. Never rejects. */
  lookUp(): Promise<'open' | 'finished' | 'unknown'>;
  /** Remembers the questions that were confirmed, for a page that opens without a connection. */
  rememberAnswered(answered: number[]): void;
  /** Closes the session, for as long as that takes. `onClosed` is called before the end is shown. */
  finish(onClosed: () => Promise<unknown>): Promise<void>;
  /** The server says that the session is finished. */
  over(): void;
  /** The candidate agrees to what the interview asks. */
  agree(): void;
  /** Repeats a call at once that waits for its next attempt. */
  retryNow(): void;
}

/** Creates the session of the page; `open` starts it. */
export function createSession({
  api,
  savedRecord,
  store: { get, dispatch },
  goToLogin,
  reload,
  claim,
  ...on
}: SessionOptions): Session {
  /** What the record held last: it is emptied with the end, and what is then left to say still needs it. */
  let known: Identity = { token: '', userName: '', folder: '', currentIndex: 0 };
  let claimed = false;
  /** How often the server lacked answers when the page asked to finish the session. */
  let misses = 0;
  const never = new AbortController().signal;
  /** Ends the wait for the server at the start of the page. */
  let noConnection = () => {};
  const opening = createRetrySchedule({ timers: systemTimers, onGate: () => {} });
  const closing = createRetrySchedule({
    timers: systemTimers,
    onGate: (gate) => get().phase.name === 'finishing' && dispatch({ type: 'finishing', gate }),
  });
  const openingCalls = createSessionCalls({
    ...{ start, finish },
    schedule: opening,
    onProblem(error, later) {
      if (later) noConnection();
      // The interview continues with what the device remembers: that another attempt failed is no news.
      if (!later) alert(alertOf(error));
      else if (get().phase.name === 'loading') alert(waitingAlert(error));
    },
  });
  const closingCalls = createSessionCalls({
    ...{ start, finish },
    schedule: closing,
    onProblem: (error, later) => alert(later ? waitingAlert(error) : alertOf(error)),
  });

  const agreeing = createRetrySchedule({ timers: systemTimers, onGate: () => {} });
  const consent = createConsent({
    store: { dispatch },
    calls: createSessionCalls({
      ...{ start, finish },
      schedule: agreeing,
      onProblem: (error, later) => alert(later ? waitingAlert(error) : alertOf(error)),
    }),
  });

  function alert(about: Alert | null): void {
    dispatch({ type: 'alert', alert: about });
  }

  function who(): Identity {
    known = savedRecord.get() ?? known;
    return known;
  }

  /** Starts or continues the session as this device. A page without the number of a log-in logs in. */
  async function start(consent?: string): Promise<StartSessionResponse> {
    const { token, userName, folder } = who();
    const { login: own = 0 } = savedRecord.load();
    const response = await api.startSession({ token, userName, consent, login: own, folder });
    // Only a request that logs in is told its own number; any other one is told the newest, which may be another device's.
    if (own === 0 && response.login !== undefined && response.folder === folder)
      savedRecord.save({ login: Math.max(response.login, savedRecord.load().login ?? 0) });
    return response;
  }

  function finish(questionsCount: number): Promise<FinishSessionResponse> {
    const { token, folder } = who();
    const { spokenMs } = savedRecord.load();
    return api.finishSession({ token, folder, questionsCount, ...(spokenMs && { spokenMs }) });
  }

  async function open(): Promise<void> {
    if (!who().token) {
      const receipt = savedRecord.loadReceipt();
      return receipt ? on.onEnd(receipt) : goToLogin();
    }
    const { finishing, sitting: remembered } = savedRecord.load();
    // The response to an earlier finish may be lost: a start would then be refused, or begin another session.
    if (finishing) {
      dispatch({ type: 'finishing', gate: { kind: 'uploading' } });
      const closed = await closingCalls.finish(finishing);
      if (typeof closed === 'object') return end(closed);
    }
    const failed = new Promise<void>((resolve) => {
      noConnection = resolve;
    });
    const opened = await openSession({ calls: openingCalls, remembered, failed });
    if (opened.from === 'server') return begin(opened.response);
    void opened.later.then(reconcile);
    await begin(opened.interview, { code: 'working-offline' });
  }

  async function begin(
    start: SavedInterview | Exclude<StartResult, { ok: true }>,
    then: Alert | null = null,
  ): Promise<void> {
    if (start === 'refused') return;
    if ('usedUp' in start) return end(null, start.usedUp);
    let waited = false;
    if (!claimed) {
      await claim(start.folder, () => {
        waited = true;
        alert({ code: 'second-tab' });
      });
    }
    // The other tab continued the interview meanwhile: ask the server anew which questions are answered.
    if (waited) return reload();
    claimed = true;
    savedRecord.set({ folder: start.folder });
    remember(start);
    const { interview, questions, answered } = start;
    alert(null);
    const { maxBytes = null } = start;
    const { title, gate, allowAudioOnly = false } = interview;
    const about = aboutOf(start);
    const { takesUsed = {}, voiceAlone = false } = savedRecord.load();
    dispatch({ type: 'loaded', title, gate, allowAudioOnly, questions, maxBytes, answered, about, takesUsed });
    dispatch({ type: 'voice-alone', on: voiceAlone });
    follow(start);
    const agreed = await consent.ask(start);
    if (agreed === 'refused') return;
    if ('usedUp' in agreed) return end(null, agreed.usedUp);
    if (agreed !== start) remember(agreed);
    await on.onOpen(start);
    if (then && get().alert === null) alert(then);
  }

  /** Takes over what the server says of answers and devices. What the device remembers says nothing of other devices. */
  function follow({ answered, arriving = [], login }: SavedInterview): void {
    const elsewhere = login !== undefined && login > (savedRecord.load().login ?? login);
    dispatch({ type: 'answered', answered, ...(login !== undefined && { arriving, elsewhere }) });
  }

  function remember(start: SavedInterview): void {
    const { folder, interview, questions, answered, uploadEndpoint } = start;
    const { maxBytes, expiresAt, timeFactor, extraTakes } = start;
    // A response that comes late knows of no consent yet.
    const consented = start.consented ?? savedRecord.load().sitting?.consented;
    const known = { folder, interview, questions, answered, uploadEndpoint, maxBytes };
    savedRecord.save({ sitting: { ...known, expiresAt, consented, timeFactor, extraTakes } });
  }

  /** Takes over what the server says after the interview opened with what the device remembers. */
  function reconcile(start: StartResult): void {
    if (start === 'refused') return;
    if ('usedUp' in start) end(null, start.usedUp);
    // The token's session is another one by now: this one was finished elsewhere.
    else if (start.folder !== who().folder) reload();
    else {
      remember(start);
      follow(start);
      if (get().alert?.code === 'working-offline') alert(null);
      on.onBack();
    }
  }

  function end(closed: FinishSessionResponse | null, earlier: FinishedBefore | null = null): void {
    const { recordedMs = {}, sitting } = savedRecord.load();
    const title = get().title || sitting?.interview.title || '';
    const about = sitting ? aboutOf(sitting) : get().about;
    // This tab may have closed it, and have its receipt.
    const kept = savedRecord.loadReceipt();
    const own = earlier !== null && kept?.finishedAt === earlier.finishedAt ? kept : null;
    savedRecord.clear();
    // Servers that know no receipts send none.
    const receipt = closed?.receipt ? { ...closed.receipt, title, userName: who().userName, recordedMs, about } : own;
    savedRecord.saveReceipt(receipt);
    on.onEnd(receipt, earlier);
  }

  return {
    open,
    who,
    token: () => who().token,
    async lookUp() {
      try {
        const response = await start();
        // The token allows several sessions, or the server was restored to a time before this one: a creation in this folder
        // is told which. Unsent answers must not be taken for arrived ones meanwhile.
        if (response.folder === who().folder) follow(response);
        return 'open';
      } catch (error) {
        return error instanceof ApiError && error.code === 'sessions-used-up' ? 'finished' : 'unknown';
      }
    },
    rememberAnswered(answered) {
      const { sitting } = savedRecord.load();
      if (sitting) remember({ ...sitting, answered });
    },
    async finish(onClosed) {
      dispatch({ type: 'finishing', gate: { kind: 'uploading' } });
      const questionsCount = get().questions.length;
      savedRecord.save({ finishing: questionsCount });
      for (;;) {
        const result = await closingCalls.finish(questionsCount);
        if (typeof result === 'object') {
          await onClosed().catch(() => {});
          return end(result);
        }
        if (result === 'missing') {
          // A server that lacks answers and yet asks for none would be called without a pause.
          if (misses++ > 0) await closing.wait({ quick: false, retryAfterMs: 0 }, never);
          // The server lost answers, or this page was wrong: begin again with what the server says.
          savedRecord.save({ finishing: undefined, sitting: undefined });
          return open();
        }
        await closing.waitForWake(never);
      }
    },
    over: () => end(null),
    agree: consent.agree,
    retryNow() {
      opening.wake();
      agreeing.wake();
      closing.wake();
    },
  };
}
