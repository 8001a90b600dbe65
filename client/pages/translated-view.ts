/** The view in a language that may change: drawn anew, with the same state, picture, recording and focus. */
import { languages, type Messages, pickMessages } from '../i18n/index.ts';
import { initial } from '../interview/state.ts';
import type { View } from '../view/index.ts';
import { keepLanguage } from './language.ts';

/** The view, and its words of now. */
export interface TranslatedView extends View {
  messages(): Messages;
  /** Shows everything in these words. */
  speak(words: Messages): void;
}

/**
 * Creates the view below `root`, and in `place` the list of languages. What records goes on: its picture is the same element,
 * which is never out of the page.
 */
export function createTranslatedView(
  { root, place }: { root: Element; place: Element },
  create: (messages: Messages, picture?: HTMLVideoElement) => View,
  first: Messages,
): TranslatedView {
  let messages = first;
  let view = create(first);
  let state = initial;
  let stream: MediaStream | null = null;
  let recording: Blob | null = null;
  const select = document.createElement('select');
  select.className = 'select language';
  select.append(...languages.map(({ lang, languageName }) => new Option(languageName, lang)));
  for (const option of select.options) option.lang = option.value;
  select.addEventListener('change', () => {
    keepLanguage(select.value);
    // Where the words can't be loaded the page keeps those that it has.
    void pickMessages(location.search, []).then(speak, label);
  });
  place.append(select);
  label();

  function label(): void {
    select.value = messages.lang;
    select.setAttribute('aria-label', messages.languages);
  }

  function speak(words: Messages): void {
    messages = words;
    label();
    const all = () => [...root.querySelectorAll<HTMLElement>('*')];
    const focused = all().indexOf(document.activeElement as HTMLElement);
    if (recording) view.playback(null);
    view = create(words, view.picture);
    view.preview(stream);
    if (recording) view.playback(recording);
    view.render(state);
    // The same state has the same elements in every language.
    all()[focused]?.focus({ preventScroll: true });
  }

  return {
    messages: () => messages,
    speak,
    get picture() {
      return view.picture;
    },
    render(next) {
      state = next;
      view.render(next);
    },
    live: (live) => view.live(live),
    preview(next) {
      stream = next;
      view.preview(next);
    },
    playback(next) {
      recording = next;
      view.playback(next);
    },
  };
}
