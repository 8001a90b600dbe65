import { defineConfig } from '@playwright/test';

/**
 * The specs that leave most of a core free: no browser records in them, or it mostly waits for 15 s of silence to pass.
 * `npm run test:browser` runs them with two workers, and all others with one.
 */
const light = ['accessibility', 'cannot-record', 'dead-connections', 'gallery', 'offline', 'uppy', 'view'].map(
  (name) => `**/e2e/${name}.spec.ts`,
);

export default defineConfig({
  testDir: 'test/e2e',
  outputDir: 'test-results',
  // A browser that records encodes its video in software, which takes one of two cores. Two of them kept 7 to 16 of 30 frames
  // a second, and one encoder was half a second behind at a reload. Specs that record nothing, run beside it at the lowest
  // priority, still took a quarter of its frames.
  workers: 1,
  // Time limits are for what never comes: what comes late on a busy machine is no fault. No spec measures by them.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  retries: 0,
  forbidOnly: true,
  reporter: [['list']],
  projects: [
    { name: 'light', testMatch: light, fullyParallel: true },
    { name: 'heavy', testIgnore: light },
  ],
});
