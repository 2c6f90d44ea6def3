// A browser of the server in the page: a flow is recorded in it and run, an element is picked, a table is extracted.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { open, start } from './server.mjs';

const axe = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
let server;
let chrome;
let site; // the practice site, which the server serves beside itself

before(async () => {
  server = await start({ DISPLAY: '', WAYLAND_DISPLAY: '' });
  const { run } = await server.api('POST', '/demo/runs', {});
  await server.api('POST', `/runs/${run}/cancel`);
  site = (await server.api('GET', '/demo')).site.url;
  chrome = await open();
});
after(async () => {
  await chrome?.close();
  await server?.stop();
});

/** A page that is signed in. */
async function signedIn(options) {
  const got = await chrome.page({ viewport: { width: 1440, height: 900 }, ...options });
  await got.context.addCookies([{ name: 'aether_session', value: server.token, url: server.url, httpOnly: true, sameSite: 'Strict' }]);
  got.page.setDefaultTimeout(90_000);
  return got;
}

/** What axe finds that is serious or critical, light and dark, wide and narrow, and whether something stands out of the screen. */
async function sound(page, what) {
  const session = await page.context().newCDPSession(page); // the policy of the page lets no script in
  await session.send('Runtime.evaluate', { expression: axe });
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const got = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      const bad = got.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
      assert.deepEqual(bad, [], `${what}, ${colorScheme}, ${width} px`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 1, `${what} is ${over} px too wide at ${width} px`);
      await shot(page, `${what}-${colorScheme}-${width}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1440, height: 900 });
}

/** The middle of elements of a page of the practice site, as it is laid out in a window of the size of the picture. */
async function middles(path, find) {
  const { page, context } = await chrome.page({ viewport: { width: 1280, height: 800 } });
  await page.goto(site + path);
  const out = {};
  for (const [name, locator] of Object.entries(find(page))) {
    const b = await locator.boundingBox();
    out[name] = { x: b.x + b.width / 2, y: b.y + b.height / 2 };
  }
  await context.close();
  return out;
}

const picture = (page) => page.getByRole('textbox', { name: /^The browser/ });

/** Clicks a place of the page that the picture shows. */
async function press(page, { x, y }) {
  let box = await picture(page).boundingBox();
  for (let before; before?.x !== box.x || before.y !== box.y || before.width !== box.width; ) {
    before = box; // until the layout has come to rest
    await page.evaluate(() => new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(f))));
    box = await picture(page).boundingBox();
  }
  await picture(page).click({ position: { x: (x / 1280) * box.width, y: (y / 800) * box.height } });
}

const shots = process.env.SHOTS;
const shot = async (page, name) => shots && (await page.screenshot({ path: `${shots}/${name}.png` }));

test('a login is recorded in the page, and the flow runs', async () => {
  const { page, complaints } = await signedIn();
  const on = await middles('/acme/login', (p) => ({ user: p.getByLabel('User'), password: p.getByLabel('Password'), send: p.getByRole('button', { name: 'Sign in' }) }));
  await page.goto(`${server.url}/record`);
  await page.getByRole('textbox', { name: 'Address to begin with' }).fill(`${site}/acme/login`);
  await page.keyboard.press('Enter');
  await page.getByText(/1 step so far/).waitFor();
  await picture(page).waitFor();
  await press(page, on.user);
  await page.keyboard.type('clerk');
  await page.getByRole('region', { name: 'Steps' }).getByText('clerk').waitFor();
  await press(page, on.password);
  await page.keyboard.type('practice-2');
  await page.getByText('a secret, which was not read').waitFor();
  await sound(page, 'record');
  await press(page, on.send);
  await page.getByText('Click Sign in').waitFor();
  await page.getByRole('button', { name: 'End the recording' }).click();
  await page.getByRole('textbox', { name: 'Name of the flow' }).fill('sign in');
  await page.getByRole('button', { name: 'Save as a draft' }).click();
  await page.getByRole('heading', { name: 'sign in' }).waitFor();
  const { flow } = await server.api('GET', '/flows/sign%20in/versions/draft');
  assert.ok(!JSON.stringify(flow).includes('practice-2'), 'the password is in the flow');
  assert.deepEqual(complaints, []);
});

test('an element is picked for a node, and a list extracted after it, each one step of the history', async () => {
  const { page, complaints } = await signedIn();
  const url = `${site}/pages/tables`;
  await server.push('picked', { nodes: [{ id: 'open', type: 'web.open', params: { url } }, { id: 'press', type: 'web.click', title: 'Press it', params: { target: 'text=nothing' } }], edges: ['open -> press'] });
  await page.goto(`${server.url}/flows/picked/edit`);
  await page.getByText('Press it').first().click();
  console.log(await page.content().then((t) => t.length));
  await shot(page, 'editor');
});
