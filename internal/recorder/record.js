// What the recorder runs inside of each document, in the library's world: it sees what a person does, names the elements
// that it is done to before the page reacts, and tells it. What is typed into a field for secrets is never read.
(() => {
  const a = globalThis.__aether;
  if (!a || a.record) return;
  const {norm, rootOf, parentOf, inside, shown, keep, secrets, label} = a.of;
  const tell = m => { try { globalThis.__aetherTell(JSON.stringify(m)); } catch { /* the document is going away */ } };
  const top = window === window.top;
  const doc = Math.random().toString(36).slice(2, 10);
  const state = {mode: '', paused: false, count: 0, last: ''};
  const ours = new WeakSet(); // hosts of what is drawn over the page

  // Names of elements. A key tells whether two steps are about the same one.
  const keys = new WeakMap();
  let number = 0;
  const keyOf = e => { if (!keys.has(e)) keys.set(e, doc + '.' + (++number)); return keys.get(e); };
  const called = e => norm(a.of.nameOf(e)) || norm(label(e)) || norm(e.getAttribute('name')) || '';
  function element(e) {
    if (!e || !e.isConnected) return null;
    const secret = isSecret(e);
    const all = a.candidates(keep(e)), near = all.length && all[0].score < 0.5 ? scoped(e, all) : null;
    const queries = (near ? near.all : all).map(c => ({...c.query, score: c.score, reason: c.reason, matches: c.matches}));
    return {key: keyOf(e), queries, within: near ? near.within : null, print: a.printOf(e), name: (isField(e) ? norm(label(e)) || a.of.said(e) || norm(e.getAttribute('placeholder')) || norm(e.name) : called(e)).slice(0, 80), role: a.of.roleOf(e), tag: e.tagName.toLowerCase(), type: e.type || '', secret};
  }

  // scoped finds an element that is one of several like it by the part of the page that it stands in, such as a card with
  // a heading of its own: ways to find it there, and the part.
  const literal = s => !s.includes("'") ? `'${s}'` : !s.includes('"') ? `"${s}"` : '';
  function scoped(e, all) {
    for (let n = parentOf(e), i = 0; n && n !== document.body && n !== document.documentElement && i < 10; n = parentOf(n), i++) {
      for (const part of parts(n)) {
        let found;
        try { found = a.of.search(part, null); } catch { continue; }
        if (found.length !== 1 || found[0] !== n) continue;
        const out = [];
        for (const c of all) {
          if (c.query.by === 'xpath') continue;
          const q = {...c.query};
          delete q.nth;
          if (a.of.find({queries: [q], within: [part]}, 'shown').e === e && !out.some(o => o.query.by === q.by && o.query.value === q.value)) out.push({query: q, score: Math.min(0.85, Math.round(c.score * 220) / 100), reason: c.reason.replace(/, the \d+\. of \d+$/, '') + ', alone in its part of the page', matches: 1});
        }
        if (out.length) return {within: [part], all: [...out, ...all.filter(c => c.query.by === 'css' && !c.query.nth && a.of.find({queries: [c.query], within: [part]}, 'shown').e === e)].slice(0, 6)};
      }
    }
    return null;
  }
  // parts are names for a part of the page: ids and labels made by people, and the heading or first words in it.
  function parts(n) {
    const out = [], tag = n.tagName.toLowerCase();
    const test = n.getAttribute('data-testid') || n.getAttribute('data-test');
    if (test) out.push({by: 'testid', value: test});
    if (n.id && !a.of.generated(n.id) && n.getRootNode() === document) out.push({by: 'id', value: n.id});
    const named = n.getAttribute('aria-label');
    if (named && a.of.roleOf(n)) out.push({by: 'role', value: a.of.roleOf(n), name: norm(named)});
    if (n.getRootNode() !== document || !/^[a-z][a-z0-9-]*$/.test(tag)) return out;
    const head = n.querySelector('h1,h2,h3,h4,h5,h6,legend,summary,caption,th[scope=row]') || /^(LI|ARTICLE|TR|DT|DD|FIGURE|SECTION|DIV)$/.test(n.tagName) && n.querySelector('b,strong,a,td');
    const text = head ? norm(head.textContent) : '';
    if (text && text.length <= 60 && literal(text)) out.push({by: 'xpath', value: `//${tag}[${head.parentElement === n ? '' : './/'}${head.tagName.toLowerCase()}[normalize-space()=${literal(text)}]]`});
    return out;
  }

  const fieldTypes = /^(button|submit|reset|image|checkbox|radio|file|hidden)$/;
  const isText = e => e.tagName === 'TEXTAREA' || e.tagName === 'INPUT' && !fieldTypes.test(e.type) || e.isContentEditable;
  const isField = e => e.tagName === 'SELECT' || e.tagName === 'INPUT' && !/^(button|submit|reset|image)$/.test(e.type) || isText(e);
  const boxed = e => e.tagName === 'INPUT' && (e.type === 'checkbox' || e.type === 'radio');
  const isFile = e => e.tagName === 'INPUT' && e.type === 'file';
  // A field that has held a password once keeps its secret, also when the page shows it.
  const hidden = new WeakSet();
  const once = /(^|[\s_-])(otp|totp|mfa|2fa|cvc|cvv|csc|pin|passcode|passphrase)([\s_-]|$)/i;
  function isSecret(e) {
    if (e.tagName !== 'INPUT') return false;
    const auto = e.getAttribute('autocomplete') || '';
    if (e.type === 'password' || /one-time-code|current-password|new-password|cc-csc/.test(auto) || once.test((e.name || '') + ' ' + (e.id || ''))) { hidden.add(e); secrets.add(e); }
    return hidden.has(e);
  }
  const host = e => { while (e.parentElement && e.parentElement.isContentEditable) e = e.parentElement; return e; };

  // deep is the element that an event is really about, closed shadow roots entered.
  function deep(ev) {
    let e = ev.composedPath()[0];
    if (!e || e.nodeType !== 1) e = e === document ? document.documentElement : e && e.parentElement || document.documentElement;
    for (let r = rootOf(e); r; r = rootOf(e)) {
      const n = 'clientX' in ev && (ev.clientX || ev.clientY) ? r.elementFromPoint(ev.clientX, ev.clientY) : r.activeElement;
      if (!n || n === e || !r.contains(n)) break;
      e = n;
    }
    return e;
  }
  const pressed = 'a[href],button,summary,input,select,textarea,option,area,[role=button],[role=link],[role=menuitem],[role=menuitemcheckbox],[role=menuitemradio],[role=option],[role=tab],[role=checkbox],[role=radio],[role=switch],[role=treeitem]';
  // meant is what a person would say was pressed: the button, not the picture on it.
  function meant(e) {
    if (e.isContentEditable) return host(e);
    for (let n = e; n && n !== document.body; n = parentOf(n)) if (n.matches(pressed)) return n;
    if (e.closest('svg')) return e.closest('svg').parentElement || e;
    return e;
  }
  const labelled = e => { for (let n = e; n && n !== document.body; n = parentOf(n)) { if (n.matches(pressed)) return null; if (n.tagName === 'LABEL' && n.control) return n.control; } return null; };

  // Keys that matter only if the page does something with them are told when it has.
  let waiting = [];
  function flush() {
    const list = waiting;
    waiting = [];
    for (const w of list) if (w.if()) tell(w.message);
  }
  const later = (message, test) => { waiting.push({message, if: test}); setTimeout(flush, 0); };

  const mods = ev => [ev.altKey && 'Alt', ev.ctrlKey && 'Control', ev.metaKey && 'Meta', ev.shiftKey && 'Shift'].filter(Boolean);
  const own = ev => ours.has(ev.composedPath()[0]);
  const stop = ev => { ev.preventDefault(); ev.stopImmediatePropagation(); };

  // Scrolling is told only if what is then worked on had not been there before.
  const scrolls = new Map(), fresh = new WeakMap();
  let turn = 0, moved = 0;
  const page = () => document.scrollingElement || document.documentElement;
  new MutationObserver(list => {
    for (const m of list) {
      for (const n of m.addedNodes) fresh.set(n, turn);
      if (m.type === 'characterData' && m.target.parentNode) fresh.set(m.target.parentNode, turn);
    }
    look();
  }).observe(document, {childList: true, subtree: true, characterData: true});
  const byHand = () => { moved = performance.now(); deed++; };
  addEventListener('scroll', ev => {
    const e = ev.target === document ? page() : ev.target;
    if (!e || e.nodeType !== 1) return;
    let s = scrolls.get(e);
    if (!s) { s = {x: 0, y: 0, height: e.scrollHeight, grew: 0, since: 0}; scrolls.set(e, s); }
    if (performance.now() - moved < 1500 && !s.since) s.since = ++turn;
    if (e.scrollHeight > s.height + 1) { s.grew++; s.height = e.scrollHeight; }
  }, {capture: true, passive: true});
  // scrolled tells how far was scrolled before a step, where that made its element appear.
  function scrolled(e) {
    for (const [area, s] of scrolls) {
      if (!area.isConnected) { scrolls.delete(area); continue; }
      if (!s.since || area !== page() && !inside(e, area)) continue;
      if (area.scrollHeight > s.height + 1) { s.grew++; s.height = area.scrollHeight; }
      let made = false;
      for (let n = e; n && n !== area && !made; n = parentOf(n)) made = (fresh.get(n) || 0) >= s.since;
      if (!made) continue;
      tell({t: 'scroll', el: area === page() ? null : element(area), x: Math.round(area.scrollLeft - s.x), y: Math.round(area.scrollTop - s.y), grew: s.grew});
      Object.assign(s, {x: area.scrollLeft, y: area.scrollTop, grew: 0, since: 0});
    }
  }

  // What is pressed may be there only because the mouse came over something, as an item of a menu that opens under it.
  // What cannot be seen is noted while the mouse moves. What can be seen then belongs to the element that the mouse has
  // come over just before, if it lies there and nothing was done meanwhile.
  const mayOpen = 'a[href],button,input:not([type=hidden]),select,textarea,[role=button],[role=link],[role^=menuitem],[role=option],[role=tab],[role=treeitem],[onclick],li';
  const unseen = new WeakSet(), seen = new WeakSet(), opener = new WeakMap();
  let over = null, deed = 0, planned = 0;
  const near = (e, o) => { const a = e.getBoundingClientRect(), b = o.getBoundingClientRect(); return a.left < b.right + 60 && a.right > b.left - 60 && a.top < b.bottom + 60 && a.bottom > b.top - 60; };
  const related = (e, o) => { for (let n = o, i = 0; n && n !== document.body && i < 4; n = parentOf(n), i++) if (inside(e, n) || n.hasAttribute('aria-haspopup') || n.hasAttribute('aria-expanded')) return true; return false; };
  function survey(next) {
    clearTimeout(planned);
    planned = 0;
    const list = document.querySelectorAll(mayOpen), news = [];
    if (list.length > 3000) return;
    const last = next || over;
    for (const e of list) {
      if (!shown(e)) { unseen.add(e); continue; }
      if (unseen.has(e) || !seen.has(e) && last && related(e, last.e)) { opener.delete(e); news.push(e); }
      unseen.delete(e);
      seen.add(e);
    }
    // At the moment when the mouse comes over another element what the page shows for that is there already. Where that is
    // news itself, it was opened by the one before.
    const by = next && !news.some(e => inside(next.e, e)) ? next : over, since = by ? performance.now() - by.at : Infinity;
    if (since < 1200 && by.deed === deed && news.length && news.length <= 200 && news.some(e => near(e, by.e))) for (const e of news) if (!inside(by.e, e)) opener.set(e, by);
    if (since < 1000) planned = setTimeout(() => attempt(), 250);
  }
  const attempt = next => { try { survey(next); } catch { /* a page of a kind of its own has no menus */ } };
  function hover(ev) {
    if (!ev.isTrusted || own(ev) || choosing()) return;
    const e = meant(deep(ev));
    if (over && over.e === e || e === document.documentElement || e === document.body) return;
    const next = {e, at: performance.now(), deed};
    attempt(next);
    over = next;
    clearTimeout(planned);
    planned = setTimeout(() => attempt(), 30);
  }
  // opened tells what the mouse had to come over first, the outermost of several menus first.
  function opened(e) {
    const way = [];
    attempt();
    for (let n = e; n && way.length < 5;) {
      let o = null;
      for (let p = n; p && !o; p = parentOf(p)) o = opener.get(p);
      if (!o || o.deed !== deed || way.includes(o) || !o.e.isConnected || !shown(o.e)) break;
      way.unshift(o);
      n = o.e;
    }
    for (const o of way) if (o.e !== e && !inside(o.e, e)) tell({t: 'hover', el: element(o.e)});
  }

  // Presses. What is pressed is named when the button goes down, before the page reacts.
  let down = null, box = null, enter = null;
  const name = e => down && down.e === e && down.el ? down.el : element(e);
  function pointerDown(ev) {
    if (!ev.isTrusted) return;
    flush();
    const raw = deep(ev), e = meant(raw);
    enter = null;
    opened(e);
    deed++;
    down = {e, raw, x: ev.clientX, y: ev.clientY, button: ev.button, el: element(e), kept: null, native: false, dragged: false, prevented: () => ev.defaultPrevented};
    if (ev.button === 0 && e.tagName === 'SELECT') scrolled(e);
  }
  addEventListener('gotpointercapture', ev => { if (ev.isTrusted && down && !own(ev)) down.kept = element(deep(ev)); }, {capture: true});

  function click(ev) {
    if (!ev.isTrusted || down && down.dragged) return;
    flush();
    const raw = deep(ev), e = meant(raw), control = labelled(raw);
    if (enter && ev.detail === 0 && e.form && e.form === enter && /^(submit|image)$/.test(e.type)) return; // the form was sent by Enter
    if (e === document.documentElement || e === document.body) return;
    if (!down && e.isContentEditable) return;
    if (down && Math.hypot(ev.clientX - down.x, ev.clientY - down.y) > 5 && !getSelection().isCollapsed) return; // text was marked
    scrolled(e);
    if (control) { // the press on its field follows
      const m = {t: 'click', el: element(e), mods: mods(ev)};
      box = {control, el: element(control), seen: false};
      const mine = box;
      later(m, () => !mine.seen);
      return;
    }
    if (box && box.control === e) box.seen = true;
    if (isFile(e)) { tell({t: 'chooser'}); return; }
    if (boxed(e)) {
      const el = box && box.control === e ? box.el : name(e), held = {e, el, told: false};
      ticking = held;
      later({t: 'check', el, checked: true}, () => !held.told && e.type === 'radio' && e.checked);
      later({t: 'click', el, mods: mods(ev)}, () => !held.told && e.isConnected && !(e.type === 'radio' && e.checked));
      return;
    }
    const el = box && box.control === e ? box.el : name(e), m = {t: 'click', el, mods: mods(ev), weak: isText(e), list: e.tagName === 'SELECT' || e.tagName === 'OPTION'};
    if (raw.closest('canvas,img,svg,area') && !e.matches('a,button')) { const r = e.getBoundingClientRect(); if (/^(CANVAS|IMG|svg)$/.test(e.tagName)) Object.assign(m, {at: true, x: Math.round(ev.clientX - r.left), y: Math.round(ev.clientY - r.top)}); }
    tell(m);
  }
  let ticking = null;

  function input(ev) {
    const e = real(ev);
    if (!e || !ev.isTrusted && !isFile(e) && a.record.given !== e) return; // what a person chose beside the page is given to it
    if (ticking && ticking.e === e) ticking.told = true;
    flush();
    if (isFile(e)) { files(e, e.files, ''); return; }
    if (boxed(e)) {
      const el = ticking && ticking.e === e ? ticking.el : element(e);
      tell({t: 'check', el, checked: e.checked});
    } else if (e.tagName === 'SELECT') tell({t: 'select', el: down && down.e === e && down.el || element(e), values: [...e.selectedOptions].map(o => norm(o.label))});
    else if (isText(e)) {
      const field = e.isContentEditable ? host(e) : e, secret = isSecret(field);
      const el = typed.get(field) && typed.get(field).key ? {key: typed.get(field).key} : focused && focused.e === field ? focused.el : element(field);
      if (el && !typed.has(field)) { scrolled(field); typed.set(field, {key: el.key}); }
      tell({t: 'fill', el, secret, value: secret ? '' : field.isContentEditable ? (field.innerText || '').replace(/\n$/, '').replace(/\u00a0/g, ' ') : field.value, rich: field.isContentEditable});
    }
  }
  // real is the field that an event of typing is about.
  function real(ev) {
    let e = ev.composedPath()[0];
    if (!e || e.nodeType !== 1) return null;
    for (let r = rootOf(e); r && r.activeElement; r = rootOf(e)) e = r.activeElement;
    return e;
  }
  // A field is named when it gets the focus, before what is typed changes the page. Its name is told once.
  const typed = new Map();
  let focused = null;
  function focus(ev) {
    const e = real(ev);
    if (!e || !isText(e)) return;
    const field = e.isContentEditable ? host(e) : e;
    isSecret(field);
    typed.delete(field);
    focused = {e: field, el: down && down.e === field && down.el || element(field)};
  }

  function files(e, list, by) {
    const el = typeof e === 'object' && e.nodeType ? element(e) : e;
    if (list.length) tell({t: 'upload', el, by, files: [...list].map(f => ({name: f.name, handle: keep(f)}))});
  }

  const quiet = /^(Shift|Control|Alt|AltGraph|Meta|CapsLock|NumLock|ScrollLock|Dead|Process|Unidentified|Compose|Fn|ContextMenu)$/;
  function key(ev) {
    if (!ev.isTrusted || ev.isComposing || quiet.test(ev.key)) return;
    flush();
    let e = real(ev) || document.body;
    if (!e.isConnected) e = document.body;
    const combo = ev.ctrlKey || ev.metaKey || ev.altKey, text = isText(e), bare = e === document.body || e === document.documentElement;
    if (/^(Page|Arrow|Home|End| $)/.test(ev.key)) byHand();
    if (isSecret(e) && ev.key !== 'Enter' && ev.key !== 'Escape' && ev.key !== 'Tab') return;
    if (ev.key.length === 1 && !combo && (text || ev.key === ' ')) return;
    if ((ev.ctrlKey || ev.metaKey) && /^[acvxzy]$/i.test(ev.key)) return;
    const m = {t: 'press', key: [...mods(ev).filter(k => k !== 'Shift' || ev.key.length > 1), ev.key === ' ' ? 'Space' : ev.key].join('+')};
    const named = () => { m.el = bare ? null : element(e.isContentEditable ? host(e) : e); const list = popup(e); if (list) m.awaits = element(list); };
    if (ev.key === 'Enter' && !combo) {
      if (e.matches('button,a[href],summary,input[type=button],input[type=submit],input[type=reset],input[type=image],input[type=file],input[type=checkbox],input[type=radio],[role=button],[role=link]') && e.tagName !== 'DIV') return; // a click follows
      if (e.tagName === 'TEXTAREA' || e.isContentEditable) { named(); later(m, () => ev.defaultPrevented); return; }
      named();
      enter = e.form || null;
      tell(m);
      return;
    }
    if (ev.key === 'Escape') { named(); tell(m); return; }
    if (e.tagName === 'SELECT' || boxed(e) && ev.key !== 'Tab') return; // what is chosen is told
    named();
    later(m, () => ev.defaultPrevented);
  }
  // popup is the list that a field shows and that a key moves in.
  function popup(e) {
    if (e.getAttribute('aria-expanded') !== 'true' && e.getAttribute('role') !== 'combobox') return null;
    const ref = (e.getAttribute('aria-controls') || e.getAttribute('aria-owns') || '').split(/\s+/)[0], root = e.getRootNode();
    const list = ref && root.getElementById ? root.getElementById(ref) : null;
    return list && shown(list) ? list : null;
  }

  // Dragging: by the browser's own means, or by the page's.
  let dragging = null;
  addEventListener('dragstart', ev => { if (ev.isTrusted && !own(ev)) { const e = deep(ev).closest('[draggable=true]') || deep(ev); dragging = element(e); if (down) down.native = true; } }, {capture: true});
  addEventListener('dragend', () => { dragging = null; }, {capture: true});
  addEventListener('drop', ev => {
    if (!ev.isTrusted || state.mode) return;
    const to = element(deep(ev));
    if (dragging) tell({t: 'drag', el: dragging, to});
    else if (ev.dataTransfer && ev.dataTransfer.files.length) { const list = ev.dataTransfer.files; later({t: 'upload', el: to, by: 'drop', files: [...list].map(f => ({name: f.name, handle: keep(f)}))}, () => ev.defaultPrevented); }
    dragging = null;
  }, {capture: true});
  function pointerUp(ev) {
    if (!ev.isTrusted || !down || down.native || down.button !== 0) return;
    const dx = Math.round(ev.clientX - down.x), dy = Math.round(ev.clientY - down.y);
    if (Math.hypot(dx, dy) < 9 || down.e.tagName === 'SELECT' || isText(down.e) || down.e.type === 'range') return;
    const style = getComputedStyle(down.raw);
    if (!down.kept && !down.prevented() && !/grab|move|resize/.test(style.cursor)) return;
    const el = down.kept || element(down.raw), source = [...all()].find(e => keyOf(e) === el.key) || down.raw;
    const under = document.elementsFromPoint(ev.clientX, ev.clientY).find(e => !inside(e, source) && !ours.has(e) && getComputedStyle(e).pointerEvents !== 'none');
    down.dragged = true;
    if (!under || inside(source, under)) tell({t: 'drag', el, x: dx, y: dy});
    else tell({t: 'drag', el, to: element(under)});
  }
  function* all() { for (let n = down.raw; n; n = parentOf(n)) yield n; }

  // Modes: what is pressed then is chosen, and the page does not see it.
  const choosing = () => state.mode !== '';
  const chosen = ev => {
    const raw = deep(ev), e = state.mode === 'value' || state.mode === 'pick' ? meant(raw) : raw;
    const m = {t: 'chosen', mode: state.mode, el: element(e), text: '', value: null};
    if (isSecret(e)) m.el.secret = true;
    else { m.text = isField(e) ? '' : norm(e.innerText ?? e.textContent).slice(0, 200); m.value = boxed(e) ? e.checked : 'value' in e && isField(e) ? e.value : null; }
    if (a.pick) a.pick(e, m);
    tell(m);
  };
  // A fault of the recorder's is told, and never one of the page.
  const safe = f => ev => { try { f(ev); } catch (err) { tell({t: 'trouble', text: ev.type + ': ' + (err && err.message || err)}); } };
  const pointers = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'dblclick', 'auxclick', 'contextmenu', 'touchstart', 'touchend', 'dragstart'];
  const handlers = {
    pointerdown: pointerDown, pointerup: pointerUp, click,
    dblclick: ev => { if (ev.isTrusted) tell({t: 'dblclick', el: name(meant(deep(ev)))}); },
    contextmenu: ev => { if (ev.isTrusted && ev.button === 2) { const e = meant(deep(ev)); scrolled(e); tell({t: 'right', el: name(e)}); } },
    auxclick: ev => { if (ev.isTrusted && ev.button === 1) { const e = meant(deep(ev)); scrolled(e); tell({t: 'click', el: name(e), mods: ['Control']}); } },
  };
  for (const type of pointers) {
    addEventListener(type, ev => {
      if (own(ev)) { // ours: the page does not see it
        if (a.bar && ev.isTrusted && type === 'click') a.bar.press(ev);
        stop(ev);
        return;
      }
      if (choosing()) {
        if (ev.isTrusted && type === 'click') chosen(ev);
        stop(ev);
        return;
      }
      if (handlers[type]) safe(handlers[type])(ev);
    }, {capture: true, passive: false});
  }
  addEventListener('mousemove', ev => {
    if (choosing() && a.bar) a.bar.mark(own(ev) ? null : state.mode === 'value' || state.mode === 'pick' ? meant(deep(ev)) : deep(ev));
    suspect(ev);
  }, {capture: true, passive: true});
  addEventListener('mouseover', ev => safe(hover)(ev), {capture: true, passive: true});
  addEventListener('keydown', ev => {
    if (choosing()) { // Tab leads through the page, and Enter chooses what has the focus
      if (ev.isTrusted && ev.key === 'Escape') tell({t: 'bar', press: 'cancel'});
      const e = ev.isTrusted && ev.key === 'Enter' && deep(ev);
      if (e && e !== document.body && e !== document.documentElement) chosen(ev);
      if (ev.key !== 'Tab') stop(ev);
      return;
    }
    deed++;
    if (!own(ev)) safe(key)(ev);
  }, {capture: true});
  addEventListener('input', ev => { if (!own(ev)) safe(input)(ev); }, {capture: true});
  addEventListener('focusin', ev => { if (own(ev)) return; if (choosing() && a.bar) a.bar.mark(deep(ev)); safe(focus)(ev); }, {capture: true});
  for (const type of ['wheel', 'touchmove']) addEventListener(type, byHand, {capture: true, passive: true});

  // Closed shadow roots are made known by the driver, when there may be some.
  const asked = new WeakSet();
  const mayHost = e => (e.tagName.includes('-') || /^(ARTICLE|ASIDE|BLOCKQUOTE|DIV|FOOTER|HEADER|MAIN|NAV|P|SECTION|SPAN)$/.test(e.tagName) && !e.firstChild) && !rootOf(e) && !ours.has(e) && !asked.has(e);
  function suspect(ev) {
    const e = ev.composedPath()[0];
    if (e && e.nodeType === 1 && mayHost(e)) { asked.add(e); tell({t: 'closed'}); }
  }
  let soon = 0;
  function look() {
    if (soon) return;
    soon = setTimeout(() => {
      soon = 0;
      let any = false;
      for (const e of document.getElementsByTagName('*')) if (e.tagName.includes('-') && mayHost(e)) { asked.add(e); any = true; }
      if (any) tell({t: 'closed'});
    }, 50);
  }
  const close = a.closed;
  a.closed = (h, r) => ours.has(h) || close(h, r);

  const hello = () => { tell({t: 'hello', top, title: document.title, url: location.href, width: innerWidth, height: innerHeight}); look(); attempt(); if (a.bar) a.bar.draw(); };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', hello); else hello();
  addEventListener('load', hello);
  tell({t: 'begin', top, url: location.href});

  a.record = {
    tell, top, ours, state, element, stop,
    set: o => { if (o.rev < (state.rev || 0)) return false; Object.assign(state, o); if (a.bar) a.bar.draw(); if (!state.mode && a.bar) a.bar.mark(null); return true; },
  };
})();
