// The first minute with an empty installation: the link, the demo, a page that changes, a heal that is approved. Clicks
// are counted; the time is printed and not judged, as machines differ.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

import { aether, barriers, browsers, open, start } from './server.mjs';

let server;
let chrome;

before(async () => {
  server = await start();
  chrome = await open();
});
after(async () => {
  await chrome?.close();
  await server?.stop();
});

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

test('where there is no display, flows are recorded in the page', async () => {
  const bare = await start({ DISPLAY: '', WAYLAND_DISPLAY: '' });
  try {
    const { page, complaints } = await chrome.page();
    await page.context().addCookies([{ name: 'aether_session', value: bare.token, url: bare.url, httpOnly: true, sameSite: 'Strict' }]);
    await page.goto(`${bare.url}/flows`);
    await page.getByRole('link', { name: 'Record…' }).click();
    await page.getByRole('button', { name: 'Record', exact: true }).waitFor();
    assert.equal(await page.getByRole('radio').count(), 0, 'a window is offered');
    await sound(page, 'recording without a display');
    assert.deepEqual(complaints, []);
  } finally {
    await bare.stop();
  }
});

/** A port that nobody listens on. */
const freePort = () =>
  new Promise((done) => {
    const s = createServer();
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => done(port));
    });
  });

test('a flow is recorded in a browser window, looked over, and saved as a draft', async () => {
  // The person's window: the real browser without its window, which the test works in over a port of its own.
  const dir = await mkdtemp(join(tmpdir(), 'aether-window-'));
  const port = await freePort();
  const program = join(dir, 'browser');
  await writeFile(program, `#!/bin/sh\nexec ${browsers.find(existsSync)} --headless=new --remote-debugging-port=${port} "$@"\n`, { mode: 0o755 });
  const desk = await start({ DISPLAY: ':1', AETHER_BROWSER_PATH: program });
  try {
    const { page, complaints } = await chrome.page({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(120_000);
    await page.context().addCookies([{ name: 'aether_session', value: desk.token, url: desk.url, httpOnly: true, sameSite: 'Strict' }]);
    await page.goto(`${desk.url}/record`);
    await page.getByRole('textbox', { name: 'Address to begin with' }).fill(`${desk.url}/login`);
    await page.getByRole('radio', { name: 'In a window on the machine of the server' }).check();
    await page.getByRole('button', { name: 'Record', exact: true }).click();
    await page.getByText(/1 step so far/).waitFor();

    const person = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    const work = person.contexts().flatMap((c) => c.pages()).find((p) => p.url().endsWith('/login'));
    await work.getByRole('textbox', { name: 'Name' }).click();
    await work.keyboard.type('ada');
    await work.getByRole('textbox', { name: 'Password' }).click();
    await work.keyboard.type('hunter2');
    await work.keyboard.press('Tab');
    await page.getByText('a secret, which was not read').waitFor();
    await page.getByRole('row', { name: /Fill Name ada/ }).waitFor();
    await page.getByRole('button', { name: /more ways?$/ }).first().click();
    await sound(page, 'a recording under way');
    await page.getByRole('button', { name: 'End the recording' }).click();
    await page.getByRole('textbox', { name: 'Name of the flow' }).fill('sign in');
    await sound(page, 'a recording that has ended');
    await page.getByRole('button', { name: 'Save as a draft' }).click();
    await page.getByRole('heading', { name: 'sign in' }).waitFor();
    await page.getByText('Fill Name').first().waitFor();
    const { flow } = await desk.api('GET', '/flows/sign%20in/versions/draft');
    assert.ok(!JSON.stringify(flow).includes('hunter2'), 'the password is in the flow');
    assert.equal((await desk.api('GET', '/recording')).recording, undefined);
    assert.deepEqual(complaints, []);
    await person.close().catch(() => undefined); // it has ended with the recording
  } finally {
    await desk.stop();
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }
});
