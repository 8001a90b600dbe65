/** Connections that fall silent without a FIN at the worst moments, on an emulated phone's link, and a proxy's own error responses. */
import { openNetwork } from '../support/network/network.ts';
import { openProxy } from '../support/network/proxy.ts';
import {
  expect,
  expectFinished,
  expectRecording,
  expectWholeInterview,
  inBothSizes,
  logIn,
  noteStatus,
  press,
  statusOf,
  test,
} from './fixtures.ts';

/** Within this time the gate opens: a new connection works at once. */
const GATE_MS = 20_000;

inBothSizes(() => {
  test('black holes at the start, in the middle and 0.5 s after the stop; 502 in HTML for 2 s, and 429', async ({
    page,
    server,
    candidate,
  }) => {
    const host = '127.0.0.1';
    const proxy = await openProxy({ to: () => server.port });
    const link = await openNetwork({ to: { host, port: proxy.port }, rate: { kbit: 4000 }, delayMs: 40 });
    /** Makes what is open silent, as soon as a connection is open. */
    const swallow = async () => {
      const before = link.stats.blackholed;
      const blackholed = () => {
        link.blackhole();
        return link.stats.blackholed;
      };
      await expect.poll(blackholed, { intervals: [0, 50] }).toBeGreaterThan(before);
    };
    const expectNext = async (question: number, since: number) => {
      await expect(page.getByRole('heading', { name: `Question ${question} of 5` })).toBeVisible({ timeout: GATE_MS });
      console.log(`gate ${question - 1} open ${((Date.now() - since) / 1000).toFixed(1)} s after the last fault`);
    };
    await logIn(page, link.url, candidate);
    await press(page, 'Start interview');

    await expectRecording(page, 1);
    await swallow();
    let since = Date.now();
    await page.waitForTimeout(2500);
    await press(page, 'Next question');
    await expectNext(2, since);

    await expectRecording(page, 2);
    await expect.poll(async () => (await statusOf(page)).ackedBytes).toBeGreaterThan(0);
    await swallow();
    since = Date.now();
    await page.waitForTimeout(1500);
    await press(page, 'Next question');
    await expectNext(3, since);

    await expectRecording(page, 3);
    await page.waitForTimeout(2000);
    // The requests in flight at the stop stay in flight for the half second.
    link.offline(1500);
    await page.waitForTimeout(500);
    await press(page, 'Next question');
    await page.waitForTimeout(500);
    await swallow();
    since = Date.now() + 500;
    await expectNext(4, since);

    await expectRecording(page, 4);
    const badGateway = proxy.override({ status: 502 });
    await page.waitForTimeout(2000);
    await expect.poll(() => badGateway.count()).toBeGreaterThan(0);
    badGateway.end();
    await page.waitForTimeout(500);
    await press(page, 'Next question');

    await expectRecording(page, 5);
    await page.waitForTimeout(2000);
    const noted = await noteStatus(page);
    const tooMany = proxy.override({ status: 429, retryAfterSeconds: 5, contentType: 'text/plain' });
    await press(page, 'Finish interview');
    // Longer than the page's own first wait of 2 s.
    await expect.poll(noted).toContain('Retrying in 5 s');
    tooMany.end();
    expect(tooMany.count()).toBeGreaterThan(0);
    await expectFinished(page);
    await expectWholeInterview(page, server);
    await link.close();
    await proxy.close();
  });
});
