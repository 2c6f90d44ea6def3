// Runs in a real browser on the real program: each execution by its address, the timeline, the past, comparisons, the grid,
// kept pages, the live browser, filters and views.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { desk, orders, site } from './runs.flows.mjs';
import { barriers, open, start } from './server.mjs';

let server;
let chrome;
let web;
const ids = {};

before(async () => {
  [server, chrome, web] = await Promise.all([start(), open(), site()]);
  await server.push('orders', orders);
  await server.push('desk', desk);
  const run = async (name, flow, input) => (ids[name] = (await server.api('POST', '/runs', { flow, version: 'draft', input })).run);
  await run('good', 'orders', {});
  await server.until(ids.good, 'done');
  await run('bad', 'orders', { missing: true, n: 40, word: 'late' });
  await server.until(ids.bad, 'failed');
  await run('web', 'desk', { site: web.url });
});
after(async () => {
  await chrome?.close();
  await server?.stop();
  web?.close();
});

const inside = (path, options) => chrome.inside(server, path, options);

test('the browser of a run is watched while it works, and what was kept of its pages is read after', async () => {
  const { page, complaints } = await inside(`/runs/${ids.web}?view=browser`);
  const live = page.getByRole('img', { name: /What the browser of the run shows/ });
  await live.waitFor();
  assert.match(await live.getAttribute('src'), /^data:image\/jpeg;base64,/);
  web.release();
  await server.until(ids.web, 'done');
  await page.goto(`${server.url}/runs/${ids.web}?node=send&at=send`);
  await page.getByRole('tab', { name: 'Page' }).click();
  await page.getByRole('img', { name: 'The element that was used' }).waitFor();
  const picture = page.getByRole('img', { name: 'The page at send' });
  await page.waitForFunction(() => [...document.images].some((i) => i.alt === 'The page at send' && i.naturalWidth > 0));
  assert.ok(await picture.isVisible());
  await page.getByText('Before', { exact: true }).click();
  await page.frameLocator('iframe[title="The page before send"]').getByText('The desk').waitFor();
  await page.getByText('After', { exact: true }).click();
  await page.frameLocator('iframe[title="The page after send"]').getByText('Thank you, Ada').waitFor();
  await page.getByText(/^Console/).click();
  await page.getByRole('log', { name: 'Console of the page' }).getByText('sent <img src=x>').waitFor();
  await page.getByText(/^Network/).click();
  await page.getByText(`POST ${web.url}sent`).or(page.getByText(`GET ${web.url}sent`)).waitFor();
  assert.deepEqual(complaints, []);
});

test('each execution has an address, and tells what it read, gave and said', async () => {
  const { page, complaints } = await inside(`/runs/${ids.bad}?node=put&at=${encodeURIComponent('each[17]/put')}`);
  const step = page.getByRole('region', { name: 'Node Write the order' });
  await step.getByText('Execution 18 of 40').waitFor();
  await step.getByLabel('Output of each[17]/put').getByText(`order-${ids.bad}-17.txt`).waitFor();
  await step.getByRole('button', { name: 'The next execution' }).click();
  await step.getByLabel('Output of each[18]/put').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('at'), 'each[18]/put');
  await step.getByRole('tab', { name: 'Input' }).click();
  await step.getByLabel('Input word').getByText('late').waitFor();
  await step.getByRole('button', { name: 'start', exact: true }).click(); // what it read is an execution with an address of its own
  await page.getByRole('region', { name: 'Node Write the list' }).waitFor();
  await page.goto(`${server.url}/runs/${ids.bad}?node=say&at=${encodeURIComponent('each[3]/say')}`);
  await page.getByRole('tab', { name: /Logs/ }).click();
  await page.getByRole('region', { name: 'Node say' }).getByText('Order 3 is written').waitFor();
  await page.goto(`${server.url}/runs/${ids.bad}?node=check`);
  await page.getByRole('region', { name: 'Node Check the last' }).getByText('Execution 2 of 2').waitFor();
  await page.getByRole('region', { name: 'Node Check the last' }).getByText('check#2').first().waitFor();
  assert.deepEqual(complaints, []);
});

test('the keyboard alone leads through executions, the timeline and the past', async () => {
  const { page, complaints } = await inside(`/runs/${ids.bad}`);
  await page.getByRole('tab', { name: 'Executions' }).focus();
  await page.keyboard.press('Enter');
  const find = page.getByRole('textbox', { name: 'Find among executions' });
  await find.focus();
  await page.keyboard.type('each[21]/');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  await page.waitForURL((u) => u.searchParams.get('at') === 'each[21]/put');
  await page.keyboard.press('ArrowDown');
  await page.waitForURL((u) => u.searchParams.get('at') === 'each[21]/say');

  await page.getByRole('tab', { name: 'Timeline' }).focus();
  await page.keyboard.press('Enter');
  const rows = page.getByRole('listbox', { name: /When nodes were at work/ });
  await rows.getByRole('option', { name: /^Write the order 40×: 40 executions/ }).waitFor();
  await rows.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.waitForURL((u) => u.searchParams.get('at') === 'each[0]/put');
  await page.keyboard.press('ArrowRight');
  await page.waitForURL((u) => u.searchParams.get('at') === 'each[1]/put');
  await page.keyboard.press('+');
  await page.keyboard.press('-');
  await rows.getByRole('option', { name: /^Write the order 40×: each\[1\]\/put, done/ }).waitFor();

  await page.getByRole('slider', { name: 'Moment of the run' }).focus();
  await page.keyboard.press('Home');
  await page.getByRole('button', { name: 'To what happened next' }).waitFor();
  await page.getByRole('tab', { name: 'Graph' }).click();
  await page.getByRole('button', { name: /^Check the last file\.read_text check$/ }).waitFor(); // it had not begun
  await page.getByRole('button', { name: 'End', exact: true }).click();
  await page.getByRole('button', { name: /^Check the last file\.read_text failed/ }).waitFor();
  assert.deepEqual(complaints, []);
});

test('a run that failed is compared with the last good one, and with any other', async () => {
  const { page, complaints } = await inside(`/runs/${ids.bad}`);
  await page.getByRole('button', { name: 'Differs from the last good run first at Write the order' }).click();
  const first = page.getByRole('region', { name: 'The first difference' });
  await first.getByText('each[0]/put').waitFor();
  await first.getByText(/^\+ +"size": 11/).waitFor();
  await first.getByText(/^− +"size": 9/).waitFor();
  const nodes = page.getByRole('table').last();
  await nodes.getByRole('row', { name: /Write the list same/ }).waitFor();
  await nodes.getByRole('row', { name: /Write the order differs 6 differ, 34 only here/ }).waitFor();
  await nodes.getByRole('row', { name: /Sign it only in the other/ }).waitFor();
  await page.getByRole('combobox', { name: 'Compare with' }).click();
  await page.getByRole('option', { name: new RegExp(ids.good) }).click();
  await page.waitForURL((u) => u.searchParams.get('with') === ids.good);
  await page.goto(`${server.url}/runs/${ids.good}?view=compare`);
  await page.getByText('There is no run to compare with').waitFor();
  assert.deepEqual(complaints, []);
});

test('the grid of a flow leads to the run at the node', async () => {
  const { page, complaints } = await inside('/flows/orders');
  await page.getByRole('tab', { name: 'Runs' }).click();
  await page.getByRole('link', { name: `For each order in run ${ids.good}: passed` }).waitFor();
  await page.getByRole('link', { name: `Check the last in run ${ids.bad}: failed, 2 executions, 2 failed` }).click();
  await page.getByRole('region', { name: 'Node Check the last' }).waitFor();
  assert.ok(page.url().includes(ids.bad));
  assert.deepEqual(complaints, []);
});

test('the report is one document that is downloaded', async () => {
  const { page } = await inside(`/runs/${ids.bad}`);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download report' }).click()]);
  assert.equal(download.suggestedFilename(), `run-${ids.bad}.html`);
  const text = await readFile(await download.path(), 'utf8');
  assert.match(text, /nowhere\.txt does not exist/);
  assert.ok(text.trimEnd().endsWith('</html>'), 'it is cut short');
});

test('runs are filtered, and a filter is kept as a view', async () => {
  const { page, complaints } = await inside('/runs');
  await page.getByRole('link', { name: 'desk' }).waitFor();
  await page.getByRole('textbox', { name: 'Error says' }).fill('NOWHERE.txt does');
  await page.getByRole('link', { name: 'desk' }).waitFor({ state: 'hidden' });
  await page.getByText(ids.bad).waitFor();
  await page.getByRole('combobox', { name: 'Added' }).click();
  await page.getByRole('option', { name: 'Last 24 hours' }).click();
  await page.waitForURL((u) => u.searchParams.get('since') === '24h');
  await page.getByText(ids.bad).waitFor();
  await page.getByRole('button', { name: 'Save view…' }).click();
  await page.getByRole('textbox', { name: 'Name of the view' }).fill('Lost files');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Lost files' }).waitFor();
  await page.goto(`${server.url}/runs?error=never`);
  await page.getByText('No run fits').waitFor();
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Lost files', exact: true }).click();
  await page.getByText(ids.bad).waitFor();
  await page.getByRole('button', { name: 'Lost files' }).click();
  await page.getByRole('menuitem', { name: 'Forget Lost files' }).click();
  await page.getByRole('button', { name: 'Lost files' }).waitFor({ state: 'hidden' });
  assert.deepEqual(complaints, []);
});

test('the views of a run are free of barriers and complaints, light and dark, wide and narrow', async () => {
  for (const [scheme, width] of [['light', 1280], ['dark', 390]]) {
    const { page, complaints } = await inside('/runs', { colorScheme: scheme, viewport: { width, height: 800 } });
    for (const [path, seen] of [
      [`/runs/${ids.bad}?view=time&node=put&at=${encodeURIComponent('each[1]/put')}`, () => page.getByRole('listbox', { name: /When nodes/ })],
      [`/runs/${ids.bad}?view=steps`, () => page.getByRole('option', { name: /each\[0\]\/put/ })],
      [`/runs/${ids.bad}?view=compare`, () => page.getByRole('region', { name: 'The first difference' })],
      [`/runs/${ids.web}?node=send`, () => page.getByRole('tab', { name: 'Page' })],
      ['/flows/orders', () => page.getByRole('tab', { name: 'Runs' })],
      ['/runs?status=failed&since=7d', () => page.getByText(ids.bad)],
    ]) {
      await page.goto(server.url + path);
      await seen().first().waitFor();
      if (path === '/flows/orders' || path.endsWith('send')) await seen().click();
      if (path.endsWith('send')) await page.getByText('Network').click();
      if (path === '/flows/orders') await page.getByRole('region', { name: 'The latest runs, node by node' }).waitFor();
      assert.deepEqual(await barriers(page), [], `${path}, ${scheme}, ${width} px`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 1, `${path} is ${over} px too wide at ${width} px`);
    }
    assert.deepEqual(complaints, [], scheme);
  }
});
