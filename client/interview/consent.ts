/** What the candidate must agree to before the camera opens: asked once, and sent until the server has it. */
import type { SavedInterview } from './saved-record.ts';
import type { SessionCalls, StartResult } from './session-calls.ts';
import type { Store } from './store.ts';

interface ConsentOptions {
  store: Pick<Store, 'dispatch'>;
  /** The call is repeated until the server has decided. */
  calls: Pick<SessionCalls, 'start'>;
}

/** The question for the candidate's consent. */
export interface Consent {
  /**
   * Asks the candidate, where the interview wants a consent that is not given yet. Resolves to the interview once the
   * server has the consent, or to why the server takes none.
   */
  ask(start: SavedInterview): Promise<SavedInterview | Exclude<StartResult, { ok: true }>>;
  /** The candidate agrees. */
  agree(): void;
}

/** Creates the question for the consent. */
export function createConsent({ store: { dispatch }, calls }: ConsentOptions): Consent {
  let agree = () => {};
  return {
    async ask(start) {
      const { consent } = start.interview;
      if (!consent || start.consented === consent.version) return start;
      dispatch({ type: 'consent', stage: 'asking' });
      await new Promise<void>((resolve) => {
        agree = resolve;
      });
      dispatch({ type: 'consent', stage: 'sending' });
      const given = await calls.start(consent.version);
      dispatch({ type: 'alert', alert: null });
      return given;
    },
    agree: () => agree(),
  };
}
