/** Pictures of every state in several sizes and all languages, and sheets that show them side by side. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Browser, type Page, test } from '@playwright/test';
import { chromiumPath, withoutPopups } from '../support/browser/browser.ts';
import { type Gallery, openGallery } from './serve.ts';

const folder = path.resolve(import.meta.dirname, '../../test-results/screenshots');
const readmePicture = path.resolve(import.meta.dirname, '../../docs/images/question.png');
const sizes = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 800 },
  landscape: { width: 740, height: 360 },
} as const;
type Size = keyof typeof sizes;
/** A phone held sideways, the dark scheme and forced colours change the layout and the colours, not the words: one language is enough. */
interface Round {
  size: Size;
  lang: string;
  scheme: 'light' | 'dark' | 'forced';
}
const rounds: Round[] = [
  ...(['phone', 'desktop'] as const).flatMap((size) =>
    ['en', 'vi', 'th'].map((lang) => ({ size, lang, scheme: 'light' as const })),
  ),
  ...(['phone', 'desktop'] as const).flatMap((size) =>
    (['dark', 'forced'] as const).map((scheme) => ({ size, lang: 'en', scheme })),
  ),
  { size: 'landscape', lang: 'en', scheme: 'light' },
];

test.use({ launchOptions: { executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-gpu', withoutPopups] } });

let gallery: Gallery;
test.beforeAll(async () => {
  gallery = await openGallery();
});
test.afterAll(() => gallery.close());

// One test a round: `npm run screenshots -- -g phone-vi` takes the pictures of one round.
for (const round of rounds) {
  test(nameOf(round), async ({ browser }) => {
    await shoot(browser, round);
    const sheets = rounds.map((each) => `${nameOf(each)}.png`);
    const links = sheets.map((sheet) => `<h2>${sheet}</h2><img src="${sheet}" width="1600">`).join('\n');
    await writeFile(path.join(folder, 'index.html'), `<!doctype html><title>TresGo</title>\n${links}\n`);
  });
}

test('the picture of the README', async ({ browser }) => {
  const page = await browser.newPage({ viewport: { width: 420, height: 900 } });
  await page.goto(gallery.address('en'));
  await page.evaluate(() => window.gallery.show('recording'));
  await page.screenshot({ path: readmePicture, animations: 'disabled' });
  await page.close();
});

function nameOf({ size, lang, scheme }: Round): string {
  return [size, lang, ...(scheme === 'light' ? [] : [scheme])].join('-');
}

async function shoot(browser: Browser, round: Round): Promise<void> {
  const { size, lang, scheme } = round;
  const name = nameOf(round);
  await rm(path.join(folder, name), { recursive: true, force: true });
  await mkdir(path.join(folder, name), { recursive: true });
  const colours =
    scheme === 'forced' ? { colorScheme: 'dark' as const, forcedColors: 'active' as const } : { colorScheme: scheme };
  const page = await browser.newPage({ viewport: sizes[size], timezoneId: 'Asia/Bangkok', ...colours });
  const files: string[] = [];
  const take = async (state: string) => {
    const file = path.join(folder, name, `${state}.png`);
    // The whole page, also what a candidate has to scroll to. Fixed elements stay where a candidate sees them.
    await page.screenshot({ path: file, fullPage: size !== 'landscape', animations: 'disabled' });
    files.push(file);
  };
  await shootLogin(page, lang, take);
  await page.goto(gallery.address(lang));
  for (const state of await page.evaluate(() => window.gallery.names)) {
    await page.evaluate((wanted) => window.gallery.show(wanted), state);
    await take(state);
  }
  await makeSheet(browser, files, path.join(folder, `${name}.png`), size);
  await page.close();
}

async function shootLogin(page: Page, lang: string, take: (state: string) => Promise<void>) {
  await page.goto(`${gallery.url}/?lang=${lang}`);
  await take('login');
  await page.locator('#submit').click();
  await take('login-empty');
  for (const [code, status] of [
    ['unauthorized', 401],
    ['too-many-attempts', 429],
    ['sessions-used-up', 409],
  ] as const) {
    const body = JSON.stringify({ code, status, detail: code, title: code });
    const headers = { 'Content-Type': 'application/problem+json', 'Retry-After': '42' };
    await page.unroute('**/api/**');
    await page.route('**/api/**', (route) => route.fulfill({ status, body, headers }));
    await page.locator('#token').fill('a1b2c3d4');
    await page.locator('#name').fill('Nguyễn Văn A');
    await page.locator('#submit').click();
    await page.locator('#alert').filter({ hasText: /\S/ }).waitFor();
    await take(`login-${code}`);
  }
  await page.evaluate(() => {
    const kept = { userToken: 'a1b2', userName: 'Nguyễn Văn A', sessionFolder: 'f', currentIndex: '0' };
    for (const [key, value] of Object.entries(kept)) localStorage.setItem(key, value);
  });
  await page.reload();
  await take('login-kept');
}

/** One picture that shows all pictures of a round, each under its name. */
async function makeSheet(browser: Browser, files: string[], to: string, size: Size): Promise<void> {
  const width = { phone: 260, desktop: 520, landscape: 480 }[size];
  const cells = await Promise.all(
    files.map(async (file) => {
      const source = `data:image/png;base64,${(await readFile(file)).toString('base64')}`;
      return `<figure><figcaption>${path.basename(file, '.png')}</figcaption><img width="${width}" src="${source}"></figure>`;
    }),
  );
  const style = `body{display:flex;flex-wrap:wrap;align-items:start;gap:12px;margin:12px;background:#666;font:13px sans-serif;color:#fff}
    figure{margin:0}img{display:block}`;
  const sheet = await browser.newPage({ viewport: { width: 7 * (260 + 12) + 24, height: 900 } });
  await sheet.setContent(`<style>${style}</style>${cells.join('')}`);
  await sheet.screenshot({ path: to, fullPage: true });
  await sheet.close();
}
