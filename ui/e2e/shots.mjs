// Takes pictures of every page for docs/ui, light and dark, wide and narrow, on the real program with made-up data:
// node e2e/shots.mjs, with AETHER naming the program. It is no test: look at what it made.
import { mkdir, rm } from 'node:fs/promises';

import { desk, orders, site } from './runs.flows.mjs';
import { open, start } from './server.mjs';

const out = new URL('../../docs/ui/', import.meta.url).pathname;
const only = process.env.ONLY?.split(',');

const approval = {
  description: 'Asks for a signature before it pays.',
  inputs: { invoice: { type: 'string', default: 'R-4711' } },
  nodes: [
    { id: 'look', type: 'flow.log', title: 'Look at the invoice', params: { message: 'Invoice {{ inputs.invoice }} has 3 positions' } },
    { id: 'sign', type: 'flow.wait_for_approval', title: 'Sign', params: { question: 'Pay invoice {{ inputs.invoice }} of 1,240.50 €?' } },
    { id: 'pay', type: 'file.write_text', title: 'Pay', params: { path: 'paid-{{ run.id }}.txt', text: '{{ inputs.invoice }}' } },
    { id: 'refused', type: 'flow.fail', title: 'Refused', params: { message: 'Invoice {{ inputs.invoice }} was refused' } },
  ],
  edges: ['look -> sign', 'sign.approve -> pay', 'sign.reject -> refused'],
};

/** Something to see on every page. It gives the runs that pages are shown of. */
async function fill(server, web) {
  const say = (method, path, body) => server.api(method, path, body);
  await server.push('orders', orders);
  await server.push('pay an invoice', approval);
  await server.push('desk', desk);
  await say('POST', '/flows/orders/promote', {});
  const run = async (flow, inputs, ...states) => {
    const { run } = await say('POST', '/runs', { flow, version: 'draft', input: inputs });
    await server.until(run, ...states);
    return run;
  };
  await run('orders', { n: 6 }, 'done');
  const good = await run('orders', { n: 12, word: 'fine' }, 'done');
  const bad = await run('orders', { n: 9, missing: true }, 'failed');
  const asks = await run('pay an invoice', {}, 'attention');
  web.release();
  const seen = await run('desk', { site: web.url }, 'done');
  await say('POST', '/runs', { flow: 'orders', version: 'draft', input: { n: 3 }, job: { needs: 'windows', priority: 12 } });
  await say('PUT', '/queues/invoices', {
    name: 'invoices', description: 'Invoices that came by mail', sla: '48h', sla_risk: '24h', unique_reference: true,
    schema: { type: 'object', required: ['number', 'amount'], properties: { number: { type: 'string', description: 'Number on the invoice' }, amount: { type: 'number' }, vendor: { type: 'string' } } },
  });
  await say('POST', '/queues/invoices/items', { items: Array.from({ length: 40 }, (_, n) => ({ reference: `R-${4700 + n}`, priority: n % 4, content: { number: `R-${4700 + n}`, amount: 100 + 17 * n, vendor: ['Baltic Paper AB', 'Kaiser & Sohn', 'Ćevap d.o.o.'][n % 3] } })) });
  await say('PUT', '/secrets/portal', { value: 'not to be seen', description: 'Login of the vendor portal' });
  await say('PUT', '/accounts/ada', { role: 'operator', password: 'correct horse battery' });
  await say('POST', '/tokens', { name: 'nightly export', role: 'viewer' });
  // A heal, by way of the demo.
  for (const release of [false, true]) {
    const { run } = await say('POST', '/demo/runs', { release });
    await server.until(run, 'done', 'failed', 'attention');
  }
  const paused = (await say('POST', '/runs', { flow: 'orders', version: 'draft', input: { n: 4 }, breakpoints: [{ node: orders.nodes[2].id }], labels: ['july'] })).run;
  await server.until(paused, 'attention', 'waiting');
  const taken = (await say('POST', '/runs', { flow: 'desk', version: 'draft', input: { site: web.url }, breakpoints: [{ node: 'send' }] })).run;
  for (let r = {}; !r.paused; ) r = await say('GET', `/runs/${taken}`);
  await say('POST', `/runs/${taken}/hand`);
  const { url: link } = await say('POST', `/runs/${asks}/link`, { for: 'Kim' });
  return { good, bad, asks, seen, paused, taken, link };
}

const server = await start();
const browser = await open();
const web = await site();
try {
  const { good, bad, asks, seen, paused, taken, link } = await fill(server, web);
  const { items: heals } = await server.api('GET', '/heals');
  const pages = [
    ['runs', '/runs'],
    ['run-done', `/runs/${good}`],
    ['run-failed', `/runs/${bad}`],
    ['run-asks', `/runs/${asks}`],
    ['run-paused', `/runs/${paused}`],
    ['run-taken-over', `/runs/${taken}`],
    ['waiting', '/waiting'],
    ['answer-link', link.slice(server.url.length)],
    ['record', '/record'],
    ['run-browser', `/runs/${seen}?node=send`],
    ['flows', '/flows'],
    ['flow', '/flows/orders'],
    ['editor', '/flows/orders/edit'],
    ['new-flow', '/flows/new'],
    ['versions', '/flows/orders/versions'],
    ['healing', '/healing'],
    ['heal', `/healing?id=${heals[0]?.id ?? ''}`],
    ['work-items', '/items'],
    ['work-item-queue', '/items/invoices'],
    ['queue', '/queue'],
    ['dead-letters', '/dead'],
    ['robots', '/robots'],
    ['secrets', '/secrets'],
    ['access', '/access'],
    ['audit', '/audit'],
    ['settings', '/settings'],
    ['health', '/health'],
    ['demo', '/demo'],
  ].filter(([name]) => !only || only.includes(name));
  if (!only) await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const cookie = [{ name: 'aether_session', value: server.token, url: server.url, httpOnly: true, sameSite: 'Strict' }];
  for (const [form, options] of [['light', {}], ['dark', { colorScheme: 'dark' }], ['narrow', { viewport: { width: 390, height: 844 } }]]) {
    const { page, context } = await browser.page({ viewport: { width: 1280, height: 800 }, ...options });
    if (!only || only.includes('login')) {
      await page.goto(`${server.url}/login`);
      await page.getByRole('heading', { name: 'Sign in to Aether' }).waitFor();
      await page.screenshot({ path: `${out}login-${form}.png` });
    }
    await context.addCookies(cookie);
    for (const [name, path] of pages) {
      await page.goto(server.url + path, { waitUntil: 'load' });
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await page.waitForFunction(() => !document.querySelector('.mantine-Loader-root'), undefined, { timeout: 15_000 }).catch(() => {});
      await page.evaluate(() => new Promise((f) => setTimeout(f, 700))); // graphs move to their places
      await page.screenshot({ path: `${out}${name}-${form}.png` });
    }
    await context.close();
  }
} finally {
  web.close();
  await browser.close();
  await server.stop();
}
