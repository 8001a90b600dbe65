/** Who asks: the logo or the name in the bar at the top, a word of theirs, whom to ask, and where the video goes. */
import type { InterviewDetails } from '../../server/wire.ts';
import type { Messages } from '../i18n/index.ts';
import { h, setAttribute, setText, show } from './dom.ts';
import { isBeforeStart, type Part } from './part.ts';

/** What is told of the organization; missing where nothing is known. */
type Who = Pick<InterviewDetails, 'organization' | 'logo' | 'contact' | 'privacyUrl' | 'intro' | 'language'>;

/** A page that is left ends what it records: other pages open beside it. */
const beside = { target: '_blank', rel: 'noopener noreferrer' };

/** The address and the text of the link to whom candidates may ask: a mail address, a phone number, or a chat. */
export function contactLink(contact: string): { href: string; text: string } {
  if (contact.startsWith('https://')) return { href: contact, text: contact.slice('https://'.length) };
  if (contact.startsWith('+')) return { href: `tel:${contact.replace(/[^+\d]/g, '')}`, text: contact };
  return { href: `mailto:${contact}`, text: contact };
}

/** A line with the link to whom candidates may ask. Nothing is shown where nobody is named. */
export function createContact({ organization }: Messages): {
  element: HTMLElement;
  render(contact: string | null): void;
} {
  const link = h('a', {});
  const element = h('p', { class: 'contact', hidden: true }, `${organization.contact} `, link);
  return {
    element,
    render(contact) {
      show(element, contact !== null);
      if (contact === null) return;
      const { href, text } = contactLink(contact);
      setAttribute(link, 'href', href);
      setText(link, text);
      for (const [name, value] of Object.entries(beside)) if (href === contact) setAttribute(link, name, value);
    },
  };
}

/** A word of the organization, folded; where the video goes; whom to ask. */
export function createAbout(messages: Messages): { element: HTMLElement; render(who: Who): void } {
  const { organization: words } = messages;
  const summary = h('summary', {});
  const text = h('p', { class: 'own-words' });
  const intro = h('details', { class: 'intro' }, summary, text);
  const privacy = h('p', { class: 'hint' });
  const contact = createContact(messages);
  let shown: Who | null = null;
  return {
    element: h('div', { class: 'about' }, intro, privacy, contact.element),
    render(who) {
      if (who === shown) return;
      shown = who;
      show(intro, Boolean(who.intro));
      setText(summary, who.organization ? words.from(who.organization) : words.about);
      setText(text, who.intro ?? '');
      if (who.language) setAttribute(text, 'lang', who.language);
      const link = who.privacyUrl && h('a', { href: who.privacyUrl, ...beside }, words.privacy);
      privacy.replaceChildren(link || (who.organization ? words.goesTo(who.organization) : words.goesToInviter));
      contact.render(who.contact ?? null);
    },
  };
}

/** The same on the interview page, before the start: below what the candidate has to do there. */
export function createAboutPart(messages: Messages): Part {
  const about = createAbout(messages);
  return {
    element: about.element,
    render(state) {
      show(about.element, isBeforeStart(state.phase));
      about.render(state.about);
    },
  };
}

/** Shows who asks in the page's bar, in the place of the product's own name: the logo, or where it fails the name. */
export function showOrganization(bar: Element, { organization = null, logo = null }: Who): void {
  const brand = bar.querySelector<HTMLElement>('.brand');
  if (brand === null || brand.dataset.logo === `${logo} ${organization}` || (!organization && !logo)) return;
  brand.dataset.logo = `${logo} ${organization}`;
  bar.querySelector(':scope > img')?.remove();
  brand.replaceChildren(organization ?? '');
  if (!logo) return;
  const picture = h('img', { class: 'logo', alt: organization ?? '', width: '120', height: '40' });
  picture.addEventListener('error', () => brand.replaceChildren(organization ?? ''));
  picture.src = logo;
  brand.replaceChildren(picture);
}
