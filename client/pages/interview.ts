/** The interview page: puts view, sitting, spool and the browser's own events together. */
import { createApi } from '../api.ts';
import { watchDevices } from '../device-watch.ts';
import { onDevicesChange, pictureLimit } from '../devices.ts';
import { saveFile } from '../downloads.ts';
import { createFitting } from '../fitting.ts';
import { createHearing } from '../hearing.ts';
import { pickMessages } from '../i18n/index.ts';
import { createIdentityStore } from '../identity.ts';
import { type Alert, initial } from '../interview.ts';
import { keepOffline } from '../offline.ts';
import { createOwnIdentity } from '../own-identity.ts';
import { createPreview } from '../preview.ts';
import {
  createMemorySpool,
  createOverflowSpool,
  createSender,
  createStorageRoom,
  type DurableSpool,
  openSpool,
} from '../sending.ts';
import { createSitting } from '../sitting.ts';
import '../status.ts';
import { systemTimers } from '../timers.ts';
import { createXhrPost, measureUplink } from '../uplink.ts';
import { receiptText } from '../view/receipt-text.ts';
import { type Actions, createView } from '../view.ts';
import { createWakeLock } from '../wake-lock.ts';

/** How often figures that are no state are shown anew. */
const LIVE_MS = 200;
/** A browser's database that has not opened by then may never do, or only in a new page. */
const SPOOL_MS = 5000;
/** A page that is being left holds its claim for a moment longer. */
const CLAIM_MS = 2000;

/** One tab records: the claim lasts as long as the page (Web Locks). */
async function claim(folder: string, onBusy: () => void): Promise<void> {
  if (!navigator.locks) return;
  const timer = setTimeout(onBusy, CLAIM_MS);
  await new Promise<void>((resolve) => {
    const held = () => {
      resolve();
      return new Promise(() => {});
    };
    // Where site data is blocked the browser refuses; then no other tab can hold it either.
    navigator.locks.request(`tresgo ${folder}`, held).catch(() => resolve());
  });
  clearTimeout(timer);
}

const root = document.getElementById('app');
if (!root) throw new Error('interview.html has no #app');
const messages = pickMessages(location.search, navigator.languages);
const identity = createOwnIdentity(createIdentityStore());
const offline = keepOffline({ container: navigator.serviceWorker });
// Until the sitting stands, "Try again" begins anew.
const actions = { askAgain: () => location.reload() } as Actions;
const view = createView(root, messages, actions);
view.render(initial);

/** The device's database; null where it refuses to keep anything: then what is recorded is sent all the same, and the page says so. */
async function openDurable(): Promise<DurableSpool | null> {
  const opening = openSpool().catch(() => null);
  const late = new Promise<'late'>((resolve) => setTimeout(resolve, SPOOL_MS, 'late'));
  const first = await Promise.race([opening, late]);
  if (first !== 'late') return first;
  // It may hold answers, unless none was ever recorded here: going on without it would ask for them once more.
  if (!identity.get()?.currentIndex) return null;
  view.render({ ...initial, alert: { code: 'storage-slow' } });
  return opening;
}

const kept = await openDurable();
const spool = createOverflowSpool({ durable: kept ?? createMemorySpool(), onOverflow: () => sitting.overflowed() });
navigator.storage?.persist?.().catch(() => {});

async function warning(needBytes: number): Promise<Alert | null> {
  if (!kept?.writable) return { code: 'not-kept' };
  const room = createStorageRoom({ estimate: () => navigator.storage.estimate(), needBytes: () => needBytes });
  if ((await room.look()) === 'low') return { code: 'storage-low' };
  return ['unsupported', 'refused'].includes(await offline) ? { code: 'no-offline-reload' } : null;
}

const hearing = createHearing({ timers: systemTimers });
function show(stream: MediaStream | null): void {
  view.preview(stream);
  // Another microphone: nothing is known of it.
  hearing.reset();
}
const sitting = createSitting({
  api: createApi(),
  identity,
  spool,
  createSender: (options) => createSender({ ...options, spool }),
  view,
  preview: createPreview(show, { onLost: () => sitting.devicesChanged() }),
  createFitting: (onQuality) =>
    createFitting({
      measure: () => measureUplink({ post: createXhrPost({ token: identity.get()?.token ?? '' }) }),
      onQuality,
      maxHeight: pictureLimit(navigator, matchMedia('(pointer: coarse)').matches),
    }),
  hearing,
  wakeLock: createWakeLock({ wakeLock: navigator.wakeLock, document }),
  watchDevices: (stream, onChange) => watchDevices({ stream, document, onChange }),
  goToLogin: () => location.replace(`/${location.search}`),
  reload: () => location.reload(),
  claim,
  warning,
  isOnline: () => navigator.onLine,
  async saveTake({ takeId, question }) {
    const recording = await spool.copyOf(takeId);
    saveFile(recording, `TresGo-Q${question}.${recording.type.includes('mp4') ? 'mp4' : 'webm'}`);
  },
  saveReceipt() {
    const receipt = sitting.receipt();
    if (receipt) saveFile(new Blob([receiptText(receipt, messages)], { type: 'text/plain' }), `${receipt.folder}.txt`);
  },
});
Object.assign(actions, sitting.actions);
onDevicesChange(() => sitting.devicesChanged());
window.tresgo = { status: sitting.status };
setInterval(() => view.live(sitting.live()), LIVE_MS);
for (const type of ['online', 'focus', 'pageshow']) window.addEventListener(type, sitting.retryNow);
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') sitting.retryNow();
});
// Out of the bfcache comes a page whose recorder, claim and requests are gone; the spool knows where to go on.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted && sitting.status().state !== 'finished') location.reload();
});
window.addEventListener('beforeunload', (event) => {
  if (sitting.isBusy()) event.preventDefault();
});
window.addEventListener('unhandledrejection', ({ reason }) => sitting.failed(reason));
await sitting.open().catch(sitting.failed);
