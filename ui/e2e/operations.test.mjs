// The pages for operations on the real program: work items, dead letters, the board of the queue, secrets, access, audit,
// settings, health, and what each role is shown.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { barriers, open, start } from './server.mjs';

const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>'\`{{7*7}}`;
let server;
let chrome;

before(async () => {
  server = await start();
  chrome = await open();
  await server.push('pay', {
    inputs: { iban: { type: 'string', default: 'wrong' }, why: { type: 'string', default: `The bank said no ${evil}` } },
    nodes: [
      { id: 'note', type: 'flow.log', params: { message: 'paying {{ inputs.iban }}' } },
      { id: 'good', type: 'flow.if', params: { condition: '{{ inputs.iban == "right" }}' } },
      { id: 'stop', type: 'flow.fail', params: { message: '{{ inputs.why }}' } },
    ],
    edges: ['note -> good', 'good.else -> stop'],
  });
  await server.push('balance', { nodes: [{ id: 'ask', type: 'http.request', params: { url: 'https://bank.example.com', auth: { kind: 'bearer', token: { secret: 'BANK_TOKEN' } } } }] });
});
after(async () => {
  await chrome?.close();
  await server?.stop();
});

const inside = (path, options) => chrome.inside(server, path, options);

/** No text of others has become part of the page. */
const harmless = async (page) => assert.equal(await page.locator('img[src=x], [onerror]').count(), 0);

/** Waits until nothing moves: what fades in has too little contrast until it is there. */
const settled = (page) => page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getComputedTiming().iterations === Infinity));

/** Waits until the server says something. */
async function eventually(what, fn) {
  for (let i = 0; i < 600; i++) {
    const got = await fn();
    if (got) return got;
    await new Promise((f) => setTimeout(f, 100));
  }
  throw new Error(`${what} did not happen`);
}

test('a queue is made with a schema, and an item added by its form, edited and deleted', async () => {
  const { page, complaints } = await inside('/items');
  await page.getByRole('button', { name: 'New queue…' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('invoices');
  const schema = { type: 'object', required: ['number', 'total'], properties: { number: { type: 'string', title: 'Number' }, total: { type: 'number', title: 'Total' }, currency: { title: 'Currency', enum: ['EUR', 'USD'] }, paid: { type: 'boolean', title: 'Paid' } } };
  await page.getByRole('textbox', { name: 'Schema of the contents' }).fill(JSON.stringify(schema));
  await page.getByRole('checkbox', { name: 'References are unique' }).check();
  await page.getByRole('textbox', { name: 'Due after' }).fill('24h');
  await page.getByRole('button', { name: 'Make the queue' }).click();
  await page.getByRole('heading', { name: 'invoices', level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Add an item…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Number' }).fill('N-1');
  await dialog.getByRole('textbox', { name: 'Total' }).fill('12.5');
  await dialog.getByRole('textbox', { name: 'Reference' }).fill(`first ${evil}`);
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('row', { name: /first/ }).getByRole('button').click();
  const panel = page.getByRole('dialog', { name: 'Item 1' });
  await panel.getByText('"N-1"').waitFor();
  await harmless(page);
  await panel.getByRole('button', { name: 'Edit…' }).click();
  const form = page.getByRole('dialog', { name: 'Edit item 1' });
  await form.getByText('JSON', { exact: true }).click();
  await form.getByRole('textbox', { name: 'Content' }).fill('{"number": "N-2"');
  await form.getByRole('alert').getByText(/no JSON/).waitFor();
  await form.getByRole('textbox', { name: 'Content' }).fill('{"number": "N-2"}');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByRole('alert').getByText(/total/).first().waitFor(); // the server refuses what the schema does
  await form.getByRole('textbox', { name: 'Content' }).fill('{"number": "N-2", "total": 3}');
  await form.getByRole('button', { name: 'Save' }).click();
  await panel.getByText('"N-2"').waitFor();
  await panel.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog', { name: 'Delete item 1?' }).getByRole('button', { name: 'Delete' }).click();
  await panel.getByText('Deleted').waitFor();
  await panel.getByRole('tab', { name: 'History' }).click();
  await panel.getByRole('cell', { name: '1', exact: true }).waitFor();
  assert.deepEqual(complaints.filter((c) => !c.includes('422')), []);
});

test('a CSV file is previewed, its wrong rows told one by one, and the right ones added', async () => {
  const { page, complaints } = await inside('/items/invoices');
  await page.getByRole('button', { name: 'Import CSV…' }).click();
  const dialog = page.getByRole('dialog');
  const quoted = `"${evil.replaceAll('"', '""')}"`;
  const csv = `no;number;total\r\nA1;${quoted};12.5\r\n${quoted};x;much\r\nA1;y;3\r\nA2;Gr\u00fc\u00dfe;4\r\n`;
  await dialog.locator('input[type=file]').setInputFiles({ name: `${evil.slice(0, 20)}.csv`, mimeType: 'text/csv', buffer: Buffer.from(csv, 'latin1') });
  await dialog.getByText(/read as Windows-1252/).waitFor();
  await dialog.getByRole('combobox', { name: 'Column of the reference' }).click();
  await page.getByRole('option', { name: 'no' }).click();
  await dialog.getByRole('status').getByText('2 rows are right, 2 are not.').waitFor();
  const wrong = dialog.getByRole('region', { name: 'Rows that are wrong' });
  await wrong.getByRole('row', { name: /^2 / }).getByText(/total/).waitFor();
  await wrong.getByRole('row', { name: /^3 A1 / }).getByText(/already/).waitFor();
  await harmless(page);
  assert.equal(await dialog.getByRole('button', { name: 'Add 2 items' }).isDisabled(), true);
  await dialog.getByLabel('Add the rows that are right, and leave the others').check();
  await dialog.getByRole('button', { name: 'Add 2 items' }).click();
  await dialog.getByText('2 items were added.').waitFor();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await page.getByRole('row', { name: /A2/ }).getByRole('button').click();
  await page.getByRole('dialog').getByText('Grüße').waitFor();
  await harmless(page);
  assert.deepEqual(complaints, []);
});

test('a grid of many items draws only those in sight, is filtered, and deletes several at once', async () => {
  await server.api('PUT', '/queues/many', {});
  await server.api('POST', '/queues/many/items', { items: Array.from({ length: 1200 }, (_, i) => ({ reference: `ref-${i}`, content: { i } })) });
  const { page, complaints } = await inside('/items/many');
  const grid = page.getByRole('table', { name: 'Work items' });
  await grid.getByRole('row', { name: /ref-1199/ }).waitFor();
  await page.getByText('1,200 items').waitFor();
  assert.equal(await grid.getAttribute('aria-rowcount'), '1201');
  assert.ok((await grid.getByRole('row').count()) < 80, 'all rows are drawn');
  // By the keyboard alone: to the end, as far as there is one, until the first item comes.
  await grid.focus();
  await eventually('the oldest item is shown', async () => {
    await page.keyboard.press('End');
    return grid.getByRole('row', { name: /ref-0 / }).isVisible();
  });
  await page.getByRole('textbox', { name: 'Search' }).fill('ref-77');
  await grid.getByRole('row', { name: /ref-779/ }).waitFor();
  await page.getByText('11 items').waitFor();
  await grid.getByRole('checkbox', { name: 'Choose all that are shown' }).check();
  await page.getByRole('button', { name: 'Delete… (11)' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('11 items were deleted.').waitFor();
  await page.getByRole('textbox', { name: 'Search' }).fill('');
  await page.getByRole('combobox', { name: 'Status' }).click();
  await page.getByRole('option', { name: 'Deleted (11)' }).click();
  await page.getByText('11 items', { exact: true }).waitFor();
  assert.deepEqual(complaints, []);
});

test('dead letters are seen by reason, and one is tried again with another input', async () => {
  for (let i = 0; i < 3; i++) await server.api('POST', '/runs', { flow: 'pay', version: 'draft', input: { iban: `wrong ${i}` } });
  await eventually('three dead letters', async () => (await server.api('GET', '/jobs?stage=dead')).items.length === 3);
  const { page, complaints } = await inside('/dead');
  const group = page.getByRole('row', { name: /pay .*The bank said no/ }).first();
  await group.getByRole('cell', { name: '3', exact: true }).waitFor();
  await harmless(page);
  await group.getByRole('button', { name: /The bank said no/ }).click();
  await page.getByRole('heading', { name: 'Of pay, with this reason' }).waitFor();
  const { items } = await server.api('GET', '/jobs?stage=dead');
  await page.getByRole('checkbox', { name: `Choose job ${items[0].id}` }).check();
  await page.getByRole('button', { name: 'Try again…' }).nth(1).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('switch', { name: 'Edit the inputs' }).check();
  const inputs = dialog.getByRole('textbox', { name: 'Inputs' });
  await eventually('the inputs of the run are shown', async () => (await inputs.inputValue()).includes('wrong 0'));
  await inputs.fill('{"iban": 7}');
  await dialog.getByRole('button', { name: 'Try again' }).click();
  await dialog.getByRole('alert').getByText(/iban must be of type string/).waitFor();
  await inputs.fill('{"iban": "right"}');
  await dialog.getByRole('button', { name: 'Try again' }).click();
  await dialog.waitFor({ state: 'hidden' });
  const again = await eventually('a run is done', async () => (await server.api('GET', '/runs?flow=pay&status=done')).items[0]);
  assert.equal(again.retry_of, items[0].run);
  assert.equal(again.input.iban, 'right');
  await group.getByRole('cell', { name: '2', exact: true }).waitFor();
  await group.getByRole('button', { name: 'Take out…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take out' }).click();
  await page.getByText('There are no dead letters').waitFor();
  assert.deepEqual(complaints.filter((c) => !c.includes('422')), []);
});

test('the board shows jobs by what they wait for, and why', async () => {
  const { run } = await server.api('POST', '/runs', { flow: 'pay', version: 'draft', job: { needs: 'gpu && nothing_has_it', priority: 7 } });
  const { page, complaints } = await inside('/queue');
  const waiting = page.getByRole('region', { name: 'Waiting' });
  const card = waiting.getByRole('article').filter({ hasText: run });
  await card.getByText('priority 7').waitFor();
  await card.getByText('gpu && nothing_has_it').waitFor();
  await card.getByRole('button', { name: 'Why?' }).click();
  await page.getByRole('dialog').getByText(/gpu/).first().waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('img', { name: /wait, .* are dead letters/ }).waitFor(); // after the second look of the server
  await card.getByRole('button', { name: 'Cancel' }).click();
  await card.waitFor({ state: 'hidden' });
  assert.deepEqual(complaints, []);
});

test('a secret is stored, tells who uses it, and never comes back', async () => {
  const { page, complaints } = await inside('/secrets');
  const answers = [];
  page.on('response', (r) => r.url().includes('/api/') && r.request().method() === 'GET' && answers.push(r.text().catch(() => '')));
  await page.getByRole('button', { name: 'New secret…' }).click();
  let dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).fill(evil);
  await dialog.getByLabel('Value', { exact: false }).first().fill('canary-of-a-secret');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.getByRole('alert').waitFor(); // no name of a secret
  await dialog.getByRole('textbox', { name: 'Name' }).fill('BANK_TOKEN');
  await dialog.getByRole('textbox', { name: 'Description' }).fill(evil);
  await dialog.getByRole('button', { name: 'Store' }).click();
  const row = page.getByRole('row', { name: /BANK_TOKEN/ });
  await row.getByRole('link', { name: 'balance' }).waitFor();
  await row.getByText('onerror').waitFor();
  await harmless(page);
  await row.getByRole('button', { name: 'Another value for BANK_TOKEN' }).click();
  dialog = page.getByRole('dialog');
  assert.equal(await dialog.getByLabel('Value', { exact: false }).first().inputValue(), '');
  await dialog.getByLabel('Value', { exact: false }).first().fill('canary-of-another');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await row.getByRole('button', { name: 'Delete BANK_TOKEN' }).click();
  await page.getByRole('dialog').getByText('1 flow names it').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('There is no secret').waitFor();
  assert.ok(!(await page.content()).includes('canary-of-'), 'a value is in the page');
  assert.ok(!(await Promise.all(answers)).join('').includes('canary-of-'), 'a value came back');
  assert.deepEqual(complaints.filter((c) => !c.includes('422')), []);
});

test('accounts and tokens are made; a token is shown once, and revoked at once', async () => {
  const { page, complaints } = await inside('/access');
  await page.getByRole('button', { name: 'New account…' }).click();
  let dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).fill(evil);
  await dialog.getByLabel('Password', { exact: false }).first().fill('a long password');
  await dialog.getByRole('button', { name: 'Make the account' }).click();
  await dialog.getByRole('alert').getByText(/no name for an account/).waitFor();
  await harmless(page);
  await dialog.getByRole('textbox', { name: 'Name' }).fill('ada');
  await dialog.getByRole('button', { name: 'Make the account' }).click();
  await page.getByRole('cell', { name: 'ada', exact: true }).waitFor();
  await page.getByRole('tab', { name: 'Tokens' }).click();
  await page.getByRole('button', { name: 'New token…' }).click();
  dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).fill(`ci ${evil}`);
  await dialog.getByRole('button', { name: 'Make the token' }).click();
  const secret = await dialog.locator('code').innerText();
  const status = async () => (await fetch(`${server.url}/api/v1/runs`, { headers: { Authorization: `Bearer ${secret}` } })).status;
  assert.equal(await status(), 200);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await dialog.waitFor({ state: 'hidden' });
  assert.ok(!(await page.content()).includes(secret), 'the token stays in the page');
  await harmless(page);
  await page.getByRole('row', { name: /^ci / }).getByRole('button', { name: /Revoke/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('row', { name: /^ci / }).waitFor({ state: 'hidden' });
  assert.equal(await status(), 401);
  assert.deepEqual(complaints.filter((c) => !c.includes('422')), []);
});

test('the audit log tells who did what, and is filtered; settings and health can be read', async () => {
  const { page, complaints } = await inside('/audit');
  await page.getByRole('cell', { name: 'create-token' }).first().waitFor();
  await page.getByRole('textbox', { name: 'Did what' }).fill('requeue-jobs');
  await page.getByText('other inputs: iban').waitFor();
  await page.getByRole('cell', { name: 'create-token' }).first().waitFor({ state: 'hidden' });
  await page.getByRole('textbox', { name: 'Who' }).fill('nobody');
  await page.getByText('No line fits').waitFor();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('textbox', { name: 'Search' }).fill('data_dir');
  await page.getByRole('cell', { name: server.home }).waitFor();
  await page.getByRole('link', { name: 'Health' }).click();
  await page.getByRole('region', { name: 'Database', exact: true }).getByText('In order').waitFor();
  await page.getByRole('region', { name: 'Disk of the data folder' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('who may not do something is not shown it', async () => {
  const { secret } = await server.api('POST', '/tokens', { name: 'who looks', role: 'viewer' });
  const { page, complaints } = await inside('/items/many', { token: secret });
  await page.getByRole('table', { name: 'Work items' }).getByRole('row').nth(1).waitFor();
  for (const name of ['Add an item…', 'Import CSV…', 'Settings…']) assert.equal(await page.getByRole('button', { name }).count(), 0, name);
  assert.equal(await page.getByRole('checkbox').count(), 0);
  const nav = page.getByRole('navigation');
  await nav.getByRole('link', { name: 'Dead letters' }).waitFor();
  for (const name of ['Secrets', 'Access', 'Audit log', 'Settings', 'Health']) assert.equal(await nav.getByRole('link', { name }).count(), 0, name);
  await page.goto(`${server.url}/secrets`);
  await page.getByRole('alert').getByText(/needs developer/).waitFor();
  assert.deepEqual(complaints.filter((c) => !c.includes('403')), []);
});

test('the pages are free of barriers, light and dark, wide and narrow', async () => {
  await server.api('POST', '/runs', { flow: 'pay', version: 'draft' });
  await server.api('PUT', '/secrets/BANK_TOKEN', { value: 'a value', description: evil });
  await eventually('a dead letter', async () => (await server.api('GET', '/jobs?stage=dead')).items.length > 0);
  for (const [scheme, width] of [['light', 1280], ['dark', 390]]) {
    const { page, complaints } = await inside('/items', { colorScheme: scheme, viewport: { width, height: 800 } });
    for (const path of ['/items', '/items/invoices?item=2', '/items/many', '/queue', '/dead', '/secrets', '/access', '/audit', '/settings', '/health']) {
      await page.goto(server.url + path);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await page.waitForFunction(() => !document.querySelector('[role=status][aria-label=Loading]'));
      await settled(page);
      assert.deepEqual(await barriers(page), [], `${path}, ${scheme}, ${width} px`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 1, `${path} is ${over} px too wide at ${width} px`);
    }
    for (const [path, button] of [['/items/invoices', 'Settings…'], ['/items/invoices', 'Import CSV…'], ['/items/invoices', 'Add an item…'], ['/dead', 'Try again…'], ['/secrets', 'New secret…'], ['/access', 'New account…']]) {
      await page.goto(server.url + path);
      await page.getByRole('button', { name: button }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Leave it' }).waitFor();
      await settled(page);
      assert.deepEqual(await barriers(page), [], `${button} of ${path}, ${scheme}, ${width} px`);
    }
    assert.deepEqual(complaints, [], scheme);
  }
});
