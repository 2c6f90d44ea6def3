// Questions: the inbox, several people, a link for one answer, forms, labels; in a real browser on the real program.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { aether, barriers, open, start } from './server.mjs';

let server;
let chrome;
let kim;
const polyglot = `jaVasCript:/*-/*\`/*'/*"/**/(/* */oNcliCk=alert(1) )//</stYle/</titLe/</teXtarEa/</scRipt/--!><sVg/<sVg/oNloAd=alert(1)//><img src=x onerror=alert(1)>`;
const shots = process.env.ASK_SHOTS;

/** A picture for people who look at the pages, if one is asked for. */
async function shot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

before(async () => {
  server = await start();
  chrome = await open();
  kim = (await server.api('POST', '/tokens', { name: 'kim', role: 'operator' })).secret;
  await server.push('payment', {
    nodes: [
      { id: 'link', type: 'flow.answer_link', params: { ask: 'ask', for: 'boss@example.com' } },
      { id: 'mail', type: 'file.write_text', params: { path: 'mail.txt', text: '{{ nodes.link.url }}' } },
      { id: 'ask', type: 'flow.wait_for_approval', params: { question: `Pay 900 EUR? ${polyglot}`, details: { supplier: polyglot, total: 900 }, wait: '3d', approvals: 2, not_starter: true } },
      { id: 'paid', type: 'file.write_text', params: { path: 'paid.txt', text: '{{ nodes.ask.by }}' } },
      { id: 'refused', type: 'flow.fail', params: { message: 'It was refused' } },
    ],
    edges: ['link -> mail', 'mail -> ask', 'ask.approve -> paid', 'ask.reject -> refused'],
  });
  await server.push(`form ${polyglot}`, {
    outputs: { values: { type: 'map', value: '{{ nodes.form.values }}' } },
    nodes: [{
      id: 'form', type: 'dialog.form',
      params: {
        title: polyglot, message: 'Is this what the invoice says?', when_unattended: 'ask',
        fields: [{ name: 'supplier', label: polyglot, help: polyglot, required: true }, { name: 'total', type: 'number', min: 1 }, { name: 'kind', type: 'choice', choices: ['goods', polyglot] }],
        propose: { supplier: 'Nordwind', total: 120.5 },
      },
    }],
    edges: [],
  });
});
after(async () => {
  await chrome?.close();
  await server?.stop();
});

const inside = (path, options, token = kim) => chrome.inside(server, path, { token, ...options });

const start1 = (flow, more = {}) => server.api('POST', '/runs', { flow, ...more });

test('an approval of two people: one signed in, one by a link without an account', async () => {
  const { run } = await start1('payment', { labels: ['acme', '2026-11'] });
  await server.until(run, 'attention');
  const link = (await readFile(join(server.home, 'mail.txt'), 'utf8')).trim();
  assert.ok(link.startsWith(`${server.url}/answer#`), 'the link leads elsewhere');
  // No record has it.
  const steps = JSON.stringify([await server.api('GET', `/runs/${run}/steps`), await server.api('GET', `/runs/${run}/journal?limit=1000`)]);
  assert.ok(!steps.includes(link.split('#')[1]), 'the link stands in a record');

  const p = await inside('/waiting');
  await p.page.getByRole('link', { name: /Pay 900 EUR/ }).waitFor();
  await p.page.getByRole('link', { name: /^Waiting/ }).getByText('1').waitFor();
  assert.deepEqual(await barriers(p.page), []);
  await shot(p.page, 'waiting');
  await p.page.getByRole('link', { name: /Pay 900 EUR/ }).press('Enter');
  await p.page.getByText('0 of 2 people have agreed').waitFor();
  await p.page.getByText(/left, then the node fails/).waitFor();
  await shot(p.page, 'question');
  await p.page.getByLabel('Comment').fill('The order fits');
  await p.page.getByRole('button', { name: 'approve' }).press('Enter');
  await p.page.getByText('1 of 2 people have agreed').waitFor();
  await p.page.getByText(/kim has answered already/).first().waitFor();
  assert.ok(await p.page.getByRole('button', { name: 'approve' }).isDisabled());
  assert.deepEqual(await barriers(p.page), []);
  await shot(p.page, 'question-one');
  assert.deepEqual(p.complaints, []);

  // Whoever started it is told that others must.
  const starter = await inside(`/runs/${run}`, {}, server.token);
  await starter.page.getByText(/somebody else must answer/).waitFor();
  assert.ok(await starter.page.getByRole('button', { name: 'reject' }).isDisabled());

  // A phone, no account.
  const { page, complaints } = await chrome.page({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  const asked = [];
  page.on('request', (r) => asked.push(new URL(r.url()).pathname));
  await page.goto(link);
  await page.getByRole('heading', { name: 'You are asked' }).waitFor();
  await page.getByText('boss@example.com').waitFor();
  await page.getByText('The order fits').waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0, 'the page has a shell');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > globalThis.innerWidth), false, 'the page is wider than the phone');
  assert.deepEqual(await barriers(page), []);
  await shot(page, 'link-phone');
  await page.getByRole('button', { name: 'approve' }).press('Enter');
  await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  assert.deepEqual([...new Set(asked.filter((a) => a.startsWith('/api/')))].sort(), ['/api/v1/answer-link', '/api/v1/answer-link/answer']);
  assert.deepEqual(complaints, []);
  await server.until(run, 'done');
  assert.equal(await readFile(join(server.home, 'paid.txt'), 'utf8'), 'kim, boss@example.com');

  // The same link once more.
  const again = await chrome.page();
  await again.page.goto(link);
  await again.page.getByRole('heading', { name: 'There is nothing to answer here now' }).waitFor();
  await shot(again.page, 'link-used');
  const acts = (await server.api('GET', '/audit?action=answer-by-link')).items;
  assert.equal(acts[0].who, 'boss@example.com (by link)');
  assert.equal(acts[0].object, run);

  // Found by its labels.
  const runs = await inside('/runs?label=acme');
  await runs.page.getByRole('link', { name: 'payment' }).waitFor();
  await runs.page.getByLabel('Labels').fill('acme, other');
  await runs.page.getByRole('heading', { name: 'No run fits' }).waitFor();
  assert.deepEqual(runs.complaints, []);
});

test('a form with proposed values by a link that is made by hand, and texts that stay texts', async () => {
  const { run } = await start1(`form ${polyglot}`);
  await server.until(run, 'attention');
  const p = await inside(`/runs/${run}`);
  assert.equal(await p.page.getByRole('textbox').first().inputValue(), 'Nordwind');
  await p.page.getByRole('button', { name: 'Link…' }).press('Enter');
  await p.page.getByLabel('Who is it for?').fill('ann@example.com');
  await p.page.getByRole('button', { name: 'Make the link' }).press('Enter');
  const made = await p.page.getByRole('textbox', { name: 'The link' }).textContent();
  await shot(p.page, 'link-made');
  assert.deepEqual(await barriers(p.page), []);
  assert.deepEqual(p.complaints, []);

  const { page, complaints } = await chrome.page();
  // Changed by one letter it is none.
  await page.goto(made.slice(0, -1) + (made.endsWith('A') ? 'B' : 'A'));
  await page.getByText(/not one of this server/).waitFor();
  complaints.length = 0; // the browser tells of the answer 422
  await page.goto('about:blank');
  await page.goto(made);
  await page.getByText('ann@example.com').waitFor();
  assert.equal(await page.getByRole('textbox').first().inputValue(), 'Nordwind');
  assert.deepEqual(await barriers(page), []);
  await shot(page, 'link-form');
  await page.getByRole('textbox').first().fill('Südwind');
  await page.getByRole('button', { name: 'OK' }).click();
  await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  assert.deepEqual(complaints, []);
  const done = await server.until(run, 'done');
  assert.equal(done.output.values.supplier, 'Südwind');
  assert.equal(done.output.values.total, 120.5);
});

test('a viewer sees the questions and answers none; the command line makes a link', async () => {
  const { run } = await start1('payment');
  await server.until(run, 'attention');
  const viewer = (await server.api('POST', '/tokens', { name: 'vic', role: 'viewer' })).secret;
  const p = await inside(`/runs/${run}`, { colorScheme: 'dark', viewport: { width: 390, height: 844 } }, viewer);
  await p.page.getByText('Your role may not answer it.').waitFor();
  assert.equal(await p.page.getByRole('button', { name: 'Link…' }).count(), 0);
  await shot(p.page, 'viewer-phone');
  const out = await aether(server.home, 'runs', 'link', run, '--for', 'lee@example.com', '--url', server.url, '--json');
  const { url, ends } = JSON.parse(out);
  assert.ok(Date.parse(ends) > Date.now());
  const { page } = await chrome.page();
  await page.goto(url);
  await page.getByRole('button', { name: 'reject' }).click(); // one refusal ends it
  await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  const r = await server.until(run, 'failed');
  assert.equal(r.failure.message, 'It was refused');
});
