// Flows as text: built with completion, mended by a fix, saved by two at once, compared, restored and promoted.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { barriers, open, start } from './server.mjs';

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

const inside = (path, options) => chrome.inside(server, path, options);

/** The editor of a flow with its text in sight. */
async function asText(name, options) {
  const p = await inside(`/flows/${name}/edit`, options);
  await p.page.getByRole('radiogroup', { name: 'How the flow is shown' }).getByText('Text', { exact: true }).click();
  await box(p.page).waitFor();
  return p;
}

const box = (page) => page.getByRole('textbox', { name: /^Text of/ });
const saved = (page) => page.locator('.save-state[data-state=saved]').waitFor();
/** The text, whose lines are drawn only while they are in sight: that of the draft. */
const draft = (name) => server.api('GET', `/flows/${name}/versions/draft`);
const write = (name, text) => server.api('POST', '/flows', { files: { [`${name}.flow.yaml`]: text }, main: `${name}.flow.yaml` });

/** Puts the cursor behind a text, which stands once. */
async function behind(page, text) {
  await page.locator('.cm-line', { hasText: text }).first().click();
  await page.keyboard.press('End');
}

/** Takes what is offered first for what was typed. */
async function take(page, label) {
  const list = page.getByRole('listbox', { name: 'Completions' });
  const first = list.getByRole('option', { selected: true }).filter({ hasText: label });
  await first.waitFor();
  // In its first 75 ms the list takes no key: one that comes then is for the text.
  await page.evaluate(() => new Promise((f) => globalThis.setTimeout(f, 150)));
  await page.keyboard.press('Tab');
  await first.waitFor({ state: 'hidden' });
}

test('a flow is built by text with completion, and mended by a fix', async () => {
  const { page, complaints } = await inside('/flows/new');
  await page.getByLabel('Name').fill('by text');
  await page.getByRole('button', { name: 'Build it' }).click();
  await page.getByRole('radiogroup', { name: 'How the flow is shown' }).getByText('Text', { exact: true }).click();
  await box(page).click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText('aether: 1\nname: by text # kept\ninputs: {who: string}\nnodes:\n');
  await page.keyboard.type('- id: say\n');
  await page.keyboard.type('ty');
  await take(page, 'type');
  await page.keyboard.type('flow.lo');
  await take(page, 'flow.log');
  await page.keyboard.type('\npara');
  await take(page, 'params');
  await page.keyboard.type('\nmess');
  await take(page, 'message');
  await page.keyboard.type("'Hello {{ inp");
  await take(page, 'inputs');
  await page.keyboard.type('.w');
  await take(page, 'who');
  await page.keyboard.type(' }}');
  // A type that is nearly right, and what mends it.
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText('\n- id: trim\n  type: text.trm\n  params: {text: x}\nedges:\n');
  await page.getByText('1 problem to mend').waitFor();
  await page.locator('.cm-lintRange-error').waitFor();
  await page.locator('.cm-line', { hasText: 'text.trm' }).locator('.cm-lintRange-error').hover();
  await page.getByRole('button', { name: 'Write text.trim' }).click();
  await page.getByText('Not saved').waitFor();
  await page.keyboard.press('Escape');
  await box(page).focus();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('- sa');
  await take(page, 'say');
  await page.keyboard.type('tr');
  await take(page, 'trim');
  await page.keyboard.press('Control+S');
  await page.waitForURL(/\/flows\/by%20text\/edit|\/flows\/by text\/edit/);
  await saved(page);
  const got = await draft('by text');
  assert.match(got.text, /name: by text # kept/);
  assert.deepEqual(got.flow.nodes.map((n) => n.type), ['flow.log', 'text.trim']);
  assert.deepEqual(got.flow.edges, ['say -> trim']);
  assert.equal(got.flow.nodes[0].params.message, 'Hello {{ inputs.who }}');
  assert.deepEqual(complaints, []);
});

const shared = `aether: 1
name: shared
nodes:
- id: read # the first
  type: file.read_text
  params:
    path: in.txt
- id: say
  type: flow.log
  params:
    message: hello
edges:
- read -> say
`;

test('two edit at once: nothing is lost, and what both have changed is chosen', async () => {
  await write('shared', shared);
  const ada = await asText('shared');
  const eve = await asText('shared', { colorScheme: 'dark' });
  for (const p of [ada.page, eve.page]) assert.deepEqual(await barriers(p), []);
  await behind(eve.page, 'path: in.txt');
  await eve.page.keyboard.type(' # of today');
  await behind(eve.page, 'message: hello');
  await eve.page.keyboard.press('Shift+Home');
  await eve.page.keyboard.insertText('message: from Eve');
  await eve.page.keyboard.press('Control+S');
  await saved(eve.page);

  await behind(ada.page, '- id: say');
  await ada.page.keyboard.insertText('\n  title: Say it');
  await behind(ada.page, 'message: hello');
  await ada.page.keyboard.press('Shift+Home');
  await ada.page.keyboard.insertText('message: from Ada');
  await ada.page.keyboard.press('Control+S');
  const dialog = ada.page.getByRole('dialog', { name: 'Somebody else has saved this flow meanwhile' });
  await dialog.getByText('say: params.message').waitFor();
  assert.ok(await dialog.getByRole('button', { name: '1 to choose' }).isDisabled());
  assert.deepEqual(await barriers(ada.page), []);
  await dialog.getByRole('radio', { name: /Theirs/ }).focus();
  await ada.page.keyboard.press('ArrowLeft');
  await dialog.getByRole('button', { name: 'Put them together' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await ada.page.getByText('Not saved').waitFor();
  await ada.page.keyboard.press('Control+S');
  await saved(ada.page);
  const got = await draft('shared');
  assert.match(got.text, /in\.txt # of today/);
  assert.match(got.text, /# the first/);
  assert.equal(got.flow.nodes[1].title, 'Say it');
  assert.equal(got.flow.nodes[1].params.message, 'from Ada');
  // The browser's note of a request that was refused is what is wanted here.
  assert.deepEqual(ada.complaints.filter((c) => !c.includes('412')), []);
  assert.deepEqual(eve.complaints, []);
});

test('versions are compared, restored and promoted', async () => {
  const one = shared.replaceAll('shared', 'history');
  await server.api('POST', '/flows', { files: { 'h.yaml': one }, main: 'h.yaml', message: 'The beginning' });
  await server.api('POST', '/flows', { files: { 'h.yaml': one.replace('hello', 'bye').replace('- read -> say\n', '- read -> say\n- say -> end\n').replace('edges:', '- {id: end, type: flow.comment}\nedges:') }, main: 'h.yaml', message: '<img src=x onerror=alert(1)>' });
  const { page, complaints } = await inside('/flows/history/versions');
  await page.getByText('1 node added').waitFor();
  await page.getByText('1 node changed').waitFor();
  await page.locator('.node[data-mark=added]').waitFor();
  await page.locator('.node[data-mark=changed]').click();
  await page.getByRole('cell', { name: 'bye', exact: true }).waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.getByRole('tab', { name: 'Text' }).click();
  await page.getByRole('textbox', { name: 'Text after' }).getByText('bye').waitFor();
  await page.getByRole('tab', { name: 'What differs' }).click();
  await page.getByText('+ say -> end').waitFor();
  // Back to the beginning, by keyboard.
  await page.getByRole('button', { name: 'What to do with The beginning' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Restore as draft' }).waitFor();
  await page.getByRole('menuitem', { name: 'Restore as draft' }).press('Enter');
  await page.getByText('Restored “The beginning”').waitFor();
  const got = await draft('history');
  assert.equal(got.text, one);
  await page.getByRole('button', { name: 'What to do with The beginning', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Promote to production' }).click();
  await page.locator('.version-row', { hasText: 'Restored' }).getByText('production').waitFor();
  assert.equal((await server.api('GET', '/flows/history')).production, got.digest);
  assert.equal((await server.api('GET', '/flows/history/pushes')).items.length, 3);
  assert.deepEqual(complaints, []);
});
