// Breakpoints, steps and variables of a paused run, in a real browser on the real program: in the editor by keyboard,
// on the page of a run by mouse.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { barriers, open, start } from './server.mjs';

let server;
let chrome;
const evil = '<img src=x onerror=alert(1)>';

before(async () => {
  server = await start();
  chrome = await open();
  await server.push('till', {
    vars: { n: 1, word: evil },
    outputs: { n: '{{ vars.n }}' },
    nodes: [
      { id: 'each', type: 'flow.for_each', title: 'For each coin', params: { items: [1, 2] } },
      { id: 'add', type: 'var.increment', title: 'Add the coin', params: { name: 'n', by: '{{ loop.item }}' } },
      { id: 'say', type: 'flow.log', title: 'Say it', params: { message: 'there are {{ vars.n }}' } },
    ],
    edges: ['each.body -> add', 'each.done -> say'],
  });
  await server.push('endless', {
    vars: { n: 1 },
    nodes: [
      { id: 'while', type: 'flow.while', title: 'For ever', params: { condition: '{{ vars.n > 0 }}' } },
      { id: 'nap', type: 'flow.wait', title: 'Rest', params: { for: '50ms' } },
      { id: 'add', type: 'var.increment', title: 'Count', params: { name: 'n' } },
    ],
    edges: ['while.body -> nap', 'nap -> add'],
  });
});
after(async () => {
  await chrome?.close();
  await server?.stop();
});

async function at(path, options) {
  const p = await chrome.page({ viewport: { width: 1440, height: 900 }, ...options });
  await p.context.addCookies([{ name: 'aether_session', value: server.token, url: server.url, httpOnly: true, sameSite: 'Strict' }]);
  await p.page.goto(server.url + path);
  return { ...p, bar: p.page.getByRole('region', { name: 'Paused run' }) };
}

test('in the editor, by keyboard: a breakpoint, a run with it, steps, a variable', async () => {
  const { page, bar, complaints } = await at('/flows/till/edit');
  const node = (id) => page.locator(`[data-step="${id}"]`);
  await node('add').focus();
  await page.keyboard.press('b');
  await node('add').locator('.break-dot').waitFor();
  await node('say').focus();
  await page.keyboard.press('F9');
  await page.getByText('Breakpoints are set at 2 nodes').waitFor();
  await page.keyboard.press('F9');
  await page.getByText('A breakpoint is set at add').waitFor();
  await page.reload();
  await node('add').locator('.break-dot').waitFor();
  // A condition, which the program looks at.
  const when = page.getByRole('textbox', { name: 'Condition of the breakpoint at add' });
  const begin = page.getByRole('button', { name: 'Run with breakpoints' });
  const go = async () => {
    await begin.and(page.locator(':enabled')).waitFor(); // the run before has ended
    await begin.focus();
    await page.keyboard.press('Enter');
  };
  await when.focus();
  await page.keyboard.type('loop.item ==');
  await page.keyboard.press('Enter');
  await go();
  await page.getByRole('alert').getByText('condition').waitFor();
  await when.fill('loop.item == 2');
  await page.keyboard.press('Enter');
  await go();
  await bar.getByText('Paused before each[1]/add').waitFor();
  await bar.getByRole('button', { name: 'Stop' }).click();
  await bar.waitFor({ state: 'detached' });
  await when.fill('');
  await page.keyboard.press('Enter');
  await go();
  await bar.getByText('Paused before each[0]/add').waitFor();
  await page.locator('[data-step="add"][data-state="paused"]').waitFor();
  await bar.getByRole('table', { name: 'Variables' }).getByText('1', { exact: true }).waitFor();
  await bar.getByRole('table', { name: 'What add gets' }).getByText('{"count":2,"index":0,"item":1}').waitFor();
  assert.deepEqual(await barriers(page), []);
  await bar.getByRole('button', { name: 'Change n' }).focus();
  await page.keyboard.press('Enter');
  const field = bar.getByRole('textbox', { name: 'New value of n' });
  await field.pressSequentially('forty');
  await page.keyboard.press('Enter');
  await bar.getByText('This is no JSON').waitFor();
  await field.fill('40');
  await page.keyboard.press('Enter');
  await bar.getByRole('table', { name: 'Variables' }).getByText('40', { exact: true }).waitFor();
  await bar.getByText('at a breakpoint').waitFor();
  await page.keyboard.press('F10');
  await bar.getByText('Paused before each[1]/add').waitFor();
  await bar.getByRole('table', { name: 'Variables' }).getByText('41', { exact: true }).waitFor();
  await bar.getByText('after a step').waitFor();
  await page.keyboard.press('Shift+F11');
  await bar.getByText('Paused before say').waitFor();
  await bar.getByText('after a step').waitFor();
  await page.keyboard.press('F8');
  await page.getByText('It ran to the end.').waitFor();
  const [run] = (await server.api('GET', '/runs?flow=till&development=only')).items;
  assert.equal((await server.until(run.id, 'done')).output.n, 43);
  await page.getByRole('button', { name: 'Take it away' }).click();
  await page.locator('.break-dot').waitFor({ state: 'detached' });
  assert.equal((await server.api('GET', '/flows/till')).versions?.length ?? 1, 1); // nothing of it is in the flow
  assert.deepEqual(complaints.filter((c) => !c.includes('422')), []); // the condition that was refused
});

test('on the page of a run: it is told what to do, and shows what others set as text', async () => {
  const { run } = await server.api('POST', '/runs', { flow: 'till', breakpoints: [{ node: 'each' }] });
  const list = await at('/runs');
  await list.page.getByRole('row').filter({ hasText: run }).getByText('Paused').waitFor();
  assert.deepEqual(list.complaints, []);
  const { page, bar, complaints } = await at(`/runs/${run}`);
  await bar.getByText('Paused before each').waitFor();
  await bar.getByText(JSON.stringify(evil)).waitFor();
  await page.getByRole('button', { name: /For each coin/ }).and(page.locator('[data-state="paused"]')).waitFor();
  assert.deepEqual(await barriers(page), []);
  await bar.getByRole('button', { name: 'Into' }).click();
  await bar.getByText('Paused before each[0]/add').waitFor();
  // A breakpoint is set while it is paused.
  await page.getByRole('button', { name: /Say it/ }).first().click();
  await page.keyboard.press('F9');
  await page.locator('.node .break-dot').nth(1).waitFor();
  await page.getByRole('textbox', { name: 'Condition of the breakpoint at Say it' }).fill('vars.n < 100');
  await page.keyboard.press('Enter');
  for (let known = []; !known.some((b) => b.when === 'vars.n < 100'); ) known = (await server.api('GET', `/runs/${run}/debug`)).breakpoints;
  await bar.getByRole('button', { name: 'Continue' }).click();
  await bar.getByText('Paused before say').waitFor();
  await page.reload();
  await bar.getByText('Paused before say').waitFor();
  await bar.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('Cancelled', { exact: true }).first().waitFor();
  await server.until(run, 'cancelled');
  assert.deepEqual(complaints, []);
});

test('a run that goes on is paused, on a narrow screen too', async () => {
  const { run } = await server.api('POST', '/runs', { flow: 'endless' });
  await server.until(run, 'running');
  const { page, bar, complaints } = await at(`/runs/${run}`, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await bar.getByText('because somebody asked for it').waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= globalThis.innerWidth), 'it is wider than the screen');
  assert.deepEqual(await barriers(page), []);
  await bar.getByRole('button', { name: 'Step over' }).click();
  await bar.getByText('after a step').waitFor();
  await bar.getByRole('button', { name: 'Stop' }).click();
  await server.until(run, 'cancelled');
  assert.deepEqual(complaints, []);
});
