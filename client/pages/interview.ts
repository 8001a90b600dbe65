/** The interview page: puts view, sitting, spool and the browser's own events together. */
import { createApi } from '../api.ts';
import { pickMessages } from '../i18n/index.ts';
import { createIdentityStore } from '../identity.ts';
import { createMemorySpool } from '../memory-spool.ts';
import { createSitting } from '../sitting.ts';
import { openSpool } from '../spool.ts';
import '../status.ts';
import { createView, type View } from '../view.ts';

/** How often figures that are no state are shown anew. */
const LIVE_MS = 200;
/** A browser's database that has not opened by then may never do. */
const SPOOL_MS = 5000;
/** A page that is being left holds its claim for a moment longer. */
const CLAIM_MS = 2000;

/** One tab records: the claim lasts as long as the page (Web Locks). */
async function claim(folder: string): Promise<boolean> {
  if (!navigator.locks) return true;
  return new Promise((resolve) => {
    navigator.locks
      .request(`tresgo ${folder}`, { signal: AbortSignal.timeout(CLAIM_MS) }, () => {
        resolve(true);
        return new Promise(() => {});
      })
      .catch(() => resolve(false));
  });
}

const root = document.getElementById('app');
if (!root) throw new Error('interview.html has no #app');
// A device that refuses to keep anything, or never answers, still sends what it records; the page says so.
const kept = await Promise.race([
  openSpool().catch(() => null),
  new Promise<null>((resolve) => setTimeout(resolve, SPOOL_MS, null)),
]);
const spool = kept ?? createMemorySpool();
navigator.storage?.persist?.().catch(() => {});

let view: View | null = null;
const sitting = createSitting({
  api: createApi(),
  identity: createIdentityStore(),
  spool,
  view: { render: (state) => view?.render(state), preview: (stream) => view?.preview(stream) },
  goToLogin: () => location.replace(`/${location.search}`),
  claim,
  warning: kept ? null : { code: 'not-kept' },
});
view = createView(root, pickMessages(location.search, navigator.languages), sitting.actions);
window.tresgo = { status: sitting.status };
setInterval(() => view?.live(sitting.live()), LIVE_MS);
for (const type of ['online', 'focus', 'pageshow']) window.addEventListener(type, sitting.retryNow);
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') sitting.retryNow();
});
await sitting.open();
