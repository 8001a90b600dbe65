import { defineConfig } from '@playwright/test';

/** `npm run screenshots`: pictures of every state for people to look at. They test nothing. */
// biome-ignore lint/style/noDefaultExport: Playwright reads the default export
export default defineConfig({
  testDir: '.',
  testMatch: 'screenshots.ts',
  outputDir: '../../test-results/playwright-screenshots',
  workers: 1,
  timeout: 600_000,
  reporter: [['list']],
});
