// Starts the real program with an empty data folder, and a browser that holds what its pages complain of.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const program = process.env.AETHER ?? new URL('../../bin/aether', import.meta.url).pathname;
export const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome-stable', '/usr/bin/google-chrome'];

/** Runs the program to its end and gives what it printed. */
export function aether(home, ...args) {
  return new Promise((done, fail) => {
    const p = spawn(program, args, { env: { ...process.env, AETHER_DATA_DIR: home, NO_COLOR: '1' } });
    let out = '';
    let err = '';
    p.stdout.on('data', (b) => (out += b));
    p.stderr.on('data', (b) => (err += b));
    p.on('close', (code) => (code === 0 ? done(out) : fail(new Error(`aether ${args.join(' ')} ended with ${code}\n${out}${err}`))));
  });
}

/** A server with one robot, its address, a link that signs in, and a way to use its API; env adds to its environment. */
export async function start(env = {}) {
  const home = await mkdtemp(join(tmpdir(), 'aether-ui-'));
  const p = spawn(program, ['up', '--addr', '127.0.0.1:0', '--json', '--no-open'], { cwd: home, env: { ...process.env, ...env, AETHER_DATA_DIR: home } });
  let text = '';
  p.stderr.on('data', (b) => (text += b));
  const said = await new Promise((done, fail) => {
    const all = {};
    let rest = '';
    p.stdout.on('data', (b) => {
      text += b;
      rest += b;
      const lines = rest.split('\n');
      rest = lines.pop();
      for (const l of lines) {
        const e = JSON.parse(l);
        all[e.event] = e;
      }
      if (all.link && all.first_token && all.serving) done(all);
    });
    p.on('close', (code) => fail(new Error(`aether up ended with ${code}\n${text}`)));
  });
  const url = said.serving.url;
  const token = said.first_token.token;
  const api = async (method, path, body) => {
    const res = await fetch(`${url}/api/v1${path}`, { method, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
    if (!res.ok) throw new Error(`${method} ${path}: ${res.status} ${await res.text()}`);
    return res.status === 204 ? undefined : res.json();
  };
  return {
    home,
    url,
    token,
    link: said.link.link,
    api,
    async push(name, flow) {
      const file = join(home, `${name.replaceAll(/[^a-z0-9]/gi, '-')}.flow.yaml`);
      await writeFile(file, JSON.stringify({ aether: 1, name, ...flow }));
      await aether(home, 'flow', 'push', file);
    },
    /** Waits until a run has a status. */
    async until(run, ...statuses) {
      let r;
      for (let i = 0; i < 600; i++) {
        r = await api('GET', `/runs/${run}`);
        if (statuses.includes(r.status)) return r;
        await new Promise((f) => setTimeout(f, 100));
      }
      throw new Error(`run ${run} did not become ${statuses.join(' or ')}: it is ${r.status} ${JSON.stringify(r.failure ?? '')}`);
    },
    async stop() {
      const gone = new Promise((f) => p.once('close', f));
      p.kill('SIGKILL');
      await gone;
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** What axe finds in a page, or in the part of it that a selector names, that is serious or critical. */
export async function barriers(page, part) {
  // Through the protocol, as the policy of the page lets no script in.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8') });
  const got = await page.evaluate((what) => globalThis.axe.run(what ?? document, { resultTypes: ['violations'] }), part);
  return got.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200)).join(' | ')}`);
}

/** A browser. Its pages' complaints (console errors and warnings, the policy's refusals, errors of scripts) are kept. */
export async function open() {
  const browser = await chromium.launch({ executablePath: browsers.find(existsSync), args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  const page = async (options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const complaints = [];
    page.on('console', (m) => {
      if (m.type() === 'error' || m.type() === 'warning') complaints.push(`${m.type()}: ${m.text()}`);
    });
    page.on('pageerror', (e) => complaints.push(`script: ${e.message}`));
    page.on('dialog', (d) => {
      complaints.push(`dialog: ${d.message()}`);
      void d.dismiss();
    });
    return { page, context, complaints };
  };
  return {
    browser,
    page,
    /** A page of a server for somebody who is signed in; prepare may do something before it opens. */
    async inside(server, path, { token = server.token, prepare, ...options } = {}) {
      const p = await page(options);
      await p.context.addCookies([{ name: 'aether_session', value: token, url: server.url, httpOnly: true, sameSite: 'Strict' }]);
      await prepare?.(p.page);
      await p.page.goto(server.url + path);
      return p;
    },
    close: () => browser.close(),
  };
}
