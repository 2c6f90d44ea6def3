// Acting: whether a person could use an element now, and whether what was done arrived there and stayed.

const disabled = e => {
  if (e.matches(':disabled')) return true;
  for (let n = e; n; n = parentOf(n)) if (n.inert || n.getAttribute('aria-disabled') === 'true') return true;
  return false;
};
const editable = e => e.isContentEditable || e.matches('textarea,input');
const labelOf = e => e.labels ? [...e.labels].filter(shown) : [];

// deepest is what lies at a point, shadow roots entered.
function deepest(x, y) {
  let hit = document.elementFromPoint(x, y);
  for (let r = hit && rootOf(hit); r; r = hit && rootOf(hit)) {
    const d = r.elementFromPoint(x, y);
    if (!d || d === hit || !r.contains(d)) break;
    hit = d;
  }
  return hit;
}
function inside(n, e) {
  for (; n; n = parentOf(n)) if (n === e) return true;
  return false;
}

// leads says whether a press on what was hit is one on its label: not if a link or another field in it is hit.
function leads(hit, label, e) {
  for (let n = hit; n && n !== label; n = parentOf(n)) if (n !== e && n.matches('a[href],button,input,select,textarea,summary,[contenteditable=""],[contenteditable=true],[role=button],[role=link]')) return false;
  return inside(hit, label);
}
// beneath says whether something on a field is only a part of what it stands in, as a hint or a picture in it is: not
// if it covers the whole field.
function beneath(hit, around, e) {
  if (!around || !inside(hit, around)) return false;
  if (hit === around) return around !== document.body && around !== document.documentElement;
  const h = hit.getBoundingClientRect(), r = e.getBoundingClientRect();
  return getComputedStyle(hit).position !== 'fixed' && (h.left > r.left + 1 || h.top > r.top + 1 || h.right < r.right - 1 || h.bottom < r.bottom - 1);
}

// beyond are points left and right of a box's middle.
function beyond(e) {
  const out = [];
  for (const r of e.getClientRects()) for (const x of [r.left + Math.min(6, r.width / 4), r.right - Math.min(6, r.width / 4)]) if (x > 0 && x < innerWidth && r.top + r.height / 2 > 0 && r.top + r.height / 2 < innerHeight) out.push({x, y: r.top + r.height / 2});
  return out;
}

// spot is a point of the element that is in sight, or null.
function spot(e, at) {
  if (e.tagName === 'AREA') return spotOfArea(e, at);
  const boxes = [...e.getClientRects()].filter(r => r.width > 0 && r.height > 0);
  if (!boxes.length) boxes.push(...[...e.querySelectorAll('*')].flatMap(c => [...c.getClientRects()]).filter(r => r.width > 0 && r.height > 0).slice(0, 1));
  for (const r of boxes) {
    if (at) return {x: r.x + at.x, y: r.y + at.y};
    const l = Math.max(r.left, 0), t = Math.max(r.top, 0), w = Math.min(r.right, innerWidth), h = Math.min(r.bottom, innerHeight);
    if (w - l > 0 && h - t > 0) return {x: (l + w) / 2, y: (t + h) / 2};
  }
  return null;
}

function spotOfArea(e, at) {
  const i = pictureOf(e), b = i && i.getBoundingClientRect(), c = (e.coords || '').split(',').map(Number);
  if (!b || !b.width) return null;
  if (e.shape === 'circle' || e.shape === 'circ') return at ? {x: b.x + c[0] - c[2] + at.x, y: b.y + c[1] - c[2] + at.y} : {x: b.x + c[0], y: b.y + c[1]};
  const xs = c.filter((_, n) => n % 2 === 0), ys = c.filter((_, n) => n % 2 === 1), whole = e.shape === 'default' || xs.length < 2;
  const l = whole ? 0 : Math.min(...xs), t = whole ? 0 : Math.min(...ys), r = whole ? b.width : Math.max(...xs), u = whole ? b.height : Math.max(...ys);
  return at ? {x: b.x + l + at.x, y: b.y + t + at.y} : {x: b.x + (l + r) / 2, y: b.y + (t + u) / 2};
}

// onLine is a point on the line that a drawing consists of, whose middle may be empty.
function onLine(e) {
  if (!e.getPointAtLength || !e.getScreenCTM) return null;
  const m = e.getScreenCTM();
  return m && e.getTotalLength() ? e.getPointAtLength(e.getTotalLength() / 2).matrixTransform(m) : null;
}

// reachable brings the element into sight and says where a press would arrive at it.
async function reachable(e, at, friends, framed, around, target) {
  let seen = null;
  for (const block of ['nearest', 'center', 'end', 'start']) {
    let p = spot(e, at);
    const r = e.getBoundingClientRect(), whole = r.top >= 0 && r.left >= 0 && r.bottom <= innerHeight && r.right <= innerWidth;
    if (block !== 'nearest' || !whole || framed) { scrolled = performance.now(); e.scrollIntoView({block, inline: 'nearest', behavior: 'instant'}); p = spot(e, at); }
    if (!p) { seen = seen || fail('outside', '', e); continue; }
    if (restless(e, !around)) {
      p = await settled(e, p, at);
      if (!p) return fail('moving', '', e);
    }
    const arrives = hit => hit && (target !== e ? leads(hit, e, target) : inside(hit, e) || friends.some(f => leads(hit, f, e)) || beneath(hit, around, e));
    const hit = deepest(p.x, p.y);
    if (arrives(hit)) return {p};
    const aside = target !== e && beyond(e).find(b => arrives(deepest(b.x, b.y))); // a link may stand in the middle of a label
    if (aside) return {p: aside};
    const line = !at && onLine(e);
    if (line && arrives(deepest(line.x, line.y))) return {p: {x: line.x, y: line.y}};
    seen = fail('covered', hit ? describe(hit) : '', e);
    if (!hit) seen = fail('outside', '', e);
  }
  return seen;
}

const keep = x => { const k = ++count; kept.set(k, x); if (kept.size > 64) kept.delete(kept.keys().next().value); return k; };

// pressable says whether an element looks as if it could be pressed.
function pressable(e) {
  for (let n = e; n && n !== document.body; n = parentOf(n)) if (n.matches('a[href],button,label,summary,input,select,option,area,[role=button],[role=link],[role=option],[role=tab],[role=menuitem],[role=treeitem],[role=switch],[role=checkbox],[role=radio],[role=gridcell],[role=row],[onclick],[tabindex],[draggable=true],[contenteditable]')) return true;
  return getComputedStyle(e).cursor === 'pointer';
}

// ready looks once: is the element there, and could a person do the action now?
async function look(o) {
  const need = o.action === 'read' || o.action === 'upload' ? 'there' : 'shown';
  let f = o.found && o.found.e && shown(o.found.e) ? o.found : find(o.target, o.action === 'check' ? 'there' : need);
  if (f.kind) return f;
  let e = f.e;
  if (f.alike && lurks(o.target.queries[f.query], f.scope)) return fail('hidden', '', e);
  if (o.print) o.hit = f;
  const out = {query: f.query, element: describe(e), alike: !!f.alike};
  if (o.action === 'click' && f.alike && o.target.queries[f.query].by === 'text' && !pressable(e)) return fail('not_found', 'the words were found only in a longer text that nothing is to be pressed on', e);
  if (o.action === 'read') { out.handle = keep(e); if (o.read) try { const v = read(e, o.read, o.name); if (v && typeof v === 'object') out.json = JSON.stringify(v); else out.value = v; } catch (err) { return fail('wrong_kind', err.message, e); } return out; }
  if (o.action === 'scroll') { e.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'}); out.handle = keep(e); return out; }
  if (o.action === 'upload') { if (disabled(e)) return fail('disabled', '', e); out.handle = keep(e); return out; }
  if (o.action !== 'hover' && disabled(e)) return fail('disabled', '', e);
  let press = e;
  if (o.action === 'check') {
    out.handle = keep(e);
    out.checked = checked(e);
    out.mixed = mixed(e);
    if (out.checked === null) return fail('wrong_kind', 'it is neither a check box, a radio button nor a switch', e);
    if (!shown(e) || (e.getBoundingClientRect().width < 2)) { const l = labelOf(e)[0]; if (!l) return fail('hidden', '', e); press = l; }
  }
  if (o.action === 'fill' || o.action === 'type' || o.action === 'press') {
    if (o.action !== 'press' && !editable(e)) {
      const part = e.localName.includes('-') && rootOf(e) || e; // of an element that the page has made, its inside
      const within = part.querySelector('input:not([type=hidden]),textarea,[contenteditable=""],[contenteditable=true]');
      if (e.tagName === 'SELECT') return fail('wrong_kind', 'it is a list to select from; use web.select', e);
      if (!within || !shown(within) || part.querySelectorAll('input:not([type=hidden]),textarea').length > 1) return fail('wrong_kind', 'no text can be typed into it', e);
      e = press = within;
    }
    if (o.action !== 'press' && e.tagName === 'INPUT' && /^(checkbox|radio|button|submit|reset|image|file)$/.test(e.type)) return fail('wrong_kind', 'it is a field of type ' + e.type, e);
    if (o.action !== 'press' && (e.readOnly || e.getAttribute('aria-readonly') === 'true')) return fail('read_only', '', e);
  }
  if (o.action === 'select' && e.tagName !== 'SELECT') return fail('wrong_kind', 'it is no <select>; click it and then the choice', e);
  const friends = e.tagName === 'AREA' ? [pictureOf(e)] : [...labelOf(e)], around = /^(fill|type|press|select)$/.test(o.action) ? e.parentElement : null;
  const r = await reachable(press, o.at, friends, o.framed, around, o.action === 'check' ? e : press);
  if (r.kind) return r;
  if (!press.isConnected) return fail('not_found', 'it was taken away while it was looked at');
  if (o.turn && o.turn !== turn) return fail('not_found', 'another look has begun');
  Object.assign(out, {x: r.p.x, y: r.p.y, handle: keep(e), editable: e.isContentEditable || false});
  if (o.action === 'fill' || o.action === 'type' || o.action === 'press') {
    let host = e; // a part of edited text has no focus of its own
    while (host.isContentEditable && host.parentElement && host.parentElement.isContentEditable) host = host.parentElement;
    if (!host.matches(':focus')) host.focus({preventScroll: true});
    if (!host.matches(':focus-within') && (o.action !== 'press' || host !== document.body && host !== document.documentElement)) {
      if (o.action === 'press' && document.activeElement === document.body) return fail('wrong_kind', 'no keys can be pressed in it: it does not take the focus', e);
      if (o.action !== 'press') return fail('unchanged', 'it does not keep the focus, which is on ' + describe(document.activeElement), e);
    }
    if (o.action === 'fill') {
      out.set = e.tagName === 'INPUT' && /^(date|time|datetime-local|month|week|color|range)$/.test(e.type);
      out.number = e.type === 'number';
      if (!out.set) {
        if (e.isContentEditable) getSelection().selectAllChildren(e);
        else e.select();
        out.empty = (e.isContentEditable ? e.textContent : e.value) === '';
        typing = {e: host, strayed: ''};
        come = {handle: out.handle, at: false, field: true, f: null};
      }
    }
    if (o.action === 'type' && !e.isContentEditable) { const end = e.value.length; try { e.setSelectionRange(end, end); } catch { /* fields of some types have no selection */ } }
  }
  if (/^(click|check|hover|drag|drop)$/.test(o.action)) { out.slid = slid(); watch(out.handle, press, [...friends, e], o.action === 'hover'); }
  return out;
}

// A look whose asker has given up may still go on here. It must take nothing from the look that came after it: not the
// focus, and not the watch over a press.
let turn = 0;

// ready waits until the element is ready, at most o.wait ms; the last failure says why it is not.
async function ready(o) {
  const until = performance.now() + (o.wait || 0);
  o.turn = ++turn;
  for (let n = 0; ; n++) {
    o.hit = null;
    const f = await look(o);
    if (o.turn !== turn) return fail('not_found', 'another look has begun');
    if (!f.kind || f.kind === 'bad_query' || f.kind === 'wrong_kind') return o.hit ? __aether.witness(o, f) : f;
    if (performance.now() >= until) {
      if (f.kind === 'not_found' && o.nearest) f.nearest = nearest(o.target);
      return f;
    }
    if (n < 5) await frame(); else await pause(Math.min(100, 10 * n));
  }
}

// under is what has come under the mouse, which rests. A list that has opened there may take the next move of the mouse
// for one over that item, and choose it.
let under = null;
window.addEventListener('mouseover', ev => { if (ev.isTrusted) under = ev.composedPath()[0]; }, {capture: true, passive: true});
window.addEventListener('mousemove', ev => { if (ev.isTrusted) under = null; }, {capture: true, passive: true});
const slid = () => !!under && under.isConnected && !!under.closest && !!under.closest('li,tr,[role=option],[role^=menuitem],[role=treeitem],[role=row],[role=gridcell]');

const pointers = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'dblclick', 'auxclick', 'contextmenu'];
let guard = null, hovering = null;

// watch lets the presses that follow through to the element alone: what would arrive elsewhere, because the page
// has changed at the last moment, is stopped before the page sees it.
function watch(handle, e, friends, onlyMoves) {
  unwatch();
  if (!late) { late = true; window.dispatchEvent(new Event(first)); }
  const g = {handle, arrived: false, stolen: '', link: false, prevented: null, f: null, box: null};
  const hosts = [];
  for (let r = e.getRootNode(); r instanceof ShadowRoot; r = r.host.getRootNode()) hosts.push(r.host);
  g.f = ev => {
    if (!ev.isTrusted) return;
    const path = ev.composedPath();
    const own = path.includes(e) || friends.some(x => path.includes(x)) || hosts.includes(path[0]) && [e, ...friends].some(x => inside(deepest(ev.clientX, ev.clientY), x));
    if (own) {
      if (ev.type === 'pointerdown' || ev.type === 'mousedown') { g.box = g.box || e.getBoundingClientRect(); g.down = true; }
      if (ev.type === 'mouseup') g.up = true;
      if (ev.type === 'click') came(handle);
      if (ev.type === 'click' || ev.type === 'auxclick' || ev.type === 'contextmenu') g.arrived = true;
      if (ev.type === 'click') { const a = path.find(x => x.matches && x.matches('a[href],button,input[type=submit],input[type=image]')); g.link = !!a && (a.tagName === 'A' || !!a.form); g.event = ev; g.button = a && a.form && (a.type === 'submit' || a.type === 'image') ? a : null; }
      return;
    }
    if (g.down && (ev.type === 'pointerup' || ev.type === 'mouseup' || ev.type === 'click')) { if (ev.type === 'click') came(handle); const b = e.getBoundingClientRect(); g.moved = true; g.slid = g.slid || Math.abs(b.left - g.box.left) > 1 || Math.abs(b.top - g.box.top) > 1; return; }
    if (ev.type === 'click') came(handle);
    g.stolen = describe(path[0]);
    ev.preventDefault();
    ev.stopImmediatePropagation();
  };
  listen();
  come = {handle, at: onlyMoves, f: null};
  guard = onlyMoves ? null : g;
  hovering = onlyMoves ? g : null;
}
function unwatch() { guard = null; hovering = null; }

// Input is sent together with the question what became of it, which waits here until it has come: at its last event,
// or when the driver says that the browser has taken it.
let come = null;
function came(handle) { if (come && come.handle === handle) { come.at = true; if (come.f) come.f(); } }
async function coming(handle) {
  if (!come || come.handle !== handle || come.at) return;
  await new Promise(f => { come.f = f; });
  await macrotask(); // so that the page's own listeners had their turn
}
window.addEventListener('input', ev => { if (come && come.field && ev.isTrusted) came(come.handle); }, {capture: true});

// The listeners stand from the document's first moment, before those of the page, which could stop the events.
// document.open takes them away, and the page's may come before them then; adding one that is there changes nothing.
let late = false;
const first = 'aether' + count;
window.addEventListener(first, () => { late = false; }, {capture: true});
const pass = ev => { if (guard) guard.f(ev); };
const listen = () => { for (const p of pointers) window.addEventListener(p, pass, {capture: true}); };
listen();

// shield stops presses that are meant for a frame and arrive at what has come over it. shielded ends that.
function shield() {
  unwatch();
  const g = {handle: 0, stolen: ''};
  g.f = ev => { if (ev.isTrusted) { g.stolen = describe(ev.composedPath()[0]); ev.preventDefault(); ev.stopImmediatePropagation(); } };
  listen();
  guard = g;
  return true;
}
function shielded() { const stolen = guard && guard.handle === 0 ? guard.stolen : ''; unwatch(); return stolen; }

// invalid says which field keeps the browser from sending a form, "" for none.
function invalid(button) {
  const form = button.form;
  if (!form || form.noValidate || button.formNoValidate) return '';
  const e = [...form.elements].find(x => x.willValidate && !x.validity.valid);
  return e ? describe(e) + ': ' + (e.validationMessage || 'it is not valid') : '';
}

// done says what became of a press.
async function done(handle, early) {
  if (early) await coming(handle);
  const g = guard || hovering;
  if (!kept.has(handle)) return {other: true};
  if (!g || g.handle !== handle) return {arrived: false, stolen: '', late: true}; // nobody watched, so nobody knows
  if (!g.arrived && !g.stolen) await macrotask();
  const link = g.link && g.event && !g.event.defaultPrevented;
  unwatch();
  if (link) { await macrotask(); await macrotask(); }
  const e = kept.get(handle);
  if (!g.arrived && g.down && e && e.isConnected && (g.moved ? g.slid : g.up)) return {arrived: false, down: true, slipped: !!g.moved, stolen: ''};
  // With the button up over it, only the page itself can have taken it away before the click.
  if (!g.arrived && g.down && !g.up && e && !e.isConnected) return {arrived: false, down: true, replaced: true, stolen: ''};
  return {late, invalid: link && g.button && g.button.isConnected ? invalid(g.button) : '', arrived: g.arrived || !!g.moved || !!g.down && !e.isConnected, down: !!g.down, stolen: g.stolen, connected: !!e && e.isConnected, checked: e ? checked(e) : null, hovered: !!e && e.matches(':hover')};
}

const mixed = e => e.indeterminate === true || e.getAttribute('aria-checked') === 'mixed' || e.getAttribute('aria-pressed') === 'mixed';
const checked = e => {
  if (e.tagName === 'INPUT' && (e.type === 'checkbox' || e.type === 'radio')) return e.checked;
  if (/^(checkbox|radio|switch|menuitemcheckbox|menuitemradio)$/.test(roleOf(e))) return e.getAttribute('aria-checked') === 'true';
  return e.hasAttribute('aria-pressed') ? e.getAttribute('aria-pressed') === 'true' : null;
};

const setter = (e, v) => {
  const p = e.tagName === 'TEXTAREA' ? HTMLTextAreaElement.prototype : e.tagName === 'SELECT' ? HTMLSelectElement.prototype : HTMLInputElement.prototype;
  Object.getOwnPropertyDescriptor(p, 'value').set.call(e, v);
};
const tell = (e, ...events) => { for (const n of events) e.dispatchEvent(n === 'input' ? new InputEvent('input', {bubbles: true, composed: true, inputType: 'insertText'}) : new Event(n, {bubbles: true, composed: n !== 'change'})); };

function put(handle, v) {
  const e = kept.get(handle);
  if (!e || !e.isConnected) return fail('not_found', 'it was taken away');
  e.focus({preventScroll: true});
  setter(e, v);
  tell(e, 'input', 'change');
  return {};
}

// What is typed into a field goes there or nowhere: pages may send the focus elsewhere at the last moment.
let typing = null;
window.addEventListener('beforeinput', ev => {
  const to = ev.composedPath()[0]; // of a closed shadow root its host
  if (!typing || !ev.isTrusted || !typing.e.isConnected || inside(to, typing.e) || closed.has(to) && inside(typing.e, to)) return;
  typing.strayed = describe(to);
  ev.preventDefault();
  ev.stopImmediatePropagation();
}, {capture: true});

const current = e => e.isContentEditable ? (e.innerText ?? '').replace(/\n$/, '').replace(/\u00a0/g, ' ') : e.value;
const plain = s => s.replace(/\r\n?/g, '\n');

// holds compares a field with what it was given; a page may lay it out (12 → 12.00, 1234 → 12-34), which is told
// apart from a value that is another one.
function holds(e, want) {
  const have = plain(current(e)), w = plain(want);
  if (have === w) return {same: true};
  const bare = s => s.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
  const no = {same: false, have: e.type === 'password' ? '' : have.slice(0, 80), secret: e.type === 'password', length: have.length, limit: e.maxLength > 0 ? e.maxLength : 0, form: forms[e.type] || ''};
  if (e.type === 'number') return have !== '' && Number(have) === Number(w) ? {same: true} : no;
  if (e.type === 'color' && have.toLowerCase() === w.toLowerCase()) return {same: true};
  const meant = amounts(w), is = amounts(have);
  if (meant.length && is.length) return meant.some(n => is.includes(n)) ? {same: true, shaped: true, have} : no; // 12.50 is not 1250
  if (bare(w) !== '' && bare(have) === bare(w)) return {same: true, shaped: true, have};
  if (e.isContentEditable && norm(have) === norm(w)) return {same: true};
  return no;
}
// forms are how the browser wants the values of fields written.
const forms = {date: '2026-02-28', time: '14:30', 'datetime-local': '2026-02-28T14:30', month: '2026-02', week: '2026-W09', color: '#ff8800', number: '1234.5'};
// amounts are the numbers that a text may mean, all written the same way: 1.234 is one or the other. What is no number,
// or begins with a zero as codes do, means none.
function amounts(s) {
  const t = s.replace(/[\p{Sc}%\s]/gu, '').replace('\u2212', '-').replace(/\u2019/g, "'"), out = [];
  const write = (sign, whole, rest) => out.push((sign === '-' ? '-' : '') + whole.replace(/\D/g, '') + (rest || '').replace(/,/, '.').replace(/\.?0*$/, ''));
  const one = /^([-+]?)(0|[1-9]\d*)([.,]\d+)?$/.exec(t), many = /^([-+]?)([1-9]\d{0,2}(?:([',.])\d{3})(?:\3\d{3})*)([.,]\d+)?$/.exec(t);
  if (one) write(one[1], one[2], one[3]);
  if (many && (!many[4] || many[4][0] !== many[3])) write(many[1], many[2], many[4]);
  return out;
}
async function verify(handle, want, early) {
  if (early) await coming(handle);
  const e = kept.get(handle), strayed = typing ? typing.strayed : '';
  typing = null;
  if (!e) return {other: true};
  if (strayed) return {strayed};
  if (!e.isConnected) return {gone: true};
  const first = holds(e, want);
  if (!first.same) return first;
  await macrotask();
  return e.isConnected ? holds(e, want) : {gone: true};
}

// choose selects options of a <select> by what they say, their value or their place.
function choose(handle, wants, by) {
  const e = kept.get(handle);
  if (!e || !e.isConnected) return fail('not_found', 'it was taken away');
  const all = [...e.options], picked = [];
  for (const w of wants) {
    let o;
    if (by === 'index') o = all[Number(w)];
    if (!o && by !== 'index' && by !== 'value') o = all.find(x => norm(x.label) === norm(w)) || all.find(x => norm(x.textContent) === norm(w));
    if (!o && by !== 'index' && by !== 'label') o = all.find(x => x.value === String(w));
    if (!o) return fail('no_option', 'it has ' + (all.length ? all.slice(0, 12).map(x => '"' + norm(x.label) + '"').join(', ') : 'no choices yet'), e);
    if (o.disabled || (o.parentElement && o.parentElement.disabled)) return fail('disabled', 'the choice "' + norm(o.label) + '"', e);
    picked.push(o);
  }
  if (!e.multiple && picked.length > 1) return fail('wrong_kind', 'it takes one choice only', e);
  e.focus({preventScroll: true});
  for (const o of all) { const on = picked.includes(o); if (o.selected !== on) o.selected = on; }
  tell(e, 'input', 'change');
  picked.sort((a, b) => a.index - b.index); // what was chosen, not what the page has made of it
  return {values: picked.map(o => o.value), labels: picked.map(o => norm(o.label))};
}
const chosen = e => ({values: [...e.selectedOptions].map(o => o.value), labels: [...e.selectedOptions].map(o => norm(o.label))});
async function verifyChoice(handle, want) {
  const e = kept.get(handle);
  if (!e) return {other: true};
  if (!e.isConnected) return {gone: true};
  await macrotask();
  const now = chosen(e).values;
  return {same: now.length === want.length && now.every(v => want.includes(v)), have: chosen(e).labels.join(', ')};
}

// form fills many fields at once, as one step: each is found, filled and read back, from the top of the page down.
async function form(fields, whole) {
  const out = [], found = fields.map(f => find(f.target, 'shown')), place = found.map(f => f.e || null);
  if (whole && place.includes(null)) return null; // whole fills none unless all are there
  const order = fields.map((f, i) => i).sort((a, b) => !place[a] || !place[b] || place[a] === place[b] ? (place[b] ? 1 : 0) - (place[a] ? 1 : 0) || a - b : place[a].compareDocumentPosition(place[b]) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1);
  for (const i of order) out[i] = await formField(fields[i], found[i]);
  await macrotask();
  fields.forEach((f, i) => {
    if (out[i].kind) return;
    const e = kept.get(out[i].handle);
    if (out[i].chosen) {
      const now = e.isConnected ? chosen(e) : out[i].chosen;
      if (String(now.values) !== String(out[i].chosen.values)) out[i] = {...fail('reverted', 'it shows "' + now.labels.join(', ') + '"', e), query: out[i].query};
      return;
    }
    Object.assign(out[i], e && e.isConnected ? {check: holds(e, f.value)} : {check: {gone: true}});
  });
  return {order, fields: out};
}
async function formField(f, found) {
  const r = await look({found, target: f.target, action: f.kind === 'check' ? 'check' : f.kind === 'select' ? 'select' : 'fill'});
  if (r.kind === 'wrong_kind' && f.kind === 'auto') {
    const g = find(f.target, 'shown');
    if (g.e && g.e.tagName === 'SELECT') return formSelect(f);
    if (g.e && checked(g.e) !== null) return {...r, kind: 'use_check'};
  }
  if (r.kind) return r;
  if (f.kind === 'select') return formSelect(f);
  if (f.kind === 'check') return {...r, kind: 'use_check'};
  const e = kept.get(r.handle);
  if (f.secret) secrets.add(e);
  if (e.isContentEditable) return {...r, kind: 'use_keys'};
  setter(e, f.value);
  tell(e, 'input', 'change');
  return {handle: r.handle, element: r.element, query: r.query};
}
async function formSelect(f) {
  const r = await look({target: f.target, action: 'select'});
  if (r.kind) return r;
  const c = choose(r.handle, f.values || [f.value], '');
  return c.kind ? c : {...r, chosen: c};
}
