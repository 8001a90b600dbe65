import { defineConfig } from '@playwright/test';

/** `npm run screenshots`: a picture of every state, to be looked at. No test of anything. */
// biome-ignore lint/style/noDefaultExport: Playwright reads the default export
export default defineConfig({
  testDir: '.',
  testMatch: 'screenshots.ts',
  outputDir: '../../test-results/playwright-screenshots',
  workers: 1,
  timeout: 600_000,
  reporter: [['list']],
});
