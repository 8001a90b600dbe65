/** The login page: token and name -> a session, then on to `/interview`. */
import { ApiError, createApi } from '../api.ts';
import type { Messages } from '../i18n/index.ts';
import { languages, pickMessages, refusalWords } from '../i18n/index.ts';
import { createIdentityStore } from '../identity.ts';
import { keepOffline } from '../offline.ts';

const api = createApi();
const identity = createIdentityStore();
const form = require('form', HTMLFormElement);
const token = require('token', HTMLInputElement);
const userName = require('name', HTMLInputElement);
const submit = require('submit', HTMLButtonElement);
const alertRegion = require('alert', HTMLElement);
const keptBox = require('kept', HTMLElement);
const goOn = require('go-on', HTMLAnchorElement);
const languageSwitch = require('languages', HTMLElement);
let messages = pickMessages(location.search, navigator.languages);
/** What the alert says, by language: it must follow the language switch. */
let alertWords: (messages: Messages) => string = () => '';
let working = false;

function require<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`login.html has no ${type.name} #${id}`);
  return element;
}

/** The token of a link `/#t=<token>`. It leaves the address bar at once: screens are shared, histories synchronised. */
function takeTokenFromLink(): string | null {
  const raw = /^#t=([^&]*)/.exec(location.hash)?.[1];
  if (raw === undefined) return null;
  history.replaceState(history.state, '', location.pathname + location.search);
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

/** The page's own words, by their key in `messages.login`. */
function write() {
  document.title = messages.login.pageTitle;
  for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
    const words = Object.entries(messages.login).find(([key]) => key === element.dataset.word)?.[1];
    if (typeof words === 'string') element.textContent = words;
  }
  if (working) submit.textContent = messages.login.working;
  require('kept-words', HTMLElement).textContent = messages.login.kept(identity.get()?.userName ?? '');
  goOn.href = `/interview${location.search}`;
  const words = alertWords(messages);
  if (alertRegion.textContent !== words) alertRegion.textContent = words;
  languageSwitch.setAttribute('aria-label', messages.languages);
  for (const button of languageSwitch.querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.lang === messages.lang));
  }
}

function say(words: (messages: Messages) => string) {
  alertWords = words;
  write();
}

function setWorking(on: boolean) {
  working = on;
  submit.disabled = on;
  form.setAttribute('aria-busy', String(on));
  write();
  // A disabled button drops the focus; the one who pressed it must find it again.
  if (!on && document.activeElement === document.body) submit.focus();
}

/** Fills in what is known: the link's token before the one that was kept, and no name of somebody else's token. */
function prefill() {
  const linked = takeTokenFromLink();
  const kept = identity.get();
  const mine = kept !== null && (linked === null || linked === kept.token);
  keptBox.hidden = !mine;
  if (linked !== null) token.value = linked;
  if (mine && token.value === '') token.value = kept.token;
  if (mine && userName.value === '') userName.value = kept.userName;
}

async function logIn() {
  const wanted = { token: token.value.trim(), userName: userName.value.trim() };
  if (wanted.token === '' || wanted.userName === '') {
    const empty = wanted.token === '' ? token : userName;
    say(({ login }) => (empty === token ? login.tokenMissing : login.nameMissing));
    empty.focus();
    return;
  }
  if (!identity.lasting) {
    say(({ login }) => login.storageRefused);
    return;
  }
  alertWords = () => '';
  setWorking(true);
  try {
    await api.verifyToken(wanted.token);
    const { folder } = await api.startSession(wanted.token, wanted.userName);
    const same = identity.get()?.folder === folder;
    identity.set({ ...wanted, folder, ...(same ? {} : { currentIndex: 0 }) });
    location.assign(`/interview${location.search}`);
  } catch (error) {
    alertWords = (words) => (error instanceof ApiError ? refusalWords(words, error) : String(error));
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
    messages = pickMessages(location.search, []);
    write();
  });
  languageSwitch.append(button);
}
form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!working) void logIn();
});
window.addEventListener('hashchange', prefill);
// Back from the interview, the page may come out of the bfcache as it was left: at work.
window.addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  prefill();
  setWorking(false);
});
prefill();
write();
if (!identity.lasting) say(({ login }) => login.storageRefused);
// From here on a reload works without a connection, where the browser lets it; the interview's page says where not.
void keepOffline({ container: navigator.serviceWorker });
