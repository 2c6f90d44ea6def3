// The panel of a node in a real browser on the real program: values on recorded data, editing by mouse and keyboard,
// runs about one node, pinned outputs.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { barriers, open, start } from './server.mjs';

let server;
let chrome;
let first;
const evil = '<img src=x onerror=alert(1)>';

before(async () => {
  server = await start();
  chrome = await open();
  const file = (name) => join(server.home, name);
  await server.push('orders', {
    inputs: { who: { type: 'string', default: evil } },
    nodes: [
      { id: 'keep', type: 'file.write_text', title: 'Keep the order', params: { path: file('order.txt'), text: 'order of {{ inputs.who }}' } },
      { id: 'read', type: 'file.read_text', params: { path: file('order.txt') } },
      { id: 'each', type: 'flow.for_each', title: 'For each line', params: { items: [{ sku: 'A1', price: 12.5 }, { sku: 'B2', price: 7 }] } },
      { id: 'note', type: 'file.write_text', title: 'Note the line', params: { path: `${file('line-')}{{ loop.item.sku }}.txt`, text: '{{ loop.item.price }} for {{ nodes.read.text }}' } },
      { id: 'last', type: 'file.write_text', title: 'Write the end', params: { path: file('end.txt'), text: 'end' } },
    ],
    edges: ['keep -> read', 'read -> each', 'each.body -> note', 'each.done -> last'],
  });
  first = (await server.api('POST', '/runs', { flow: 'orders' })).run;
  await server.until(first, 'done');
});
after(async () => {
  await chrome?.close();
  await server?.stop();
});

/** The panel of a node, opened by keyboard. */
async function panel(id, title, options) {
  const p = await chrome.page({ viewport: { width: 1440, height: 1000 }, ...options });
  await p.context.addCookies([{ name: 'aether_session', value: server.token, url: server.url, httpOnly: true, sameSite: 'Strict' }]);
  await p.page.goto(`${server.url}/flows/orders/edit`);
  await show(p.page, id);
  return { ...p, at: p.page.getByRole('region', { name: `Node ${title}`, exact: true }) };
}

async function show(page, id) {
  const node = page.locator(`.react-flow__node[data-id="${id}"] [data-step], .react-flow__node[data-id="${id}"] button`).first();
  await node.waitFor();
  await node.focus();
  await page.keyboard.press('Enter');
}

const runs = async (development) => (await server.api('GET', `/runs?flow=orders&development=${development}&limit=100`)).items;

test('every expression shows what it gives on the data of the last run, turn by turn', async () => {
  const { page, at, complaints } = await panel('note', 'Note the line');
  await at.getByText(`= "12.5 for order of ${evil}"`).waitFor();
  await at.getByRole('combobox', { name: 'Turn of the loop' }).selectOption('each[1]/note');
  await at.getByText(`= "7 for order of ${evil}"`).waitFor();
  await at.getByText('line-B2.txt"').first().waitFor();
  // What is being written shows its value, or why it has none; Escape leaves it.
  const text = at.getByRole('textbox', { name: 'text', exact: true });
  await text.fill('{{ nodes.last.path }}');
  await at.getByText('nodes.last has not run yet').waitFor();
  await text.fill('{{ nodes.raed.text }}');
  await at.getByText('no node raed (did you mean read?)').waitFor();
  await text.fill('{{ loop.item.price * 2 }}');
  await at.getByText('= 14', { exact: true }).waitFor();
  await text.press('Escape');
  await at.getByText(`= "7 for order of ${evil}"`).waitFor();
  await at.getByRole('searchbox', { name: 'Search the data' }).fill('sku');
  await at.getByRole('button', { name: 'loop.item.sku "B2"' }).waitFor();
  assert.deepEqual(await barriers(page, '.edit-panel'), []);
  assert.deepEqual(complaints, []);
});

test('data is put into a parameter by dragging and by keyboard; an edit is one step to undo', async () => {
  const { page, at, complaints } = await panel('note', 'Note the line');
  const text = at.getByRole('textbox', { name: 'text', exact: true });
  await at.getByText('= "12.5 for').waitFor();
  await text.fill('Sold: ');
  await text.press('Control+Enter');
  await at.getByRole('searchbox', { name: 'Search the data' }).fill('item.sku');
  await at.getByRole('button', { name: 'loop.item.sku "A1"' }).dragTo(text);
  await at.getByText('= "Sold: A1"').waitFor();
  // By keyboard: the menu of the field.
  await text.press('End');
  await text.pressSequentially(' to ');
  await text.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Search recorded data' }).fill('inputs.who');
  await page.keyboard.press('Enter');
  await at.getByText(`= "Sold: A1 to ${evil}"`).waitFor();
  assert.equal(await text.inputValue(), 'Sold: {{ loop.item.sku }} to {{ inputs.who }}');
  const undo = page.getByRole('button', { name: /^Undo/ });
  for (const want of [/^Sold: \{\{ loop.item.sku \}\}( to )?$/, /^Sold: ?$/]) {
    while (!want.test(await text.inputValue())) await undo.click();
  }
  await undo.click();
  assert.equal(await text.inputValue(), '{{ loop.item.price }} for {{ nodes.read.text }}');
  // A field that is no text takes an expression, and gives it back.
  await show(page, 'each');
  const each = page.getByRole('region', { name: 'Node For each line', exact: true });
  await each.getByRole('button', { name: 'Expression for concurrency' }).click();
  const many = each.getByRole('textbox', { name: 'concurrency', exact: true });
  await many.fill('{{ len(nodes.read.text) - 8 }}');
  await each.getByText('= 29', { exact: true }).waitFor();
  await many.press('Enter');
  await each.getByRole('button', { name: 'Expression for concurrency' }).click();
  await many.and(page.locator('[placeholder="1"]')).waitFor();
  assert.deepEqual(complaints, []);
});

test('a node is tried on recorded data: alone, up to it, and from it; such runs are not the flow\'s own', async () => {
  const { page, at, complaints } = await panel('note', 'Note the line');
  const text = at.getByRole('textbox', { name: 'text', exact: true });
  await at.getByText('= "12.5 for').waitFor();
  await text.fill('changed {{ loop.item.sku }}');
  await text.press('Control+Enter');
  const before = await runs('without');
  for (const [what, mode] of [['Run this node', 'node'], ['Run to here', 'to'], ['Run from here', 'from']]) {
    await at.getByRole('button', { name: 'Other ways to run' }).click();
    await page.getByRole('menuitem', { name: what }).click();
    await page.getByText(mode === 'from' ? 'It ran to the end.' : 'It ran to the node.').waitFor();
    const [made] = await runs('only');
    assert.equal(made.development.mode, mode);
    const steps = (await server.api('GET', `/runs/${made.id}/steps?limit=100`)).items;
    assert.ok(steps.some((s) => s.path === 'each[0]/note'), JSON.stringify(steps));
    // What stands behind did not run, unless it was to.
    const journal = (await server.api('GET', `/runs/${made.id}/journal?limit=500`)).items;
    assert.equal(journal.some((e) => e.kind === 'node_started' && e.path === 'last'), mode === 'from');
    await page.getByRole('button', { name: 'Dismiss what the run says' }).click();
  }
  await at.getByText('written').waitFor();
  assert.deepEqual((await runs('without')).map((r) => r.id), before.map((r) => r.id));
  await page.goto(`${server.url}/runs?flow=orders`);
  await page.getByRole('link', { name: 'orders' }).first().waitFor();
  assert.equal(await page.locator('tbody tr').count(), before.length);
  assert.deepEqual(complaints, []);
});

test('an output is pinned, edited and taken away; only tries use it', async () => {
  const { page, at, complaints } = await panel('read', 'read');
  await at.getByRole('button', { name: 'Pin output' }).click();
  await at.getByRole('button', { name: 'Edit pinned data' }).click();
  const dialog = page.getByRole('dialog');
  const box = dialog.getByRole('textbox', { name: 'Pinned output of read' });
  await box.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText('{"text": ');
  await dialog.getByRole('button', { name: 'Pin', exact: true }).click();
  await dialog.getByRole('alert').getByText('This is no JSON').waitFor();
  await box.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText('{"text": "of mine"}');
  await dialog.getByRole('button', { name: 'Pin', exact: true }).click();
  await page.getByText('The output of read is pinned').waitFor();
  assert.deepEqual(await barriers(page, '.edit-panel'), []);
  await page.reload();
  await show(page, 'note');
  const note = page.getByRole('region', { name: 'Node Note the line', exact: true });
  await note.getByText('= "12.5 for of mine"').waitFor();
  await note.getByRole('button', { name: 'Run to here' }).click();
  await page.getByText('It ran to the node.').waitFor();
  const [made] = await runs('only');
  assert.deepEqual(made.development.pins, ['read']);
  await page.getByRole('button', { name: 'Unpin', exact: true }).click();
  await page.getByText('The output of read is pinned').waitFor({ state: 'detached' });
  // A run of the flow itself reads the file.
  const own = (await server.api('POST', '/runs', { flow: 'orders' })).run;
  await server.until(own, 'done');
  const steps = (await server.api('GET', `/runs/${own}/steps?node=read`)).items;
  assert.equal(steps[0].output.text, `order of ${evil}`);
  assert.deepEqual(complaints, []);
});

test('how a node runs is set by keyboard; the panel holds on a narrow screen and in the dark', async () => {
  const { page, at, complaints } = await panel('last', 'Write the end', { colorScheme: 'dark', viewport: { width: 390, height: 844 } });
  await at.getByRole('tab', { name: 'Parameters' }).focus();
  await page.keyboard.press('ArrowRight');
  await at.getByRole('tab', { name: 'Settings', selected: true }).waitFor();
  await at.getByRole('textbox', { name: 'timeout' }).focus();
  await page.keyboard.type('soon');
  await at.getByText('Write a time such as 30s').waitFor();
  await page.keyboard.press('Escape');
  await at.getByRole('textbox', { name: 'timeout' }).focus();
  await page.keyboard.type('45s');
  await page.keyboard.press('Enter');
  await at.getByRole('textbox', { name: 'max_attempts' }).focus();
  await page.keyboard.type('3');
  await page.keyboard.press('Enter');
  await at.getByRole('textbox', { name: 'id', exact: true }).fill('finish');
  await page.keyboard.press('Enter');
  await page.locator('.react-flow__node[data-id="finish"]').waitFor();
  await page.getByText('Text', { exact: true }).first().click();
  await page.getByText('max_attempts').first().waitFor();
  assert.deepEqual(await barriers(page, '.edit-panel'), []);
  assert.deepEqual(complaints, []);
});
