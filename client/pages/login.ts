/** The login page: starts a session with token and name, then opens `/interview`. */
import { ApiError, createApi } from '../api.ts';
import { firstMessages, languages, type Messages, pickMessages, problemText } from '../i18n/index.ts';
import { type FinishedBefore, finishedBefore } from '../interview/about.ts';
import { createSavedRecord } from '../interview/saved-record.ts';
import { registerServiceWorker } from '../offline/register.ts';
import { within } from '../timers.ts';
import { formatDay } from '../view/format.ts';
import { keepLanguage, wishedLanguages } from './language.ts';
import { createGreeting } from './login-greeting.ts';
import { heldOfAddress, tokenOfAddress, tokensOf } from './token-text.ts';

const api = createApi();
const savedRecord = createSavedRecord();
const form = require('form', HTMLFormElement);
const token = require('token', HTMLInputElement);
const userName = require('name', HTMLInputElement);
const submit = require('submit', HTMLButtonElement);
const alertRegion = require('alert', HTMLElement);
const keptBox = require('kept', HTMLElement);
const goOn = require('go-on', HTMLAnchorElement);
const languageSwitch = require('languages', HTMLElement);
const tokenField = require('token-field', HTMLElement);
const recognised = require('recognised', HTMLElement);
const lead = require('lead', HTMLElement);
const goodNews = require('good-news', HTMLElement);
const greeting = createGreeting();
// Before the words, which may take a while.
takeTokenFromLink();
let messages = await firstMessages(location.search, wishedLanguages(), (wished) => {
  messages = wished;
  write();
});
/** The text of the alert in any language, since it must follow the language switch. */
let alertWords: (messages: Messages) => string = () => '';
/** The words of a success: the interview was finished before. */
let goodWords: ((messages: Messages) => string) | null = null;
let working = false;

function require<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`login.html has no ${type.name} #${id}`);
  return element;
}

/** What a link has brought: its token, and the questions whose answer is still on the device that made the link. */
interface Linked {
  linked: string | null;
  held: number[];
}

/**
 * Moves what a link `/#t=<token>` has brought out of the address bar, since screens are shared and histories synchronised. It
 * is kept beside the address, for a reload, as long as this page needs it.
 */
function takeTokenFromLink(): Linked {
  const linked = tokenOfAddress(location);
  if (linked !== null) {
    const search = new URLSearchParams(location.search);
    search.delete('t');
    const state: Linked = { linked, held: heldOfAddress(location) };
    history.replaceState(state, '', `${location.pathname}${search.size > 0 ? `?${search}` : ''}`);
  }
  return (history.state as Linked | null) ?? { linked: null, held: [] };
}

/** The token need not outlast the page any more. */
const forgetLink = () => history.replaceState(null, '');

/** Writes all texts of the page, by their key in `messages.login`. */
function write(): void {
  document.title = messages.login.pageTitle;
  for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
    const words = Object.entries(messages.login).find(([key]) => key === element.dataset.word)?.[1];
    if (typeof words === 'string') element.textContent = words;
  }
  if (working) submit.textContent = messages.login.working;
  greeting.write(messages, alertWords(messages) !== '');
  const folded = tokenField.classList.contains('folded');
  if (folded) lead.textContent = messages.login.leadName;
  recognised.hidden = !folded;
  recognised.dataset.known = String(greeting.knows(token.value));
  const { linkKnown, linkRead } = messages.login;
  require('recognised-words', HTMLElement).textContent = greeting.knows(token.value) ? linkKnown : linkRead;
  if (goodWords !== null) {
    require('heading', HTMLElement).textContent = messages.finished.heading;
    goodNews.textContent = goodWords(messages);
  }
  require('kept-words', HTMLElement).textContent = messages.login.kept(savedRecord.get()?.userName ?? '');
  goOn.href = `/interview${location.search}`;
  const words = alertWords(messages);
  if (alertRegion.textContent !== words) alertRegion.textContent = words;
  languageSwitch.setAttribute('aria-label', messages.languages);
  for (const button of languageSwitch.querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.lang === messages.lang));
  }
}

/** Says what is wrong, and with which field, which then has the focus. */
function say(words: (messages: Messages) => string, field?: HTMLInputElement): void {
  alertWords = words;
  for (const each of [token, userName]) {
    each.setAttribute('aria-invalid', String(each === field));
    if (each === field) each.setAttribute('aria-describedby', alertRegion.id);
    else each.removeAttribute('aria-describedby');
  }
  if (field === token) fold(false);
  write();
  field?.focus();
}

function fold(on: boolean): void {
  tokenField.classList.toggle('folded', on);
}

/** The interview was finished before: that is good news, and there is nothing to log in to. */
function celebrate({ finishedAt, answers }: FinishedBefore): void {
  forgetLink();
  goodWords = ({ lang, finished }) => finished.earlier(...formatDay(finishedAt, lang), answers);
  form.hidden = true;
  lead.hidden = true;
  require('promise', HTMLElement).hidden = true;
  keptBox.hidden = true;
  goodNews.hidden = false;
  write();
  // A welcome comes too late.
  document.querySelector('#about details')?.removeAttribute('open');
  require('heading', HTMLElement).focus();
}

function setWorking(on: boolean): void {
  working = on;
  submit.disabled = on;
  form.setAttribute('aria-busy', String(on));
  write();
  // A disabled button loses the focus: a candidate who pressed it by keyboard must find it again.
  if (!on && document.activeElement === document.body) submit.focus();
}

/**
 * Fills in what is known: the token of the link rather than the stored one, and the stored name only with its own
 * token.
 */
function prefill(): void {
  const { linked } = takeTokenFromLink();
  const kept = savedRecord.get();
  const mine = kept !== null && (linked === null || linked === kept.token);
  keptBox.hidden = !mine;
  if (linked !== null) {
    token.value = linked;
    fold(true);
    void verify(linked, []).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 'unauthorized') return;
      fold(false);
      write();
    });
  }
  if (mine && token.value === '') token.value = kept.token;
  if (mine && userName.value === '') userName.value = kept.userName;
}

/** The first token that the server knows; rejects with what was said of the first, where it knows none. */
async function verify(first: string, others: string[]): Promise<string> {
  try {
    const { interview } = await api.verifyToken(first);
    greeting.learn(first, interview);
    // Where the browser prefers no language that we have, the interview's own is the next best.
    const loaded = pickMessages(location.search, wishedLanguages(interview.language)).catch(() => messages);
    const picked = await within(loaded, 3000, () => messages);
    if (picked.lang !== messages.lang) keepLanguage(picked.lang);
    messages = picked;
    write();
    return first;
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || !(error instanceof ApiError) || error.code !== 'unauthorized') throw error;
    return verify(next, rest).catch(() => {
      throw error;
    });
  }
}

async function logIn(): Promise<void> {
  const [first, ...others] = tokensOf(token.value);
  const typed = userName.value.trim();
  if (first === undefined || typed === '') {
    const empty = first === undefined ? token : userName;
    say(({ login }) => (empty === token ? login.tokenMissing : login.nameMissing), empty);
    return;
  }
  if (!savedRecord.lasting) {
    say(({ login }) => login.storageRefused);
    return;
  }
  say(() => '');
  setWorking(true);
  let proved: string | null = null;
  try {
    proved = await verify(first, others);
    const wanted = { token: proved, userName: typed };
    const { folder, login } = await api.startSession({ ...wanted, login: 0 });
    const same = savedRecord.get()?.folder === folder;
    savedRecord.set({ ...wanted, folder, ...(same ? {} : { currentIndex: 0 }) });
    savedRecord.save({ login, held: takeTokenFromLink().held });
    forgetLink();
    location.assign(`/interview${location.search}`);
  } catch (error) {
    setWorking(false);
    refused(error, proved !== null);
  }
}

/** Says why the log-in was refused. `proved`: the server knows the token, so it is the name that does not match. */
function refused(error: unknown, proved: boolean): void {
  const earlier = error instanceof ApiError ? finishedBefore(error) : null;
  if (!(error instanceof ApiError)) say(() => String(error));
  else if (earlier) celebrate(earlier);
  else if (error.code !== 'unauthorized') say((words) => problemText(words, error));
  else if (proved) say(({ login }) => login.nameDiffers, userName);
  else say(({ login }) => login.tokenUnknown, token);
}

for (const { lang, languageName } of languages) {
  const button = document.createElement('button');
  button.type = 'button';
  button.lang = lang;
  button.textContent = languageName;
  button.addEventListener('click', () => {
    keepLanguage(lang);
    // Words that do not come leave the page in the language that it has.
    void pickMessages(location.search, []).then(
      (loaded) => {
        messages = loaded;
        write();
      },
      () => {},
    );
  });
  languageSwitch.append(button);
}
require('change-token', HTMLButtonElement).addEventListener('click', () => {
  fold(false);
  write();
  token.select();
});
goOn.addEventListener('click', forgetLink);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!working) void logIn();
});
window.addEventListener('hashchange', prefill);
// Back from the interview, the page may come from the bfcache as it was left: with a disabled button.
window.addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  prefill();
  setWorking(false);
});
prefill();
write();
submit.disabled = false;
document.querySelector('.late')?.remove();
if (!savedRecord.lasting) say(({ login }) => login.storageRefused);
// From now on the pages can be reloaded without a connection, where the browser allows it; else the interview page says so.
void registerServiceWorker();
