// The canvas of the editor in a real browser on the real program: build a flow by mouse, by keyboard and in the list,
// copy, paste, undo, and run what was built.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { barriers, open, start } from './server.mjs';

let server;
let chrome;

before(async () => {
  server = await start();
  chrome = await open();
  await server.push('greetings', {
    vars: { n: 0 },
    nodes: [
      { id: 'first', type: 'var.set', title: 'Begin', params: { values: { n: 1 } } },
      { id: 'each', type: 'flow.for_each', params: { items: [1, 2] } },
      { id: 'say', type: 'flow.log', params: { message: '{{ nodes.first.n }} {{ loop.item }}' } },
      { id: 'last', type: 'flow.log', params: { message: 'done' } },
    ],
    edges: ['first -> each', 'each.body -> say', 'each.done -> last'],
  });
});
after(async () => {
  await chrome?.close();
  await server?.stop();
});

const inside = (path, options) => chrome.inside(server, path, { permissions: ['clipboard-read', 'clipboard-write'], ...options });

const step = (page, id) => page.locator(`[data-step="${id}"]`);
const handle = (page, id, port) => page.locator(`.react-flow__node[data-id="${id}"] .react-flow__handle[data-handleid="${port}"]`);
const said = (page, text) => page.getByRole('log', { name: 'What was done' }).getByText(text).waitFor();

/** Drags from the middle of one place to another, as a hand does. */
async function drag(page, from, to) {
  const a = await from.boundingBox();
  const b = 'x' in to && typeof to.x === 'number' ? to : await to.boundingBox().then((r) => ({ x: r.x + r.width / 2, y: r.y + r.height / 2 }));
  await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2);
  await page.mouse.down();
  await page.mouse.move((a.x + b.x) / 2, (a.y + b.y) / 2, { steps: 4 });
  await page.mouse.move(b.x, b.y, { steps: 6 });
  await page.mouse.up();
}

async function fresh(name) {
  const p = await inside('/flows/new');
  await p.page.getByRole('textbox', { name: 'Name' }).fill(name);
  await p.page.getByRole('button', { name: 'Build it' }).click();
  await p.page.getByRole('button', { name: 'Add the first node' }).waitFor();
  return p;
}

/** Saves, and gives the flow as the server has it. */
async function saved(page, name) {
  await page.keyboard.press('Control+s');
  await page.waitForURL((u) => u.pathname === `/flows/${name}/edit`);
  await page.getByText('Saved', { exact: false }).first().waitFor();
  return (await server.api('GET', `/flows/${name}/versions/draft`)).flow;
}

async function ran(name) {
  const { run } = await server.api('POST', '/runs', { flow: name, version: 'draft' });
  return server.until(run, 'done', 'failed', 'attention');
}

/** Looks for a type in the search that is open, and adds the first one found. */
async function pick(page, type) {
  await page.getByRole('combobox', { name: 'Search for a node' }).fill(type);
  await page.getByRole('option', { name: new RegExp(`\\b${type.replace('.', '\\.')}\\b`) }).first().click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
}
const wire = (page, id) => page.locator(`.react-flow__edge[data-id="${id}"]`);
const ended = async (name) => {
  const r = await ran(name);
  return r.status === 'done' ? 'done' : `${r.status}: ${r.failure?.message}`;
};

test('a flow is built from nothing by mouse, saved and run', async () => {
  const { page, complaints } = await fresh('by-mouse');
  await page.getByRole('button', { name: 'Add the first node' }).click();
  await pick(page, 'random.uuid');
  await step(page, 'uuid').waitFor();
  // The plus of an open port.
  await page.getByRole('button', { name: 'Add after uuid, next' }).click();
  await pick(page, 'flow.return');
  await wire(page, 'uuid.next->return').waitFor({ state: 'attached' });
  // The plus of a wire.
  await wire(page, 'uuid.next->return').locator('.wire-plus').dispatchEvent('click');
  await page.getByRole('dialog').getByText('Add between uuid and return').waitFor();
  await pick(page, 'flow.group');
  await wire(page, 'group.done->return').waitFor({ state: 'attached' });
  // A wire that is drawn into the open asks what stands there.
  const room = await page.locator('.edit-canvas').boundingBox();
  await drag(page, handle(page, 'group', 'body'), { x: room.x + room.width - 160, y: room.y + room.height * 0.55 });
  await page.getByRole('dialog').getByText('Add after group').waitFor();
  await pick(page, 'flow.comment');
  await wire(page, 'group.body->comment').waitFor({ state: 'attached' });
  // From the list of nodes onto a wire.
  await page.getByRole('button', { name: 'Nodes to drag' }).click();
  await page.getByRole('textbox', { name: 'Filter the nodes' }).fill('date.now');
  await page.locator('.react-flow__controls-fitview').click();
  const line = await wire(page, 'uuid.next->group').locator('.react-flow__edge-path').boundingBox();
  const card = page.getByRole('region', { name: 'Nodes to add' }).getByRole('button', { name: 'Current date and time' });
  const pane = await page.locator('.react-flow__pane').boundingBox();
  await card.dragTo(page.locator('.react-flow__pane'), { targetPosition: { x: line.x + line.width / 2 - pane.x, y: line.y + line.height / 2 - pane.y }, force: true });
  await wire(page, 'now.next->group').waitFor({ state: 'attached' });
  // Onto the canvas, and wired by hand.
  await page.getByRole('textbox', { name: 'Filter the nodes' }).fill('flow.comment');
  await page.getByRole('region', { name: 'Nodes to add' }).getByRole('button', { name: 'Comment' }).dragTo(page.locator('.react-flow__pane'), { targetPosition: { x: pane.width - 170, y: 60 }, force: true });
  await step(page, 'comment_2').waitFor();
  await page.getByRole('button', { name: 'Nodes to drag' }).click();
  await page.locator('.react-flow__controls-fitview').click();
  await drag(page, handle(page, 'comment', 'next'), step(page, 'comment_2'));
  await wire(page, 'comment.next->comment_2').waitFor({ state: 'attached' });
  // Several are chosen with Shift and moved together, which is one thing to undo.
  await step(page, 'comment').click();
  await step(page, 'comment_2').click({ modifiers: ['Shift'] });
  await page.getByRole('button', { name: 'Align' }).click();
  await page.getByRole('menuitem', { name: 'Left edges' }).click();
  await page.getByRole('button', { name: 'Undo: Align' }).waitFor();
  await page.getByRole('button', { name: 'Group what is chosen' }).click();
  await page.locator('.frame-title', { hasText: 'Group' }).waitFor();
  await page.getByRole('button', { name: 'Lay out' }).click();
  await page.getByRole('button', { name: 'Undo: Lay out' }).waitFor();
  // A wire is chosen and removed.
  await wire(page, 'comment.next->comment_2').locator('.react-flow__edge-path').first().dispatchEvent('click');
  await page.keyboard.press('Delete');
  await wire(page, 'comment.next->comment_2').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^Undo: Remove 1 wire/ }).click();
  await wire(page, 'comment.next->comment_2').waitFor({ state: 'attached' });
  assert.deepEqual(await barriers(page), []);
  const flow = await saved(page, 'by-mouse');
  assert.deepEqual([...flow.edges].sort(), ['comment -> comment_2', 'group.body -> comment', 'group.done -> return', 'now -> group', 'uuid -> now']);
  assert.equal(await ended('by-mouse'), 'done');
  assert.deepEqual(complaints, []);
});

test('a flow is built from nothing by keyboard alone, saved and run', async () => {
  const { page, complaints } = await fresh('by-keyboard');
  const focused = (id) => step(page, id).and(page.locator(':focus')).waitFor();
  const add = async (type, id) => {
    await page.keyboard.press('Tab');
    await page.getByRole('combobox', { name: 'Search for a node' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.type(type);
    await page.getByRole('option', { selected: true }).and(page.getByRole('option', { name: new RegExp(`\\b${type.replace('.', '\\.')}\\b`) })).waitFor();
    await page.keyboard.press('Enter');
    await focused(id);
  };
  await page.locator('.edit-canvas').focus();
  await add('random.uuid', 'uuid');
  await add('flow.return', 'return');
  await page.keyboard.press('ArrowUp');
  await focused('uuid');
  // What is added behind a port that leads on stands between.
  await add('flow.group', 'group');
  await said(page, 'added after uuid');
  await add('date.now', 'now');
  await page.keyboard.press('Delete');
  await said(page, 'now removed.');
  await focused('group');
  await page.keyboard.press('ArrowDown');
  await focused('return');
  await page.keyboard.press('Control+z');
  await said(page, 'Undone: Remove now.');
  await page.keyboard.press('Control+y');
  await said(page, 'Done again: Remove now.');
  assert.equal(await step(page, 'now').count(), 0);
  // A wire without a mouse.
  await step(page, 'group').focus();
  await page.keyboard.press('c');
  await page.getByRole('combobox', { name: 'To the node' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.type('ret');
  await page.getByRole('option', { name: 'return' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Connect', exact: true }).focus();
  await page.keyboard.press('Enter');
  await wire(page, 'group.body->return').waitFor({ state: 'attached' });
  await focused('group');
  await page.keyboard.press('Control+z');
  await wire(page, 'group.body->return').waitFor({ state: 'detached' });
  // All is chosen, copied and pasted, with ids of its own; then undone.
  await step(page, 'uuid').focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  await said(page, '3 nodes copied.');
  await page.keyboard.press('Control+v');
  await step(page, 'uuid_2').waitFor();
  await wire(page, 'uuid_2.next->group_2').waitFor({ state: 'attached' });
  const clip = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(clip, /^nodes:\n {2}- id: uuid\n {4}type: random\.uuid\n/);
  assert.match(clip, /edges:\n {2}- uuid -> group\n/);
  await page.keyboard.press('Control+z');
  await step(page, 'uuid_2').waitFor({ state: 'detached' });
  await step(page, 'uuid').focus();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  const flow = await saved(page, 'by-keyboard');
  assert.deepEqual(flow.edges, ['uuid -> group', 'group.done -> return']);
  assert.equal(await ended('by-keyboard'), 'done');
  assert.deepEqual(complaints, []);
});

test('what was copied goes through a mail into another flow; cut, and undone to the last byte', async () => {
  const { page, complaints } = await inside('/flows/greetings/edit');
  await step(page, 'first').click();
  await step(page, 'each').click({ modifiers: ['Shift'] });
  await step(page, 'say').click({ modifiers: ['Shift'] });
  await page.keyboard.press('Control+c');
  await said(page, '3 nodes copied.');
  // Mails quote what they answer.
  await page.evaluate(async () => {
    const t = await navigator.clipboard.readText();
    await navigator.clipboard.writeText(t.split('\n').map((l) => `> ${l}`).join('\n'));
  });
  await page.keyboard.press('Control+v');
  await step(page, 'say_2').waitFor();
  await page.keyboard.press('Control+x');
  await step(page, 'say_2').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^Undo: Remove/ }).click();
  await step(page, 'say_2').waitFor();
  await page.getByRole('button', { name: /^Undo: Paste/ }).click();
  await step(page, 'say_2').waitFor({ state: 'detached' });
  await page.getByText('Saved', { exact: false }).first().waitFor();
  assert.ok(await page.getByRole('button', { name: 'Undo', exact: true }).isDisabled());
  const other = await fresh('from-a-mail');
  await other.page.locator('.edit-canvas').focus();
  await other.page.keyboard.press('Control+v');
  await step(other.page, 'say_2').waitFor();
  await step(other.page, 'each_2').click();
  await other.page.keyboard.press('Control+d');
  await step(other.page, 'each_3').waitFor();
  await other.page.keyboard.press('Control+z');
  await step(other.page, 'each_3').waitFor({ state: 'detached' });
  const flow = await saved(other.page, 'from-a-mail');
  assert.deepEqual(flow.edges, ['first_2 -> each_2', 'each_2.body -> say_2']);
  assert.equal(flow.nodes[2].params.message, '{{ nodes.first_2.n }} {{ loop.item }}');
  assert.deepEqual([...complaints, ...other.complaints], []);
});

test('the list says the same and does the same, and unsaved work is offered again', async () => {
  const { page, complaints } = await inside('/flows/greetings/edit');
  await page.getByText('List', { exact: true }).click();
  const rows = page.getByRole('list', { name: 'Nodes in the order of a run' }).locator(':scope > li');
  await rows.first().waitFor();
  assert.deepEqual(await rows.locator('.node-title').allInnerTexts(), ['Begin', 'each', 'say', 'last']);
  await page.getByRole('button', { name: 'Add after last' }).press('Enter');
  await pick(page, 'random.uuid');
  await page.locator('[data-row="uuid"] .list-open:focus').waitFor();
  await page.getByRole('button', { name: 'Move uuid up' }).press('Enter');
  await said(page, 'uuid moved up.');
  await page.getByRole('list', { name: 'uuid leads to' }).getByRole('button', { name: 'last', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Connect last to…' }).press('Enter');
  await page.getByRole('combobox', { name: 'To the node' }).fill('beg');
  await page.getByRole('option', { name: /^Begin/ }).click();
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await said(page, 'last leads to Begin.');
  await page.getByRole('button', { name: 'Disconnect last from Begin' }).press('Enter');
  await said(page, 'last leads to Begin no more.');
  await page.getByRole('button', { name: 'Remove say' }).press('Enter');
  await said(page, 'say removed.');
  assert.deepEqual(await barriers(page), []);
  await page.reload();
  await page.getByRole('dialog').getByText('There are changes that were not saved').waitFor();
  await page.getByRole('button', { name: 'Go on with them' }).click();
  await step(page, 'uuid').waitFor();
  assert.equal(await step(page, 'say').count(), 0);
  assert.deepEqual(complaints, []);
});
