// A person takes over the browser of a run, signs in with a code that the flow cannot know, and hands it back.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';

import { barriers, open, start } from './server.mjs';

let server;
let chrome;
let site; // the practice site, which the server serves beside itself

const flow = {
  inputs: { site: { type: 'string', required: true } },
  outputs: { title: '{{ nodes.title.text }}' },
  nodes: [
    { id: 'open', type: 'web.open', title: 'Open the office', params: { url: '{{ inputs.site }}/acme/login' } },
    { id: 'user', type: 'web.fill', title: 'User', params: { target: 'label=User', value: 'robot' } },
    { id: 'word', type: 'web.fill', title: 'Password', params: { target: 'label=Password', value: 'practice-1' } },
    { id: 'enter', type: 'web.click', title: 'Sign in', params: { target: 'role=button[name="Sign in"]' } },
    { id: 'work', type: 'web.goto', title: 'Open the work list', params: { url: '{{ inputs.site }}/acme/work' } },
    { id: 'title', type: 'web.get_text', title: 'Read it', params: { target: 'css=h1' } },
  ],
  edges: ['open -> user', 'user -> word', 'word -> enter', 'enter -> work', 'work -> title'],
};

before(async () => {
  server = await start();
  chrome = await open();
  const { run } = await server.api('POST', '/demo/runs', {});
  await server.api('POST', `/runs/${run}/cancel`);
  site = (await server.api('GET', '/demo')).site.url;
  await server.push('sign-in', flow);
  const [first, , , , , title] = flow.nodes;
  await server.push('asked', { ...flow, nodes: [first, { id: 'ask', type: 'flow.wait_for_approval', params: { question: 'Is it right?' } }, title], edges: ['open -> ask', 'ask.approve -> title'] });
  await server.push('busy', { ...flow, outputs: {}, nodes: [first, { id: 'while', type: 'flow.while', params: { condition: '{{ true }}' } }, { id: 'look', type: 'web.exists', params: { target: 'label=User' } }, { id: 'nap', type: 'flow.wait', params: { for: '50ms' } }], edges: ['open -> while', 'while.body -> look', 'look -> nap'] });
});
after(async () => {
  await chrome?.close();
  await server?.stop();
});

/** The six digits that an authenticator shows (RFC 6238). */
function code(at = Date.now()) {
  const bits = [...'PRACTICESITEACMEPRACTICESITEACME'].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const h = createHmac('sha1', key).update(count).digest();
  return String((h.readUInt32BE(h[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const bar = (page) => page.getByRole('region', { name: 'Browser of the run' });
const picture = (page) => page.getByRole('textbox', { name: /^The browser of the run/ });

/** What stands wrong on a page, light and wide, dark and narrow. */
async function sound(page, what) {
  for (const [colorScheme, width] of [['dark', 390], ['light', 1440]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 844 });
    assert.deepEqual(await barriers(page), [], `${what}, ${colorScheme}, ${width} px`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= globalThis.innerWidth + 1), `${what} is too wide at ${width} px`);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${what}-${colorScheme}-${width}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

test('a code that only a person has is entered in the browser of the run, by keyboard', async () => {
  const { run } = await server.api('POST', '/runs', { flow: 'sign-in', input: { site }, breakpoints: [{ node: 'work' }] });
  const { page, complaints } = await chrome.inside(server, `/runs/${run}`);
  await page.getByRole('region', { name: 'Paused run' }).getByText('Paused before work').waitFor();
  await page.getByRole('button', { name: 'Take over' }).focus();
  await page.keyboard.press('Enter');
  await bar(page).getByText('You drive the browser').waitFor();
  await bar(page).getByText('The flow waits before work.').waitFor();
  await page.getByRole('textbox', { name: 'Address' }).and(page.locator('[value$="/acme/login/code"]')).waitFor();
  // Somebody else sees who has it, and a viewer can do nothing about it.
  const { secret } = await server.api('POST', '/tokens', { name: 'val', role: 'viewer' });
  const other = await chrome.inside(server, `/runs/${run}?view=browser`, { token: secret });
  await bar(other.page).getByText(/ drives the browser$/).waitFor();
  await other.page.getByRole('img', { name: /What the browser of the run shows/ }).waitFor();
  assert.equal(await other.page.getByRole('button', { name: /Take over|Hand/ }).count(), 0);
  assert.deepEqual(other.complaints, []);
  await other.context.close();
  await sound(page, 'driven');
  const digits = code();
  await picture(page).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Keys go to the page').waitFor();
  await page.keyboard.type(digits);
  await page.keyboard.press('Enter');
  await page.locator('.screen-address input:not([value$="/login/code"])').waitFor();
  await bar(page).getByText(/[1-9]\d* gestures/).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await bar(page).getByRole('button', { name: 'Hand back', exact: true }).click();
  const ended = await server.until(run, 'done');
  assert.equal(ended.output.title, 'Work list');
  const { items } = await server.api('GET', `/runs/${run}/journal?limit=500`);
  const back = items.find((e) => e.kind === 'handed_back');
  assert.ok(items.some((e) => e.kind === 'taken_over') && back.data.gestures >= 7, JSON.stringify(back));
  assert.ok(!JSON.stringify(items).includes(digits));
  const audit = (await server.api('GET', '/audit?limit=50')).items;
  assert.ok(audit.some((a) => a.action === 'take-over-run') && audit.some((a) => a.action === 'hand-back-run' && /had it for/.test(a.detail)), JSON.stringify(audit.slice(0, 5)));
  assert.deepEqual(complaints, []);
});

test('a run that was laid aside with a question is taken up for it, and one in the middle pauses', async () => {
  const ask = await server.api('POST', '/runs', { flow: 'asked', input: { site } });
  const busy = await server.api('POST', '/runs', { flow: 'busy', input: { site } });
  await server.until(ask.run, 'attention');
  const { page, complaints } = await chrome.inside(server, `/runs/${ask.run}`);
  await page.getByRole('button', { name: 'Take over' }).click();
  await bar(page).getByText('You drive the browser').waitFor();
  await bar(page).getByText('The run waits for an answer: hand the browser back, then answer.').waitFor();
  const address = page.getByRole('textbox', { name: 'Address' });
  await address.and(page.locator('[value$="/acme/login"]')).waitFor();
  await address.fill(`${site}/acme/lab`);
  await page.getByRole('button', { name: 'Go' }).click();
  await page.getByRole('list', { name: 'Tabs of the browser' }).getByText(/Lab/).waitFor();
  await bar(page).getByRole('button', { name: 'Hand back', exact: true }).click();
  await bar(page).waitFor({ state: 'detached' });
  await page.getByRole('region', { name: 'Question' }).getByRole('button', { name: 'Approve' }).click();
  assert.equal((await server.until(ask.run, 'done')).output.title, 'Lab');
  await page.goto(`${server.url}/runs/${busy.run}`);
  await page.getByRole('button', { name: 'Take over' }).click();
  await bar(page).getByText('You drive the browser').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await server.until(busy.run, 'cancelled');
  await bar(page).waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
});
