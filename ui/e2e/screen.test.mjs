// A browser of the server in the page: a flow is recorded in it and run, an element is picked, a table is extracted.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { barriers, open, start } from './server.mjs';

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
async function sound(page, what, root = 'body') {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      assert.deepEqual(await barriers(page, root), [], `${what}, ${colorScheme}, ${width} px`);
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
    await page.evaluate(() => new Promise((f) => globalThis.requestAnimationFrame(() => globalThis.requestAnimationFrame(f))));
    box = await picture(page).boundingBox();
  }
  await picture(page).click({ position: { x: (x / 1280) * box.width, y: (y / 800) * box.height } });
}

const shots = process.env.SHOTS;
const shot = async (page, name) => shots && (await page.screenshot({ path: `${shots}/${name}.png` }));

test('a login is recorded in the page, and the flow runs', async () => {
  const { page, complaints } = await signedIn();
  const on = await middles('/acme/login', (p) => ({ user: p.getByLabel('User'), password: p.getByLabel('Password') }));
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
  // The rest by keyboard: on to the button, out of the picture, in again, and out of it for good.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('Click Sign in').waitFor();
  for (const into of [true, false]) {
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByText('Click, or press Enter here').waitFor();
    if (into) await page.keyboard.press('Enter');
    if (into) await page.getByText('Keys go to the page').waitFor();
  }
  await page.keyboard.press('Tab');
  assert.equal(await picture(page).evaluate((e) => e === document.activeElement), false, 'Tab does not lead out');
  await page.getByRole('button', { name: 'End the recording' }).click();
  await page.getByRole('textbox', { name: 'Name of the flow' }).fill('sign in');
  await page.getByRole('button', { name: 'Save as a draft' }).click();
  await page.getByRole('heading', { name: 'sign in' }).waitFor();
  const { flow } = await server.api('GET', '/flows/sign%20in/versions/draft');
  assert.ok(!JSON.stringify(flow).includes('practice-2'), 'the password is in the flow');
  assert.deepEqual(complaints, []);
  await server.api('PUT', '/secrets/PRACTICE', { value: 'practice-2' });
  const { run } = await server.api('POST', '/runs', { flow: 'sign in', version: 'draft', input: { password: { secret: 'PRACTICE' } } });
  await server.until(run, 'done', 'failed').then((r) => assert.equal(r.status, 'done', JSON.stringify(r.failure)));
});

/** The button of the picker for a node of the flow, by keyboard. */
async function pickFor(page, id, title) {
  const node = page.locator(`.react-flow__node[data-id="${id}"] [data-step], .react-flow__node[data-id="${id}"] button`).first();
  await node.waitFor();
  await node.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: `Node ${title}`, exact: true }).getByRole('button', { name: 'Pick in a browser' }).click();
  const dialog = page.getByRole('dialog', { name: `Pick the target of ${title}` });
  await picture(page).waitFor();
  return dialog;
}

test('an element is picked for a node, and a list is read after it: each is one step of the history', async () => {
  const { page, complaints } = await signedIn();
  const on = await middles('/pages/table?rows=8', (p) => ({ pick: p.locator('tbody tr').nth(1).getByRole('link'), one: p.locator('tbody td').nth(1), other: p.locator('tbody tr').nth(3).locator('td').nth(1) }));
  await server.push('picked', { settings: { trace: 'always' }, nodes: [{ id: 'open', type: 'web.open', params: { url: `${site}/pages/table?rows=8` } }, { id: 'press', type: 'web.click', title: 'Press it', params: { target: 'css=h1' } }], edges: ['open -> press'] });
  const { run } = await server.api('POST', '/runs', { flow: 'picked', version: 'draft' });
  await server.until(run, 'done');
  await page.goto(`${server.url}/flows/picked/edit`);
  const dialog = await pickFor(page, 'press', 'Press it');
  await press(page, on.pick);
  const picked = dialog.getByRole('region', { name: 'What was picked' });
  await picked.getByText(/Matches 1 here/).first().waitFor();
  await picked.getByText(/Matches 1 in 1 of 1 past run/).first().waitFor();
  assert.ok((await picked.getByRole('checkbox').count()) >= 2, 'there are too few ways to find it');
  await dialog.getByRole('button', { name: 'Use this element' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: /^Undo: Set target of Press it/ }).waitFor();

  const again = await pickFor(page, 'press', 'Press it');
  await press(page, on.one);
  await again.getByRole('button', { name: 'Pick a second one like it' }).click();
  await again.getByText(/Click a second one like it/).waitFor();
  await press(page, on.other);
  const list = again.getByRole('region', { name: 'The list that it is of' });
  await list.getByText('8 rows').waitFor();
  await list.getByRole('textbox', { name: 'Name of the column city' }).fill('town');
  await list.getByRole('checkbox', { name: 'Read date', exact: true }).uncheck();
  await sound(page, 'pick-list', '[role=dialog]');
  await list.getByRole('button', { name: 'Extract a table' }).click();
  await again.waitFor({ state: 'hidden' });
  await page.keyboard.press('Control+s');
  await page.getByText(/Saved/).first().waitFor();
  const { flow } = await server.api('GET', '/flows/picked/versions/draft');
  const target = flow.nodes.find((n) => n.id === 'press').params.target;
  assert.ok(target.queries.length >= 2 && target.print, JSON.stringify(target));
  const extract = flow.nodes.find((n) => n.type === 'web.extract');
  assert.deepEqual(Object.keys(extract.params.fields).sort(), ['amount', 'column_6', 'column_6_link', 'name', 'no', 'town'], JSON.stringify(extract.params));
  assert.deepEqual(complaints, []);
});
