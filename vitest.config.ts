import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Tests that start the built server need dist/: `npm test` builds first.
    testTimeout: 30_000,
    // Two cores: more workers only make timeouts.
    maxWorkers: 2,
  },
});
