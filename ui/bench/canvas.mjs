// How many frames a second the canvas of the editor shows while a flow of 1,000 nodes is moved, and how long an edit
// takes. Real program, real Chromium, a real mouse: AETHER=../bin/aether node bench/canvas.mjs [nodes]
import { open, start } from '../e2e/server.mjs';

const say = (line) => process.stdout.write(`${line}\n`);
const count = Number(process.argv[2] ?? 1000);
const server = await start();
const chrome = await open();

/** Chains with a loop and a decision in each, which read what came before. */
function flow(n) {
  const nodes = [];
  const edges = [];
  for (let i = 0; nodes.length < n; i++) {
    const id = (k) => `${k}_${i}`;
    nodes.push(
      { id: id('read'), type: 'random.uuid' },
      { id: id('each'), type: 'flow.for_each', params: { items: `{{ [nodes.read_${i}.uuid] }}` } },
      { id: id('check'), type: 'flow.if', params: { condition: '{{ loop.item != "" }}' } },
      { id: id('tell'), type: 'flow.log', title: `Tell what was found in part ${i}`, params: { message: `{{ nodes.read_${i}.uuid }}` } },
      { id: id('next'), type: 'flow.comment' },
    );
    edges.push(`read_${i} -> each_${i}`, `each_${i}.body -> check_${i}`, `check_${i}.then -> tell_${i}`, `each_${i}.done -> next_${i}`);
    if (i > 0) edges.push(`next_${Math.floor((i - 1) / 4) * 4 === i - 1 ? i - 1 : Math.floor((i - 1) / 4) * 4} -> read_${i}`);
  }
  const seen = new Set();
  return { nodes: nodes.slice(0, n), edges: edges.filter((e) => {
    const [from, to] = e.split(' -> ');
    const there = (x) => nodes.slice(0, n).some((m) => m.id === x.split('.')[0]);
    // One wire a port, as the checker wants it.
    return there(from) && there(to) && !seen.has(from) && seen.add(from);
  }) };
}

try {
  await server.push('big', flow(count));
  const { page } = await chrome.page({ viewport: { width: 1440, height: 900 } });
  await page.context().addCookies([{ name: 'aether_session', value: server.token, url: server.url, httpOnly: true, sameSite: 'Strict' }]);
  const opened = Date.now();
  await page.goto(`${server.url}/flows/big/edit`);
  await page.locator('[data-step]').first().waitFor();
  say(`${count} nodes: shown after ${Date.now() - opened} ms (layout included)`);
  const room = await page.locator('.edit-canvas').boundingBox();
  const middle = { x: room.x + room.width / 2, y: room.y + room.height / 2 };

  // What the page itself works, in time of the processor: it is the same beside other work.
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const worked = async () => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value * 1000;

  /** Moves the canvas by its empty ground and counts the frames that were drawn meanwhile. */
  async function pan(name) {
    const from = await page.evaluate(({ room }) => {
      for (let y = 60; y < room.height - 60; y += 7) for (let x = 90; x < room.width - 200; x += 7) {
        if (document.elementFromPoint(room.x + x, room.y + y)?.classList.contains('react-flow__pane')) return { x: room.x + x, y: room.y + y };
      }
      return null;
    }, { room });
    if (!from) throw new Error('there is no empty ground to hold the canvas by');
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.evaluate(() => {
      const w = globalThis;
      w.frames_ = [];
      const tick = (t) => {
        w.frames_.push(t);
        w.ticking = w.requestAnimationFrame(tick);
      };
      w.ticking = w.requestAnimationFrame(tick);
    });
    const before = await worked();
    const began = Date.now();
    for (let i = 0; Date.now() - began < 4000; i++) await page.mouse.move(from.x + 340 * Math.sin(i / 14), from.y + 260 * Math.sin(i / 23));
    const times = await page.evaluate(() => {
      globalThis.cancelAnimationFrame(globalThis.ticking);
      return globalThis.frames_;
    });
    const work = ((await worked()) - before) / times.length;
    await page.mouse.up();
    const gaps = times.slice(1).map((t, i) => t - times[i]).sort((a, b) => a - b);
    const fps = ((times.length - 1) * 1000) / (times.at(-1) - times[0]);
    const drawn = await page.locator('[data-step]').count();
    say(`${name}: ${fps.toFixed(1)} frames per second, 95th percentile ${gaps[Math.floor(gaps.length * 0.95)].toFixed(0)} ms a frame, ${work.toFixed(1)} ms of work a frame, ${drawn} nodes in sight`);
    return fps;
  }
  const near = await pan('moved, nodes readable');
  await page.mouse.move(middle.x, middle.y);
  for (let i = 0; i < 3; i++) await page.locator('.react-flow__controls-zoomout').click();
  const mid = await pan('moved, zoomed out');
  await page.locator('.react-flow__controls-fitview').click();
  const all = await pan('moved, zoomed to fit');

  await page.keyboard.press('Escape');
  await page.locator('[data-step]').first().focus();
  const t = Date.now();
  await page.keyboard.press('d');
  await page.getByRole('button', { name: 'Undo: Turn off' }).waitFor();
  say(`an edit is shown after ${Date.now() - t} ms`);
  say(JSON.stringify({ nodes: count, fps: { readable: +near.toFixed(1), zoomedOut: +mid.toFixed(1), fit: +all.toFixed(1) } }));
  if (near < 30) process.exitCode = 1;
} finally {
  await chrome.close();
  await server.stop();
}
