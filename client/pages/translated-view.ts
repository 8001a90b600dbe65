/** The view in a language that may change: drawn anew, with the same state, picture and recording. */
import { languages, type Messages, pickMessages } from '../i18n/index.ts';
import { initial } from '../interview/state.ts';
import type { View } from '../view/index.ts';
import { isAnswering } from '../view/part.ts';
import { keepLanguage } from './language.ts';

/** The view, and its words of now. */
export interface TranslatedView extends View {
  messages(): Messages;
}

/**
 * Creates the view, and in `place` the list of languages. It is offered where no question is shown: what is drawn anew
 * while one speaks would disturb.
 */
export function createTranslatedView(
  place: Element,
  create: (messages: Messages) => View,
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
    view.preview(null);
    view = create(words);
    view.preview(stream);
    if (recording) view.playback(recording);
    view.render(state);
  }

  return {
    messages: () => messages,
    get picture() {
      return view.picture;
    },
    render(next) {
      state = next;
      select.hidden = isAnswering(next.phase);
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
