/** The login page: starts a session with token and name, then opens `/interview`. */
import { ApiError, createApi } from '../api.ts';
import { languages, type Messages, pickMessages, problemText } from '../i18n/index.ts';
import { createSavedRecord } from '../interview/saved-record.ts';
import { registerServiceWorker } from '../offline/register.ts';
import { tokenOfAddress, tokensOf } from './token-text.ts';

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
let messages = await pickMessages(location.search, navigator.languages);
/** The text of the alert in any language, since it must follow the language switch. */
let alertWords: (messages: Messages) => string = () => '';
let working = false;

function require<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`login.html has no ${type.name} #${id}`);
  return element;
}

/**
 * The token of a link `/#t=<token>`; null without one. The token is removed from the address bar, since screens are
 * shared and histories synchronised.
 */
function takeTokenFromLink(): string | null {
  const linked = tokenOfAddress(location);
  if (linked === null) return null;
  const search = new URLSearchParams(location.search);
  search.delete('t');
  history.replaceState(history.state, '', `${location.pathname}${search.size > 0 ? `?${search}` : ''}`);
  return linked;
}

/** Writes all texts of the page, by their key in `messages.login`. */
function write(): void {
  document.title = messages.login.pageTitle;
  for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
    const words = Object.entries(messages.login).find(([key]) => key === element.dataset.word)?.[1];
    if (typeof words === 'string') element.textContent = words;
  }
  if (working) submit.textContent = messages.login.working;
  require('kept-words', HTMLElement).textContent = messages.login.kept(savedRecord.get()?.userName ?? '');
  goOn.href = `/interview${location.search}`;
  const words = alertWords(messages);
  if (alertRegion.textContent !== words) alertRegion.textContent = words;
  languageSwitch.setAttribute('aria-label', messages.languages);
  for (const button of languageSwitch.querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.lang === messages.lang));
  }
}

function say(words: (messages: Messages) => string): void {
  alertWords = words;
  write();
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
  const linked = takeTokenFromLink();
  const kept = savedRecord.get();
  const mine = kept !== null && (linked === null || linked === kept.token);
  keptBox.hidden = !mine;
  if (linked !== null) token.value = linked;
  if (mine && token.value === '') token.value = kept.token;
  if (mine && userName.value === '') userName.value = kept.userName;
}

/** The first token that the server knows; rejects with what was said of the first, where it knows none. */
async function verify(first: string, others: string[]): Promise<string> {
  try {
    await api.verifyToken(first);
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
    say(({ login }) => (empty === token ? login.tokenMissing : login.nameMissing));
    empty.focus();
    return;
  }
  if (!savedRecord.lasting) {
    say(({ login }) => login.storageRefused);
    return;
  }
  alertWords = () => '';
  setWorking(true);
  try {
    const wanted = { token: await verify(first, others), userName: typed };
    const { folder } = await api.startSession(wanted.token, wanted.userName);
    const same = savedRecord.get()?.folder === folder;
    savedRecord.set({ ...wanted, folder, ...(same ? {} : { currentIndex: 0 }) });
    location.assign(`/interview${location.search}`);
  } catch (error) {
    alertWords = (words) => (error instanceof ApiError ? problemText(words, error) : String(error));
    setWorking(false);
  }
}

for (const { lang, languageName } of languages) {
  const button = document.createElement('button');
  button.type = 'button';
  button.lang = lang;
  button.textContent = languageName;
  button.addEventListener('click', () => {
    history.replaceState(history.state, '', `${location.pathname}?lang=${lang}`);
    void pickMessages(location.search, []).then((loaded) => {
      messages = loaded;
      write();
    });
  });
  languageSwitch.append(button);
}
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
if (!savedRecord.lasting) say(({ login }) => login.storageRefused);
// From now on the pages can be reloaded without a connection, where the browser allows it; else the interview page says so.
void registerServiceWorker();
