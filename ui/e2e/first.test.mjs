// The first minute with an empty installation: the link, the demo, a page that changes, a heal that is approved. Clicks
// are counted; the time is printed and not judged, as machines differ.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { aether, open, start } from './server.mjs';

let server;
let chrome;
const axe = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

before(async () => {
  server = await start();
  chrome = await open();
});
after(async () => {
  await chrome?.close();
  await server?.stop();
});

/** What axe finds that is serious or critical. */
async function barriers(page) {
  // Through the protocol, as the policy of the page lets no script in.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const got = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return got.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
}

/** The page at both widths, in both schemes: no barrier, and nothing beside the screen. */
async function sound(page, what) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      assert.deepEqual(await barriers(page), [], `${what}, ${colorScheme}, ${width} px`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 1, `${what} is ${over} px too wide at ${width} px`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1440, height: 900 });
}

test('the first minute: run, break, heal, approve, run again, and leave nothing behind', async (t) => {
  const { page, complaints } = await chrome.page({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(120_000);
  const began = Date.now();
  let clicks = 0;
  const press = async (name) => {
    clicks++;
    await page.getByRole('button', { name, exact: true }).click();
  };
  const lap = (what) => t.diagnostic(`${what} after ${((Date.now() - began) / 1000).toFixed(1)} s and ${clicks} clicks`);
  let frames = 0;
  page.on('response', (r) => {
    if (r.url().endsWith('/live') && r.ok()) frames++;
  });

  await page.goto(server.link);
  await page.getByRole('heading', { name: 'See a robot work' }).waitFor();
  await press('Run the demo');
  await page.getByText('Done: the vendor is entered').waitFor();
  lap('the first green run');
  assert.ok(clicks <= 4, `${clicks} clicks to the first green run`);

  await press('Break the page');
  await page.getByRole('img', { name: /What the browser shows at http/ }).waitFor();
  await page.getByRole('region', { name: 'Steps of the flow' }).getByText('healed', { exact: true }).first().waitFor();
  await page.getByText('The page had changed, and the run went on').waitFor();
  lap('the run that heals');
  const evidence = page.getByRole('region', { name: 'Found again: Name of the vendor' });
  await evidence.getByText('css=#field-name').waitFor();
  await evidence.getByText('role=textbox[name="Name *"]').waitFor();
  await evidence.getByRole('img').waitFor();
  assert.equal(await page.getByRole('region', { name: /^Found again/ }).count(), 2);

  await press('Approve');
  await page.getByText('The flow has a new version').waitFor();
  const { items: versions } = await server.api('GET', '/flows/demo/versions');
  assert.ok(versions.length > 1, 'approving made no version');
  await press('Run again');
  await page.getByText('Done, and nothing had to be healed').waitFor();
  lap('the last green run');
  assert.ok(clicks <= 8, `${clicks} clicks for all of it`);
  assert.ok(frames > 0, 'no live view was asked for');
  const { items: heals } = await server.api('GET', '/heals?flow=demo');
  assert.deepEqual(heals.map((h) => h.state), ['approved', 'approved']);
  await sound(page, 'the demo');

  await press('Remove the demo');
  await page.getByRole('button', { name: 'Run the demo' }).waitFor();
  assert.deepEqual((await server.api('GET', '/flows')).items, []);
  assert.deepEqual((await server.api('GET', '/runs')).items, []);
  assert.deepEqual((await server.api('GET', '/heals')).items, []);
  assert.equal((await server.api('GET', '/demo')).site.url, undefined);
  await sound(page, 'the offer');
  assert.deepEqual(complaints, []);
});

test('the keyboard alone is enough', async () => {
  const { page, complaints } = await chrome.page();
  page.setDefaultTimeout(120_000);
  await page.context().addCookies([{ name: 'aether_session', value: server.token, url: server.url, httpOnly: true, sameSite: 'Strict' }]);
  await page.goto(server.url); // what is empty leads to the demo
  await page.getByRole('button', { name: 'Run the demo' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('The robot is at work').waitFor();
  await page.getByRole('button', { name: 'Remove the demo' }).focus();
  await page.keyboard.press('Enter'); // also while it runs
  await page.getByRole('button', { name: 'Run the demo' }).waitFor();
  assert.deepEqual((await server.api('GET', '/runs')).items, []);
  assert.deepEqual(complaints.filter((c) => !c.includes('404')), []); // what was followed is gone
});

test('who may not run it is not led to it, and is told why', async () => {
  const out = await aether(server.home, 'server', 'link', '--role', 'operator', '--url', server.url);
  const { page, complaints } = await chrome.page();
  await page.goto(out.trim());
  await page.getByRole('heading', { name: 'Runs' }).waitFor();
  await page.goto(`${server.url}/demo`);
  await page.getByRole('alert').getByText('Running it needs the role developer').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Run the demo' }).count(), 0);
  assert.deepEqual(complaints, []);
});
