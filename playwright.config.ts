import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'test/e2e',
  outputDir: 'test-results',
  // Two cores, and a browser that encodes video in software beside a server: two at once would be short of time, and a
  // recorder that is short of time drops the first frames of a recording.
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  retries: 0,
  forbidOnly: true,
  reporter: [['list']],
});
