/** Tests that not every machine can run. */
import { expect, test } from 'vitest';

/**
 * `test` where nothing is in the way. Elsewhere what it declares is shown as skipped, the reason is printed, and in CI
 * (`CI` set) that is a failure: there everything has to run.
 * @param obstacle why this machine can't run it; null when it can
 */
export function testUnless(obstacle: string | null): ReturnType<typeof test.runIf> {
  if (obstacle) console.log(`not run: ${obstacle}`);
  if (obstacle && process.env.CI) test('everything runs in CI', () => expect(obstacle).toBeNull());
  return test.runIf(obstacle === null);
}
