// The page Healing in a real browser on the real program: an element that a robot found again is looked at, with how
// steady the flow's targets are, and approved, by keys alone; and the states that many flows make.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { barriers, open, start } from './server.mjs';

let server;
let chrome;
let site;
let fresh = false; // the site's next release is out

before(async () => {
  site = createServer((_, res) => {
    res.setHeader('Content-Type', 'text/html');
    res.end(`<!doctype html><title>Orders</title><h1>Orders</h1><label>Article <input name=article></label>
<button type=button id=${fresh ? 'k81x' : 'show'} class=${fresh ? 'zq1' : 'main'}>Show the list</button>`);
  });
  await new Promise((f) => site.listen(0, '127.0.0.1', f));
  [server, chrome] = await Promise.all([start(), open()]);
  await server.push('orders', {
    nodes: [
      { id: 'open', type: 'web.open', params: { url: `http://127.0.0.1:${site.address().port}/` } },
      { id: 'article', type: 'web.fill', params: { target: ['label=Article', 'name=article'], value: 'paper' } },
      { id: 'show', type: 'web.click', params: { target: 'css=#show', timeout: '60s' } },
    ],
    edges: ['open -> article', 'article -> show'],
  });
  for (const next of [false, true]) {
    fresh = next;
    const { run } = await server.api('POST', '/runs', { flow: 'orders' });
    assert.equal((await server.until(run, 'done', 'failed', 'attention')).status, 'done');
  }
});
after(async () => {
  await chrome?.close();
  await server?.stop();
  site?.close();
});

/** A page of somebody who is signed in; answers replaces what the program says under a path. */
const inside = (path, options, answers = {}) => chrome.inside(server, path, {
  ...options,
  async prepare(page) {
    for (const [under, say] of Object.entries(answers)) {
      await page.route((u) => u.pathname === `/api/v1${under}`, async (route) => {
        const [status, body] = await say(new URL(route.request().url()));
        await route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
      });
    }
  },
});

/** Presses Tab until what has the focus is the element. */
async function tabTo(page, element) {
  await element.waitFor();
  for (let i = 0; i < 60; i++) {
    if (await element.evaluate((e) => e === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('Tab does not lead there');
}

/** The page is no wider than its window. */
const fits = async (page) => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= globalThis.innerWidth + 1), 'the page is wider than its window');

test('a heal is looked at, with how steady its targets are, and approved by keys alone', async () => {
  const { page, complaints } = await inside('/healing');
  await tabTo(page, page.getByRole('button', { name: 'orders: show' }));
  await page.keyboard.press('Enter');
  const detail = page.getByRole('region', { name: /^Heal \d+$/ });
  await detail.getByText('Found again with a probability of').waitFor();
  const steady = page.getByRole('region', { name: 'Targets of orders' });
  await steady.getByText('in the last 2 runs').waitFor();
  const rows = steady.getByRole('row');
  assert.equal(await rows.count(), 3, 'a head and two targets');
  assert.deepEqual(await rows.nth(1).getByRole('cell').allTextContents(), ['show', 'css=#show', '1', '50 %', '1', '0', '0', '0']);
  assert.deepEqual((await rows.nth(2).getByRole('cell').allTextContents()).slice(2, 5), ['2', '100 %', '0']);
  assert.deepEqual(await barriers(page), []);
  await tabTo(page, detail.getByRole('button', { name: 'Approve' }));
  await page.keyboard.press('Enter');
  await detail.getByRole('button', { name: 'Roll back' }).waitFor();
  await page.goto(`${server.url}/healing?state=approved`);
  await page.getByRole('button', { name: 'orders: show' }).waitFor();
  assert.deepEqual(complaints, []);
});

/** Heals and targets as a fleet of many flows makes them, with texts of pages that are long or mean harm. */
async function many() {
  const { items } = await server.api('GET', '/heals');
  const full = await server.api('GET', `/heals/${items[0].id}`);
  const texts = ['css=#a', `xpath=${'/html[1]/body[1]/div[3]'.repeat(12)}`, 'text=<img src=x onerror=alert(1)>', 'label=アカウント番号', 'text=تسجيل الدخول'];
  const list = Array.from({ length: 50 }, (_, i) => ({ ...items[0], id: 1000 + i, state: 'proposed', flow: `flow of the department number ${i}`, root: `flow of the department number ${i}`, node: `node_${i}`, target: texts[i % texts.length], outcome: i % 3 ? 'healed' : 'asked', p: i % 3 ? 0.97 : 0.27 }));
  const targets = Array.from({ length: 40 }, (_, i) => ({ flow: i % 2 ? list[0].root : 'a flow that is called', node: `node_${i}`, target: texts[i % texts.length], ranks: [i, 3, 1], found: i + 4, first: i / (i + 8), healed: 2, asked: 1, abstained: 1, mismatches: 3 }));
  const picture = { // as the program makes them
    before: 'iVBORw0KGgoAAAANSUhEUgAAADAAAAAYBAMAAABO02PvAAAAMFBMVEUAAAAREREiIiIzMzNERERVVVVmZmZ3d3eIiIiZmZmqqqq7u7vMzMzd3d3u7u7///97EBgKAAAAKklEQVR42mL4jwNQX0JJSf//JyX9//+VhoQECJAp8X/ISNAszgEBAAD//4XwCLQlxCuCAAAAAElFTkSuQmCC',
    found: 'iVBORw0KGgoAAAANSUhEUgAAADAAAAAYBAMAAABO02PvAAAAMFBMVEUAAAAREREiIiIzMzNERERVVVVmZmZ3d3eIiIiZmZmqqqq7u7vMzMzd3d3u7u7///97EBgKAAAAKklEQVR42mJ4hwPQQMLFxe/dExe/d+9choQECJAp8W7ISNAqzgEBAAD//7IB7qq+CoWXAAAAAElFTkSuQmCC',
  };
  const seen = {
    before: { ...full.before, look: picture.before }, found: { ...full.found, look: picture.found },
    evidence: { candidates: [{ element: { name: 'Show the list' }, compared: [{ feature: 'picture', value: 0.914, weight: 0 }] }, { element: { tag: 'a' }, compared: [{ feature: 'text', value: 1, weight: 2 }] }] },
  };
  return {
    '/heals': () => [200, { items: list }],
    '/heals/1000': () => [200, { ...full, ...list[0], ...seen, screenshot: undefined }],
    '/stability': (u) => [200, { flow: u.searchParams.get('flow'), runs: 50, targets }],
  };
}

test('many flows fit on the page, in both schemes and on a phone', async () => {
  const answers = await many();
  for (const [width, colorScheme] of [[1440, 'dark'], [390, 'light'], ...(process.env.AETHER_SHOTS ? [[1440, 'light'], [390, 'dark']] : [])]) {
    const { page, context, complaints } = await inside('/healing?id=1000', { viewport: { width, height: 900 }, colorScheme }, answers);
    const steady = page.getByRole('region', { name: 'Targets of flow of the department number 0' });
    await steady.getByText('30 more are steadier.').waitFor();
    const top = (await page.getByRole('region', { name: 'Heal 1000' }).boundingBox()).y;
    assert.ok(top > 0 && top < 900, `the heal that was chosen is out of sight, at ${top}`);
    await page.getByText('what is shown here is it with a probability of 27.0 %').waitFor();
    await page.getByText('Its picture is like the one before: Show the list 91 %').waitFor();
    for (const name of ['The element before', 'The element now']) await page.waitForFunction((n) => { const i = document.querySelector(`img[alt="${n}"]`); return i?.complete && i.naturalWidth === 48; }, name);
    assert.equal(await steady.getByRole('row').count(), 11, 'a head and the ten least steady');
    await fits(page);
    assert.deepEqual(await barriers(page), [], `${width} ${colorScheme}`);
    assert.deepEqual(complaints, []);
    if (process.env.AETHER_SHOTS) await page.screenshot({ path: `${process.env.AETHER_SHOTS}/healing-${width}-${colorScheme}.png`, fullPage: true });
    await context.close();
  }
});

test('where nothing is known of the targets there is no part of it, and what goes wrong can be tried again', async () => {
  const answers = await many();
  let broken = true;
  answers['/stability'] = (u) => (!broken ? [200, { flow: u.searchParams.get('flow'), runs: 0, targets: [] }] : [500, { kind: 'internal', message: 'reading the events: the disk is full' }]);
  const { page } = await inside('/healing?id=1000', {}, answers);
  const wrong = page.getByRole('alert').filter({ hasText: 'the disk is full' });
  await wrong.waitFor();
  assert.deepEqual(await barriers(page), []);
  broken = false;
  await wrong.getByRole('button').click();
  await wrong.waitFor({ state: 'detached' });
  await page.getByRole('region', { name: 'Heal 1000' }).waitFor();
  assert.equal(await page.getByRole('region', { name: /^Targets of/ }).count(), 0);

  const empty = await inside('/healing?state=unresolved');
  await empty.page.getByText('There is none').waitFor();
  assert.deepEqual(await barriers(empty.page), []);
  assert.deepEqual(empty.complaints, []);
});
