// Measures the pages on the real program: node bench/pages.mjs, with AETHER naming the program.
//   1. how soon a page shows something and can be used, with nothing in the browser's cache
//   2. how much is loaded for that, against the budget
//   3. whether the page of a run still answers a person while ten thousand events a second come
// It prints a table and ends with 1 when a limit is missed.
import { createServer, request } from 'node:http';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { open, start } from '../e2e/server.mjs';

const rounds = Number(process.env.ROUNDS ?? 5);
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const rows = [];
let missed = false;
function row(what, value, limit, unit) {
  const met = limit === undefined || value <= limit;
  missed ||= !met;
  rows.push([what, `${Math.round(value).toLocaleString('en')} ${unit}`, limit === undefined ? '' : `≤ ${limit.toLocaleString('en')} ${unit}`, limit === undefined ? '' : met ? 'met' : 'missed']);
}

const server = await start();
const browser = await open();
try {
  await server.push('bench', { nodes: Array.from({ length: 40 }, (_, n) => ({ id: `n${n}`, type: 'var.set', params: { values: { a: n } } })), edges: Array.from({ length: 39 }, (_, n) => `n${n} -> n${n + 1}`) });
  const { run: id } = await server.api('POST', '/runs', { flow: 'bench', version: 'draft' });
  await server.until(id, 'done', 'failed');

  // Signed in once; each round has a browser without a cache.
  const first = await browser.page();
  await first.page.goto(server.link);
  await first.page.waitForURL((u) => !u.pathname.startsWith('/login'));
  const cookies = await first.context.cookies();
  await first.context.close();

  for (const [name, path, seen] of [['list of runs', '/runs', 'a[href^="/runs/"]'], ['page of a run', `/runs/${id}`, '.react-flow__node'], ['page of a flow', '/flows/bench', '.react-flow__node']]) {
    const paint = [];
    const usable = [];
    let bytes = 0;
    for (let i = 0; i < rounds; i++) {
      const { page, context } = await browser.page();
      await context.addCookies(cookies);
      bytes = 0;
      page.on('response', async (r) => {
        if (r.url().includes('/assets/')) bytes += (await r.body().catch(() => Buffer.alloc(0))).length;
      });
      const began = Date.now();
      await page.goto(server.url + path, { waitUntil: 'commit' });
      await page.waitForSelector(seen);
      usable.push(Date.now() - began);
      paint.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN));
      await context.close();
    }
    row(`${name}: first paint, cold cache`, median(paint), 1000, 'ms');
    row(`${name}: its content is there and can be used`, median(usable), 2000, 'ms');
    row(`${name}: scripts and styles loaded`, bytes / 1024, undefined, 'KiB');
  }

  const assets = new URL('../dist/assets/', import.meta.url).pathname;
  let whole = 0;
  let packed = 0;
  for (const f of await readdir(assets)) {
    whole += (await stat(join(assets, f))).size;
    packed += gzipSync(await readFile(join(assets, f))).length;
  }
  row('everything in ui/dist/assets', whole / 1024, 4096, 'KiB');
  row('the same, packed', packed / 1024, 1200, 'KiB');

  await storm(id, cookies);
} finally {
  await browser.close();
  await server.stop();
}

const width = Math.max(...rows.map((r) => r[0].length));
for (const r of rows) console.log(r[0].padEnd(width), r[1].padStart(12), r[2].padStart(14), r[3]);
process.exit(missed ? 1 : 0);

/** Puts a stream of ten thousand events a second in place of a run's own, and sees how long the page takes to answer. */
async function storm(id, cookies) {
  const target = new URL(server.url);
  const seconds = 10;
  const perSecond = 10_000;
  let sent = 0;
  const proxy = createServer((req, res) => {
    if (req.url === `/api/v1/runs/${id}/events`) {
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      const began = Date.now();
      const timer = setInterval(() => {
        const due = Math.min(seconds * perSecond, Math.floor(((Date.now() - began) / 1000) * perSecond));
        let text = '';
        for (; sent < due; sent++) {
          const n = Math.floor(sent / 2) % 40;
          const kind = sent % 2 ? 'node_finished' : 'node_started';
          text += `id: ${1000 + sent}\nevent: ${kind}\ndata: ${JSON.stringify({ run: id, seq: 1000 + sent, kind, path: `n${n}`, at: new Date().toISOString(), data: { node: `n${n}`, type: 'var.set', ms: 1 } })}\n\n`;
        }
        if (text) res.write(text);
      }, 10);
      res.on('close', () => clearInterval(timer));
      return;
    }
    const up = request({ host: target.hostname, port: target.port, path: req.url, method: req.method, headers: { ...req.headers, host: target.host, ...(req.headers.origin ? { origin: target.origin } : {}) } }, (from) => {
      let body = [];
      // The run goes on for the page, though it has ended.
      if (req.url === `/api/v1/runs/${id}`) {
        from.on('data', (b) => body.push(b));
        from.on('end', () => {
          const run = JSON.parse(Buffer.concat(body).toString());
          res.writeHead(from.statusCode, { 'Content-Type': 'application/json' });
          res.end(JSON.stringify({ ...run, status: 'running', ended: undefined }));
        });
        return;
      }
      res.writeHead(from.statusCode, from.headers);
      from.pipe(res);
    });
    up.on('error', () => res.destroy());
    req.pipe(up);
  });
  await new Promise((f) => proxy.listen(0, '127.0.0.1', f));
  const { page, context } = await browser.page();
  await context.addCookies(cookies);
  await page.goto(`http://127.0.0.1:${proxy.address().port}/runs/${id}`);
  await page.waitForSelector('.react-flow__node');
  // How late a timer of 50 ms is, as a person's press would be.
  const late = await page.evaluate(
    (ms) =>
      new Promise((done) => {
        const out = [];
        const began = performance.now();
        let last = began;
        const t = setInterval(() => {
          const now = performance.now();
          out.push(now - last - 50);
          last = now;
          if (now - began > ms) {
            clearInterval(t);
            done(out);
          }
        }, 50);
      }),
    (seconds - 1) * 1000,
  );
  const sorted = late.toSorted((a, b) => a - b);
  row(`${(sent / (seconds - 1)).toFixed(0)} events a second: the page answers late by, median`, sorted[Math.floor(sorted.length / 2)], undefined, 'ms');
  row('the same, 95 of 100', sorted[Math.floor(sorted.length * 0.95)], 200, 'ms');
  await context.close();
  proxy.closeAllConnections();
  proxy.close();
}
