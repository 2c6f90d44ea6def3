'use strict';
// What a visitor does on the site, in a frame. Elements are found by the truth that the server keeps, never by what
// the page looks like. Each act ends when the page says that the site has received it.
let frame, known;
const doc = () => frame.contentDocument;

function truth(path) {
  const ask = new XMLHttpRequest();
  ask.open('GET', '/test/truth?path=' + encodeURIComponent(path), false);
  ask.send();
  return JSON.parse(ask.responseText) || [];
}

function find(root) {
  const found = {};
  for (const t of truth(root.location.pathname)) {
    if (t.path.length === 1) found[t.name] = root.evaluate(t.path[0], root, null, XPathResult.FIRST_ORDERED_NODE_TYPE, null).singleNodeValue;
  }
  return found;
}

async function open(path) {
  if (frame) frame.remove();
  frame = document.createElement('iframe');
  frame.style = 'width: 1200px; height: 900px';
  const loaded = new Promise((done) => { frame.onload = done; });
  frame.src = path;
  document.body.append(frame);
  await loaded;
  known = find(doc());
}

function part(name) {
  if (!known[name]) throw new Error('there is no ' + name);
  return known[name];
}

async function until(what, f) {
  for (let n = 0; n < 2400; n++) {
    const got = f();
    if (got) return got;
    await new Promise((next) => setTimeout(next, 25));
  }
  throw new Error('this never came: ' + what);
}

const type = (e, text) => { e.value = text; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); };
const check = (what, got, want) => { if (got !== want) throw new Error(`${what}: got ${got}, want ${want}`); };
const received = (effect) => until('received ' + effect, () => part('said').textContent === 'Received: ' + effect);
const press = (name, effect) => { part(name).click(); return received(effect); };

// deep finds an element by its id, in open shadow roots as well.
function deep(root, id) {
  const here = root.getElementById(id);
  if (here) return here;
  for (const e of root.querySelectorAll('*')) {
    const inside = e.shadowRoot && deep(e.shadowRoot, id);
    if (inside) return inside;
  }
  return null;
}

async function challenge(variant) {
  const path = `/challenge/${variant}/`;
  await open(path);
  const start = part('challenge.start'), submit = part('challenge.submit');
  start.click();
  check('the button', start.textContent, 'Round 1');
  check('the form is there', submit.isConnected, true);
  for (let i = 0; i < people.length; i++) {
    const ids = {};
    for (const t of truth(i === 0 ? path : path + 'submit')) ids[t.name] = t.id;
    for (let f = 0; f < 7; f++) {
      const id = ids[parts[f]];
      // Only the slow variant makes one wait.
      const input = variant === 'f' ? await until('the next form', () => deep(doc(), id)) : deep(doc(), id);
      if (!input) throw new Error(`round ${i + 1}: there is no field ${parts[f]} with the id ${id}`);
      input.value = people[i][f];
    }
    if (variant === 'e') {
      for (const canvas of doc().querySelectorAll('canvas')) {
        await until('a drawn label', () => canvas.getContext('2d').getImageData(0, 0, 320, 52).data.some((v, at) => at % 4 === 0 && v > 0 && v < 90));
      }
    }
    submit.click();
  }
  await until('the result', () => /Your success rate is 100% \( 70 out of 70 fields\) in \d+ milliseconds/.test(doc().body.textContent));
  check('the button', start.textContent, 'Reset');
  start.click();
  await until('the form again', () => start.textContent === 'Start' && doc().querySelector('[data-fields]')?.childNodes.length > 0);
}

const acts = {
  async overlay() {
    await open('/pages/overlay?ms=never');
    const box = part('button').getBoundingClientRect();
    check('what is on top', doc().elementFromPoint(box.left + 5, box.top + 5) === part('overlay'), true);
    await open('/pages/overlay?ms=50');
    await until('no overlay', () => !part('overlay').isConnected);
    await press('button', 'click');
  },
  async enable() {
    await open('/pages/enable?ms=never');
    check('disabled', part('button').disabled, true);
    await open('/pages/enable?ms=50');
    await until('enabled', () => !part('button').disabled);
    await press('button', 'click');
  },
  async moving() {
    await open('/pages/moving?ms=never');
    const at = part('button').getBoundingClientRect().left;
    await until('it moves', () => part('button').getBoundingClientRect().left !== at);
    await open('/pages/moving?ms=50');
    await press('button', 'click');
  },
  async replaced() {
    await open('/pages/replaced?ms=never');
    await until('it is replaced', () => !part('button').isConnected);
    await open('/pages/replaced?ms=50');
    // Which node it is now, the page knows alone; but it is the only button.
    doc().querySelector('button').click();
    await received('click');
  },
  async readonly() {
    await open('/pages/readonly');
    check('read-only', part('field').readOnly, true);
    await press('save', 'save');
  },
  async reverts() {
    await open('/pages/reverts?on=change');
    type(part('field'), '25');
    check('the value', part('field').value, '0');
    await press('save', 'save');
  },
  async mask() {
    await open('/pages/mask');
    type(part('field'), '012x3456');
    check('half of it', part('field').value, '(012) 345-6');
    type(part('field'), '01234567890');
    await press('save', 'save');
  },
  async leaving() {
    await open('/pages/leaving?by=script');
    part('link').click();
    check('the page says', part('said').textContent, 'Not allowed to leave');
    await open('/pages/leaving?by=204');
    part('link').click();
    await open('/pages/leaving?by=none');
    part('link').click();
    await until('the other page', () => doc().location.pathname === '/pages/leaving/there' && doc().readyState === 'complete' && find(doc()).there);
  },
  async frames() {
    await open('/pages/frames?depth=1');
    const inner = await until('the inner frame', () => {
      const d = part('frame.same').contentDocument;
      return d && d.readyState === 'complete' && d.location.pathname === '/pages/frames/inner' && d;
    });
    check('the other origin is closed', part('frame.other').contentDocument, null);
    // Both frames are of one path: the truth of the last is that of both.
    const there = find(inner);
    type(there.field, 'deep');
    there.press.click();
    await until('received', () => there.said.textContent === 'Received: press');
  },
  async shadow() {
    await open('/pages/shadow');
    const fill = async (root, text, effect) => {
      root.querySelector('input').value = text;
      root.querySelector('form').requestSubmit();
      await received(effect);
    };
    check('the closed root', part('closed').shadowRoot, null);
    await fill(part('open').shadowRoot, 'first', 'open');
    await fill(part('outer').shadowRoot.querySelector('div').shadowRoot, 'second', 'nested');
  },
  async popup() {
    await open('/pages/popup/child?by=test');
    await press('tea', 'choose');
  },
  async dialogs() {
    await open('/pages/dialogs?n=3');
    let alerts = 0;
    frame.contentWindow.alert = () => { alerts++; };
    frame.contentWindow.confirm = () => false;
    frame.contentWindow.prompt = () => 'Ada';
    for (const name of ['alert', 'confirm', 'prompt', 'storm']) await press(name, name);
    check('alerts', alerts, 4);
  },
  async hang() {
    await open('/pages/hang?ms=50');
    await press('button', 'free');
  },
  async upload() {
    await open('/pages/upload');
    const data = new DataTransfer();
    data.items.add(new File(['dropped'], 'd.txt'));
    part('zone').dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data}));
    await received('drop');
  },
  async choices() {
    await open('/pages/choices');
    part('colour').value = 'g';
    for (const o of part('sizes').options) o.selected = o.value === 'M' || o.value === 'XL';
    part('courier').click();
    part('terms').click();
    check('the third state', part('all').indeterminate, true);
    part('all').click();
    check('the third state', part('all').indeterminate, false);
    await press('save', 'save');
  },
  async date() {
    await open('/pages/date');
    part('day').value = '2026-12-24';
    part('at').value = '08:30';
    part('picked').click();
    part('after').click();
    check('the month', part('month').textContent, '2026-02');
    doc().querySelector('[data-day="2026-02-15"]').click();
    check('the calendar is away', part('calendar').hidden, true);
    await press('save', 'save');
  },
  async editor() {
    await open('/pages/editor');
    await press('save', 'save');
  },
  async table() {
    await open('/pages/table?rows=20');
    doc().querySelector('[data-row="7"]').click();
    await received('pick');
  },
  async storage() {
    await open('/pages/storage');
    for (const [where, text] of [['cookie', 'one'], ['local', 'two'], ['session', 'three']]) {
      part('value').value = text;
      part(where).click();
    }
    check('what the page shows', JSON.parse(part('shown').textContent).session, 'three');
    await press('send', 'seen');
  },
};
for (const v of 'abcdefg') acts['challenge ' + v] = () => challenge(v);

(async () => {
  const out = [];
  for (const [name, act] of Object.entries(acts)) {
    try { await act(); out.push('ok ' + name); } catch (e) { out.push(`FAIL ${name}: ${e.message}`); }
  }
  document.querySelector('pre').textContent = out.join('\n');
  await fetch('/test/driven', {method: 'POST'});
})();
