import { defineConfig } from '@playwright/test';

/** `npm run clients`: other people's tus clients on our endpoint, in Chromium where they are made for browsers; not in CI. */
// biome-ignore lint/style/noDefaultExport: Playwright reads the default export
export default defineConfig({
  testDir: '.',
  testMatch: 'clients.ts',
  outputDir: '../../test-results/playwright-clients',
  workers: 1,
  timeout: 600_000,
  reporter: [['list']],
});
