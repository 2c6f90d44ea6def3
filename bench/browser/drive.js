// Playwright's side of the bench: it does what is asked for on standard input, a line of JSON each, and answers with
// the milliseconds that it took.
const {chromium} = require('playwright-core');
const lines = require('readline').createInterface({input: process.stdin});
let browser, page;

const check = (have, want) => { if (String(have) !== String(want)) throw new Error(`it shows ${have} instead of ${want}`); };
const todo = {
  async launch(o) { browser = await chromium.launch({executablePath: o.path, chromiumSandbox: o.sandbox}); page = await (await browser.newContext()).newPage(); },
  async open(o) { await page.goto(o.url); },
  async click(o) {
    const n = page.locator('#n');
    for (let i = 1; i <= o.n; i++) { await page.click('#' + o.ids[i % o.ids.length]); check(await n.innerText(), i); }
  },
  async fill(o) {
    for (let i = 0; i < o.n; i++) { await page.fill('#f', 'value ' + i); check(await page.inputValue('#f'), 'value ' + i); }
  },
  async table(o) {
    const rows = await page.evaluate(o.script);
    check(rows.length, o.n); check(rows[o.n - 1][0], o.n);
  },
  async first(o) { await todo.launch(o); await todo.open(o); await todo.click({n: 1, ids: ['b']}); },
  async close() { await browser.close(); },
};

(async () => {
  for await (const line of lines) {
    const o = JSON.parse(line), begin = process.hrtime.bigint();
    let error = '';
    try { await todo[o.do](o); } catch (e) { error = String(e.message || e); }
    console.log(JSON.stringify({ms: Number(process.hrtime.bigint() - begin) / 1e6, error}));
  }
})();
