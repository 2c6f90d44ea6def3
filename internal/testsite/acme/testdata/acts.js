// Acts on pages of the office in a frame, as a visitor would, and tells what it saw. What came of it is in the
// ledger.
'use strict';
let frame;
async function open(path) {
  if (frame) frame.remove();
  frame = document.createElement('iframe');
  frame.style = 'width: 1200px; height: 900px';
  const loaded = new Promise((done) => { frame.onload = done; });
  frame.src = '/acme' + path;
  document.body.append(frame);
  await loaded;
  part('toasts');
}
const doc = () => frame.contentDocument;
// part finds an element by its part in the page: by the attribute as the page was written, or by where the truth of
// a changed page says that it is.
const known = new WeakMap();
function part(name, root = doc()) {
  const written = root.querySelector('[data-truth="' + name + '"]');
  if (written || !root.location || root.readyState === 'loading') return written;
  if (!known.has(root)) {
    const ask = new XMLHttpRequest(), parts = {};
    ask.open('GET', '/truth?path=' + encodeURIComponent(root.location.pathname), false);
    ask.send();
    for (const t of JSON.parse(ask.responseText) || []) {
      parts[t.name] = root.evaluate(t.path[0], root, null, XPathResult.FIRST_ORDERED_NODE_TYPE, null).singleNodeValue;
    }
    known.set(root, parts);
  }
  const e = known.get(root)[name];
  return e && e.isConnected ? e : null;
}
const until = async (what, f) => {
  for (let n = 0; n < 600; n++) {
    const got = f();
    if (got) return got;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error('this never came: ' + what);
};
const type = (e, text) => { e.value = text; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); };
const said = (text) => until('a toast ' + text, () => part('toasts').textContent.includes(text));
const check = (what, got, want) => { if (got !== want) throw new Error(what + ': got ' + got + ', want ' + want); };
async function main() {
  const tell = (path, text) => fetch(path, {method: 'POST', body: text});
  for (const [name, act] of Object.entries(acts)) {
    try { await act(); await tell('/step', 'ok ' + name); } catch (e) { await tell('/step', name + ': ' + e.message); }
  }
  await tell('/driven');
}
const acts = {
  async rows() {
    await open('/lab/rows');
    const list = part('rows.list');
    await until('the first row', () => doc().querySelector('[data-row="0"] span:nth-child(2)').textContent !== '…');
    check('rows in the page', doc().querySelectorAll('[data-row]').length, 30);
    list.scrollTop = 36 * 7000;
    const row = await until('row 7001', () => { const e = doc().querySelector('[data-row="7000"]'); return e && !e.textContent.includes('…') && e; });
    check('rows in the page', doc().querySelectorAll('[data-row]').length, 30);
    row.click();
    await until('the choice', () => part('rows.chosen').textContent.startsWith('7001, '));
  },
  async shadow() {
    await open('/lab/shadow');
    const send = (root, text) => { root.querySelector('input').value = text; root.querySelector('button').click(); };
    send(part('shadow.open').shadowRoot, 'seen');
    await until('an answer', () => part('shadow.open').shadowRoot.querySelector('p').textContent === 'Received: seen');
    check('the closed root', part('shadow.closed').shadowRoot, null);
    check('the closed component has a size', part('shadow.closed').offsetHeight > 80, true);
    send(part('shadow.nested').shadowRoot.querySelector('acme-note').shadowRoot, 'deep');
    await until('an answer', () => part('shadow.nested').shadowRoot.querySelector('acme-note').shadowRoot.querySelector('p').textContent);
  },
  async frames() {
    await open('/lab/frames');
    const inner = await until('the inner frame', () => {
      const outer = part('frames.right').contentDocument;
      const f = outer && part('frames.inner', outer);
      return f && f.contentDocument && part('frame.submit', f.contentDocument) && f;
    });
    type(part('frame.key', inner.contentDocument), 'F-1');
    type(part('frame.desk', inner.contentDocument), 'South');
    part('frame.submit', inner.contentDocument).click();
    await until('received', () => part('received', inner.contentDocument));
  },
  async feed() {
    await open('/lab/feed');
    for (let n = 0; !part('feed.end').textContent.includes('all') && n < 400; n++) {
      frame.contentWindow.scrollTo(0, 1e6);
      await new Promise((next) => setTimeout(next, 50));
    }
    check('messages', doc().querySelectorAll('[data-message]').length, 200);
    doc().querySelector('[data-message="150"] button').click();
    await until('thanks', () => doc().querySelector('[data-message="150"] button').disabled);
  },
  async dates() {
    await open('/lab/dates');
    part('dates.picked').click();
    for (let n = 0; n < 5; n++) part('dates.after').click();
    check('the month', part('dates.month').textContent, 'June 2026');
    check('a Sunday is closed', doc().querySelector('[data-day="2026-06-14"]').disabled, true);
    doc().querySelector('[data-day="2026-06-15"]').click();
    check('the calendar is away', part('dates.calendar').hidden, true);
    part('dates.native').value = '2026-12-24';
    type(part('dates.key'), 'D-1');
    part('dates.submit').click();
    await said('Booked');
  },
  async suggest() {
    await open('/lab/suggest');
    type(part('suggest.input'), 'harb');
    type(part('suggest.input'), 'paper');
    await until('eight companies', () => part('suggest.list').children.length === 8);
    const name = part('suggest.list').children[1].textContent;
    part('suggest.input').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown'}));
    part('suggest.input').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown'}));
    part('suggest.input').dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}));
    check('the choice', part('suggest.input').value, name);
    part('suggest.submit').click();
    await said('Taken: ' + name);
  },
  async editor() {
    await open('/lab/editor');
    const text = part('editor.text');
    text.focus();
    doc().getSelection().selectAllChildren(text.querySelector('p'));
    part('editor.bold').click();
    part('editor.save').click();
    await said('Saved');
  },
  async dialogs() {
    await open('/lab/dialogs');
    frame.contentWindow.confirm = () => true;
    frame.contentWindow.prompt = () => 'Ada';
    part('dialogs.confirm').click();
    await until('the answer', () => part('dialogs.answer').textContent === 'confirm: yes');
    part('dialogs.prompt').click();
    await until('the answer', () => part('dialogs.answer').textContent === 'prompt: Ada');
  },
  async toasts() {
    await open('/lab/toasts');
    part('toasts.archive.L-2').click();
    await said('L-2 was archived');
    part('toasts').querySelector('button').click();
    await until('the letter again', () => !doc().querySelector('[data-key="L-2"]').hidden);
  },
  async modal() {
    await open('/lab/modal');
    part('modal.open').click();
    check('the window is open', part('modal').open, true);
    part('modal.save').click();
    check('a note without title is not sent', part('modal').open, true);
    type(part('modal.title'), 'N-1');
    type(part('modal.text'), 'remember');
    part('modal.save').click();
    await until('the window is closed', () => !part('modal').open);
    part('modal.open').click();
    part('modal.cancel').click();
    check('cancelled', part('modal').open, false);
  },
  async parts() {
    await open('/lab/parts');
    check('skeletons', doc().querySelectorAll('[data-skeleton]').length, 3);
    await until('all parts', () => doc().querySelectorAll('[data-part][aria-busy=false] [data-row]').length === 9);
    doc().querySelector('[data-part="3"] [data-row]').click();
  },
  async obstacles() {
    await open('/lab/obstacles');
    await until('late', () => !part('obstacles.late').disabled);
    part('obstacles.late').click();
    type(part('obstacles.stubborn'), 'yours');
    await until('taken back', () => part('obstacles.stubborn').value === 'mine');
    type(part('obstacles.upper'), 'abc');
    check('capitals', part('obstacles.upper').value, 'ABC');
    await until('no cover', () => !part('obstacles.cover'));
  },
  async seats() {
    await open('/lab/seats');
    const plan = part('seats.plan'), box = plan.getBoundingClientRect();
    const hit = (x, y) => plan.dispatchEvent(new MouseEvent('click', {bubbles: true, clientX: box.left + x * box.width / 640, clientY: box.top + y * box.height / 320}));
    hit(5, 5);
    hit(400, 150);
    await until('a desk', () => part('seats.taken').textContent === 'B3');
  },
  async browser() {
    await open('/lab/browser');
    check('the width', doc().querySelector('[data-told=width]').textContent, '1200');
    part('browser.send').click();
    await said('Sent');
  },
  async windows() {
    await open('/lab/windows/choose');
    frame.contentWindow.opener = {acmeChosen: (value) => { frame.chosen = value; }};
    part('choose.Italy').click();
    await until('the choice', () => frame.chosen === 'Italy');
  },
  async limited() {
    await open('/lab/answers');
    type(part('answers.key'), 'T-9');
    for (let n = 0; n < 4; n++) {
      part('answers.draw').click();
      await until('an answer', () => part('answers.state').textContent.startsWith(n < 3 ? 'Drawn. ' + (2 - n) : '429'));
    }
  },
  async prices() {
    await open('/prices');
    const edit = async (name, value, key) => {
      part(name).dispatchEvent(new MouseEvent('dblclick', {bubbles: true}));
      const field = part(name).querySelector('input, select');
      field.value = value;
      field.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
    };
    await edit('prices.price.A-105', '99.00', 'Enter');
    await said('Saved');
    check('the price', part('prices.price.A-105').textContent, '99.00');
    const was = part('prices.stock.A-106').textContent;
    await edit('prices.stock.A-106', '1', 'Escape');
    check('the stock', part('prices.stock.A-106').textContent, was);
  },
  async html5() {
    await open('/board?drag=html5');
    const card = part('board.card.K-11'), data = new DataTransfer();
    const to = part('board.column.Done'), at = part('board.card.K-13').getBoundingClientRect();
    const fire = (e, name) => e.dispatchEvent(new DragEvent(name, {bubbles: true, cancelable: true, dataTransfer: data, clientX: at.left + 5, clientY: at.top + 2}));
    fire(card, 'dragstart');
    check('the column takes it', fire(to, 'dragover'), false);
    fire(to, 'drop');
    fire(card, 'dragend');
    await said('K-11 is in Done');
    check('it comes first', to.querySelector('[data-card]').dataset.card, 'K-11');
  },
  async pointer() {
    await open('/board?drag=pointer');
    const card = part('board.card.K-12'), from = card.getBoundingClientRect(), to = part('board.column.To do').getBoundingClientRect();
    card.setPointerCapture = () => {};
    const fire = (name, x, y) => card.dispatchEvent(new PointerEvent(name, {bubbles: true, cancelable: true, pointerId: 1, button: 0, clientX: x, clientY: y}));
    fire('pointerdown', from.left + 9, from.top + 9);
    fire('pointermove', to.left + 20, to.bottom - 4);
    fire('pointerup', to.left + 20, to.bottom - 4);
    await said('K-12 is in To do');
  },
  async report() {
    await open('/reports');
    type(part('reports.month'), '2026-02');
    part('reports.make').click();
    await until('the report', () => part('reports.state').textContent.endsWith('is ready.'));
  },
  async drop() {
    await open('/upload');
    const data = new DataTransfer();
    data.items.add(new File(['dropped'], 'd.txt'));
    part('upload.drop').dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data}));
    await until('the file', () => part('upload.dropped').textContent === 'd.txt, 7 bytes');
  },
  async tick() {
    await open('/work');
    part('work.all').click();
    check('ticked', doc().querySelectorAll('[data-tick]:checked').length, 10);
    doc().querySelector('[data-tick]').click();
    check('all', part('work.all').checked, false);
  },
  async lookup() {
    await open('/invoices/new');
    frame.contentWindow.open = (url) => { frame.asked = url; };
    part('invoice.vendor.lookup').click();
    check('the window', frame.asked, '/acme/lookup/vendors');
    frame.contentWindow.acmeChosen('V-1004');
    check('the vendor', part('invoice.vendor').value, 'V-1004');
  },
  async remove() {
    await open('/vendors');
    frame.contentWindow.confirm = () => false;
    part('vendor.delete.V-1001').click();
    frame.contentWindow.confirm = (text) => { frame.text = text; return true; };
    part('vendor.delete.V-1002').click();
    await until('a list without it', () => doc().readyState === 'complete' && part('vendor.table') && !part('vendor.row.V-1002'));
    check('the question', frame.text, 'Delete V-1002?');
    await open('/clients');
    part('client.delete.C-2003').click();
    check('the question', part('confirm.what').textContent === 'C-2003', true);
    part('confirm.no').click();
    part('client.delete.C-2004').click();
    part('confirm.yes').click();
    await until('a list without it', () => doc().readyState === 'complete' && part('client.table') && !part('client.row.C-2004'));
  },
  async ended() {
    await open('/prices?session_requests=1');
    part('prices.unit.A-107').dispatchEvent(new MouseEvent('dblclick', {bubbles: true}));
    const field = part('prices.unit.A-107').querySelector('select');
    field.value = [...field.options].find((o) => !o.selected).value;
    field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
    await until('the login', () => doc().readyState === 'complete' && part('login.ended'));
    check('it leads back', frame.contentWindow.location.search, '?ended=1&next=%2Fprices%3Fsession_requests%3D1');
  },
};
main();
