/** Who asks, on the log-in page: known once the server has accepted the token, and told even before the name. */
import type { VerifyTokenResponse } from '../../server/wire.ts';
import type { Messages } from '../i18n/index.ts';
import { createAbout, createContact, showOrganization } from '../view/organization.ts';

/** What the page tells of the interview. */
export interface Greeting {
  /** The server knows this token, and says whose interview it opens. */
  learn(token: string, interview: VerifyTokenResponse['interview']): void;
  /** Whether the server knows the token. */
  knows(token: string): boolean;
  /** Writes it all in a language. `trouble`: something was refused, and whom to ask stands below it. */
  write(messages: Messages, trouble: boolean): void;
}

/** The greeting of `login.html`. @throws Error where the page lacks an element */
export function createGreeting(): Greeting {
  const [bar, line, about, ask] = ['.top', '#greeting', '#about', '#whom-to-ask'].map((selector) => {
    const element = document.querySelector<HTMLElement>(selector);
    if (element === null) throw new Error(`login.html has no ${selector}`);
    return element;
  }) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement];
  /** What `about` was written of. */
  let written: unknown[] = [];
  let known: { token: string; interview: VerifyTokenResponse['interview'] } | null = null;
  return {
    learn(token, interview) {
      known = { token, interview };
    },
    knows: (token) => known?.token === token,
    write(messages, trouble) {
      line.hidden = known === null;
      if (known === null) return;
      const { interview } = known;
      showOrganization(bar, interview);
      line.textContent = messages.login.greeting(interview.title, interview.questionCount);
      if (written[0] !== messages || written[1] !== known) {
        const word = createAbout(messages);
        word.render(interview);
        // There is room: the form stands above.
        word.element.querySelector('details')?.setAttribute('open', '');
        about.replaceChildren(word.element);
        written = [messages, known];
      }
      const contact = createContact(messages);
      if (trouble) contact.render(interview.contact ?? null);
      ask.replaceChildren(contact.element);
    },
  };
}
