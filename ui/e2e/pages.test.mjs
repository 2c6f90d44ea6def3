// The pages in a real browser on the real program: sign in, start, watch, answer, fail, understand, run again, requeue.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { aether, barriers, open, start } from './server.mjs';

let server;
let chrome;

before(async () => {
  server = await start();
  chrome = await open();
  await server.push('greetings', {
    inputs: { who: { type: 'list', default: ['Ada', 'Grace'], doc: 'Persons to greet.' } },
    outputs: { count: { type: 'int', value: '{{ len(inputs.who) }}' } },
    nodes: [
      { id: 'each', type: 'flow.for_each', title: 'For each person', params: { items: '{{ inputs.who }}' } },
      { id: 'say', type: 'flow.log', params: { message: 'Hello {{ loop.item }}' } },
      { id: 'ask', type: 'flow.wait_for_approval', params: { question: 'All {{ len(inputs.who) }} greeted. Finish?' } },
      { id: 'note', type: 'file.write_text', params: { path: 'done.txt', text: 'done' } },
      { id: 'refused', type: 'flow.fail', params: { message: 'It was refused' } },
    ],
    edges: ['each.body -> say', 'each.done -> ask', 'ask.approve -> note', 'ask.reject -> refused'],
  });
});
after(async () => {
  await chrome?.close();
  await server?.stop();
});

const inside = (path, options) => chrome.inside(server, path, options);

test('the link of the start signs in, once; signing out ends it', async () => {
  const { page, context, complaints } = await chrome.page();
  await page.goto(server.link);
  await page.getByRole('heading', { name: 'Runs' }).waitFor();
  assert.ok(!page.url().includes('link='), 'the secret stays in the address');
  await page.getByRole('button', { name: 'Who is signed in' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to Aether' }).waitFor();
  assert.equal((await context.cookies()).length, 0);
  assert.deepEqual(complaints, []);

  const other = await chrome.page();
  await other.page.goto(server.link);
  await other.page.getByRole('alert').getByText('the link was used').waitFor();
});

test('a page asks who comes to sign in, and leads on to where they wanted to go', async () => {
  const { page } = await chrome.page();
  await page.goto(`${server.url}/flows/greetings`);
  await page.getByRole('heading', { name: 'Sign in to Aether' }).waitFor();
  await page.getByRole('button', { name: 'With a token' }).click();
  await page.getByRole('textbox', { name: 'Token' }).fill('aeth_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByRole('textbox', { name: 'Token' }).fill(server.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'greetings' }).waitFor();
});

test('a flow is started, watched, answered and seen to its end', async () => {
  const { page, complaints } = await inside('/flows');
  await page.getByRole('link', { name: 'greetings' }).click();
  await page.getByRole('button', { name: /^For each person flow\.for_each/ }).waitFor();
  await page.getByRole('tab', { name: 'Text' }).click();
  await page.getByText('Hello {{ loop.item }}').waitFor();
  await page.getByRole('tab', { name: 'Graph' }).click();
  await page.getByRole('button', { name: 'Run…' }).click();
  await page.getByRole('textbox', { name: 'who' }).fill('["Ada", "Linus", "Grace"]');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('All 3 greeted. Finish?').first().waitFor();
  await page.getByRole('log').getByText('Hello Linus').waitFor();
  await page.getByRole('button', { name: /^say flow\.log done/ }).waitFor();
  await page.getByRole('button', { name: 'approve' }).click();
  await page.getByText('Done', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: /^note file\.write_text done/ }).click();
  await page.getByRole('region', { name: 'Node note' }).getByText('done.txt').first().waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  assert.match(await page.getByLabel('Output').last().innerText(), /"count": 3/);
  assert.deepEqual(complaints, []);
});

test('a run that failed says why, shows where, and is run again from there', async () => {
  const { page, complaints } = await inside('/flows/greetings');
  const { run } = await server.api('POST', '/runs', { flow: 'greetings', version: 'draft' });
  await server.until(run, 'attention');
  await page.goto(`${server.url}/runs/${run}`);
  await page.getByRole('button', { name: 'reject' }).click();
  await page.getByRole('alert').getByText('It was refused').waitFor();
  await page.getByRole('button', { name: /^refused flow\.fail failed/ }).waitFor();
  await page.getByRole('button', { name: 'Show the node' }).click();
  await page.getByRole('region', { name: 'Node refused' }).waitFor();
  await page.getByRole('button', { name: 'Run again…' }).click();
  await page.getByLabel('From a node').check();
  await page.getByRole('combobox', { name: 'Node' }).click();
  await page.getByRole('option', { name: 'ask' }).click();
  await page.getByText(/Done again: ask/).waitFor();
  await page.getByRole('button', { name: 'Run again', exact: true }).click();
  await page.waitForURL((u) => u.pathname.startsWith('/runs/') && !u.pathname.endsWith(run));
  await page.getByRole('button', { name: 'approve' }).click();
  await page.getByText('Done', { exact: true }).first().waitFor();
  assert.deepEqual(complaints, []);
});

test('dead letters are tried again in bulk', async () => {
  const { page, complaints } = await inside('/queue?state=dead');
  await page.getByText('refused: It was refused').first().waitFor();
  await page.getByRole('checkbox', { name: 'Choose all dead letters' }).check();
  await page.getByRole('button', { name: 'Try again…' }).click();
  await page.getByRole('textbox', { name: 'Priority' }).fill('9');
  await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.getByText('No job is in this state').or(page.getByText('refused: It was refused')).first().waitFor();
  const { items } = await server.api('GET', '/jobs');
  assert.ok(items.some((j) => j.priority === 9), 'no job has the new priority');
  assert.deepEqual(complaints, []);
});

test('a robot is paused, says so, and why a job is not taken can be read', async () => {
  const { page, complaints } = await inside('/robots');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused').waitFor();
  const { run } = await server.api('POST', '/runs', { flow: 'greetings', version: 'draft', job: { needs: 'never' } });
  await page.goto(`${server.url}/queue?state=ready`);
  await page.getByRole('row', { name: new RegExp(run) }).getByRole('button', { name: 'Why?' }).click();
  await page.getByRole('dialog').getByText(/never/).first().waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('row', { name: new RegExp(run) }).getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('row', { name: new RegExp(run) }).waitFor({ state: 'hidden' });
  await page.goto(`${server.url}/robots`);
  await page.getByRole('button', { name: 'Let it take jobs again' }).click();
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('every page is free of barriers and complaints, light and dark, wide and narrow', async () => {
  const { items } = await server.api('GET', '/runs?status=failed');
  const run = items[0].id;
  for (const scheme of ['light', 'dark']) {
    const { page, complaints } = await inside('/runs', { colorScheme: scheme });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      for (const path of ['/runs', `/runs/${run}`, `/runs/${run}?node=refused`, '/flows', '/flows/greetings?node=say', '/queue', '/robots', '/healing', '/login', '/no/such/page']) {
        await page.goto(server.url + path);
        await page.getByRole('heading').first().waitFor();
        await page.waitForLoadState('networkidle').catch(() => undefined); // streams and polls may go on
        assert.deepEqual(await barriers(page), [], `${path}, ${scheme}, ${width} px`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 1, `${path} is ${over} px too wide at ${width} px`);
      }
    }
    assert.deepEqual(complaints, [], scheme);
  }
});

test('what others have written is shown as text and never taken for markup', async () => {
  const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>'\`{{7*7}}javascript:alert(3)`;
  await server.push('hostile', {
    description: evil,
    inputs: { x: { type: 'string', doc: evil, default: evil } },
    outputs: { y: { value: '{{ inputs.x }}' } },
    nodes: [
      { id: 'say', type: 'flow.log', title: evil, params: { message: '{{ inputs.x }}' } },
      { id: 'ask', type: 'flow.wait_for_approval', title: evil, params: { question: '{{ inputs.x }}', details: { a: '{{ inputs.x }}' } } },
      { id: 'stop', type: 'flow.fail', params: { message: '{{ inputs.x }}' } },
    ],
    edges: ['say -> ask', 'ask.reject -> stop'],
  }).catch((e) => assert.fail(e));
  const { run } = await server.api('POST', '/runs', { flow: 'hostile', version: 'draft' });
  await server.until(run, 'attention');
  const { page, complaints } = await inside(`/runs/${run}`);
  await page.getByRole('log').getByText('onerror').first().waitFor();
  await page.getByRole('button', { name: 'reject' }).click();
  await page.getByRole('alert').getByText('onerror').first().waitFor();
  for (const path of [`/runs/${run}?node=stop`, '/runs', '/flows/hostile?node=say', '/queue?state=dead']) {
    await page.goto(server.url + path);
    await page.getByText('hostile').or(page.getByText('onerror')).first().waitFor();
    assert.equal(await page.locator('img[src=x]').count(), 0);
  }
  await page.getByRole('link', { name: 'Flows' }).first().click();
  assert.deepEqual(complaints, []);
});

test('the keyboard alone is enough to find a node and read it', async () => {
  const { items } = await server.api('GET', '/runs?flow=greetings');
  const { page } = await inside(`/runs/${items[0].id}`);
  await page.getByRole('tab', { name: 'List' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'For each person' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Node For each person' }).waitFor();
});

test('a link of the command line signs in with the role it names', async () => {
  const out = await aether(server.home, 'server', 'link', '--role', 'viewer', '--url', server.url);
  const { page } = await chrome.page();
  await page.goto(out.trim());
  await page.getByRole('heading', { name: 'Runs' }).waitFor();
  await page.getByRole('button', { name: 'Who is signed in' }).click();
  await page.getByText('sign-in link, viewer').waitFor();
  await page.keyboard.press('Escape');
  // What a viewer may not do is not shown.
  const { run } = await server.api('POST', '/runs', { flow: 'greetings', version: 'draft' });
  await server.until(run, 'attention');
  await page.goto(`${server.url}/runs/${run}`);
  await page.getByText('Your role may not answer it').waitFor();
  for (const name of ['approve', 'reject', 'Cancel', 'Run again…']) assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, name);
  await page.goto(`${server.url}/flows/greetings`);
  await page.getByRole('heading', { name: 'greetings' }).waitFor();
  for (const name of ['Run…', 'Edit', 'Promote to production']) assert.equal(await page.getByText(name, { exact: true }).count(), 0, name);
});
