// The flows and the small site that the tests of runs work with.
import { createServer } from 'node:http';

/** Turns of a loop that write, wait and read; the last turn's file is missing where the run is told so. */
export const orders = {
  inputs: { n: { type: 'int', default: 6 }, word: { type: 'string', default: 'ok' }, missing: { type: 'bool', default: false } },
  outputs: { n: { type: 'int', value: '{{ inputs.n }}' } },
  nodes: [
    { id: 'start', type: 'file.write_text', title: 'Write the list', params: { path: 'list-{{ run.id }}.txt', text: 'list' } },
    { id: 'each', type: 'flow.for_each', title: 'For each order', params: { items: '{{ range(inputs.n) }}' } },
    { id: 'put', type: 'file.write_text', title: 'Write the order', params: { path: 'order-{{ run.id }}-{{ loop.index }}.txt', text: '{{ inputs.word }} {{ loop.index }} of {{ nodes.start.size }}' } },
    { id: 'say', type: 'flow.log', params: { message: 'Order {{ loop.index }} is written' } },
    { id: 'pause', type: 'flow.wait', title: 'Let it settle', params: { for: '30ms' } },
    { id: 'check', type: 'file.read_text', title: 'Check the last', params: { path: '{{ inputs.missing ? "nowhere.txt" : "list-" + run.id + ".txt" }}' }, retry: { max_attempts: 2, initial: '200ms', on: ['not_found'] } },
    { id: 'end', type: 'file.write_text', title: 'Sign it', params: { path: 'end-{{ run.id }}.txt', text: '{{ nodes.check.text }}' } },
  ],
  edges: ['start -> each', 'each.body -> put', 'put -> say', 'say -> pause', 'each.done -> check', 'check -> end'],
};

/** Opens a page, writes into it, presses, and waits until the site lets it go on. */
export const desk = {
  inputs: { site: { type: 'string', required: true } },
  settings: { trace: 'always' },
  nodes: [
    { id: 'open', type: 'web.open', title: 'Open the desk', params: { url: '{{ inputs.site }}', headless: true, width: 800, height: 500 } },
    { id: 'name', type: 'web.fill', title: 'Name', params: { target: 'label=Name', value: 'Ada' } },
    { id: 'send', type: 'web.click', title: 'Send', params: { target: 'text=Send' } },
    { id: 'rest', type: 'http.request', params: { url: '{{ inputs.site }}hold', timeout: '9m' }, timeout: '10m' },
    { id: 'said', type: 'web.get_text', params: { target: '#said' } },
  ],
  edges: ['open -> name', 'name -> send', 'send -> rest', 'rest -> said'],
};

const page = `<!doctype html><html lang="en"><title>The desk</title><style>body{font:18px sans-serif;margin:40px}button{padding:10px 24px;font-size:18px}#clock{color:#777}</style>
<h1>The desk</h1><p><label>Name <input id="name"></label> <button onclick="said.textContent='Thank you, '+document.getElementById('name').value;console.warn('sent '+'<img src=x>');fetch('/sent')">Send</button></p>
<p id="said"></p><p id="clock">0</p><script>let n=0;setInterval(()=>{clock.textContent=String(++n)},200)</script></html>`;

/** A site of one page, which holds who asks for /hold until release is called. */
export async function site() {
  let release;
  const released = new Promise((f) => (release = f));
  const s = createServer((req, res) => {
    if (req.url === '/') res.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    else if (req.url === '/sent') res.writeHead(201).end('ok');
    else if (req.url === '/hold') void released.then(() => res.writeHead(200).end('go'));
    else res.writeHead(404).end();
  });
  await new Promise((f) => s.listen(0, '127.0.0.1', f));
  return { url: `http://127.0.0.1:${s.address().port}/`, release, close: () => s.close() };
}
