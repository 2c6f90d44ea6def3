// What Aether runs inside of a page, in a world of its own that the page's scripts cannot see: it finds an element,
// says whether a person could use it now, watches that an action arrives where it was meant to, and reads.
(() => {
  if (globalThis.__aether) return;
  const closed = new WeakMap(); // host -> its closed shadow root, told by the driver
  const kept = new Map();       // number -> element, for the steps of one action
  let count = Math.floor(Math.random() * 1e12); // so that a handle of one document means nothing in another

  const untidy = /^[\s\u200b]|[\s\u200b]$|[^\S ]|[\u200b]|  /; // most texts are as they shall be
  const norm = s => !s ? '' : untidy.test(s) ? s.replace(/[\s\u00a0\u200b\ufeff]+/g, ' ').trim() : s;
  const low = s => norm(s).toLowerCase();
  const rootOf = e => e.shadowRoot || closed.get(e) || null;
  const parentOf = n => n.assignedSlot || n.parentElement || (n.getRootNode() instanceof ShadowRoot ? n.getRootNode().host : null);
  const macrotask = () => new Promise(f => { const c = new MessageChannel(); c.port1.onmessage = () => { c.port1.close(); f(); }; c.port2.postMessage(0); });
  const frame = () => new Promise(f => { const t = setTimeout(f, 50); requestAnimationFrame(() => { clearTimeout(t); f(); }); });
  const pause = ms => new Promise(f => setTimeout(f, ms));

  // roots are the document and every shadow root in it, outermost first.
  function roots(start) {
    const all = [start];
    for (let i = 0; i < all.length; i++) {
      const walker = document.createTreeWalker(all[i], NodeFilter.SHOW_ELEMENT);
      for (let n = walker.currentNode; n; n = walker.nextNode()) {
        const r = n.nodeType === 1 && rootOf(n);
        if (r) all.push(r);
      }
    }
    return all;
  }

  function shown(e) {
    if (!e.isConnected) return false;
    if (!e.checkVisibility({visibilityProperty: true}) && getComputedStyle(e).display !== 'contents') return false;
    if (e.tagName === 'OPTION' || e.tagName === 'OPTGROUP') return shown(e.closest('select') || e.parentElement);
    const r = e.getBoundingClientRect();
    if (r.width > 0 && r.height > 0) return true;
    for (const c of e.children) if (shown(c)) return true;
    if (getComputedStyle(e).display === 'contents' || getComputedStyle(e).display === 'inline') {
      const range = document.createRange();
      range.selectNodeContents(e);
      const b = range.getBoundingClientRect();
      return b.width > 0 && b.height > 0;
    }
    return false;
  }

  const controls = 'input:not([type=hidden]),select,textarea,button,meter,progress,output,[contenteditable=""],[contenteditable=true],[contenteditable=plaintext-only],[role=textbox],[role=combobox],[role=searchbox],[role=spinbutton],[role=checkbox],[role=radio],[role=switch],[role=slider],[role=listbox]';
  const buttonInput = e => e.tagName === 'INPUT' && /^(submit|button|reset|image)$/.test(e.type);
  const ownText = e => buttonInput(e) ? (e.value || (e.type === 'submit' ? 'Submit' : e.type === 'reset' ? 'Reset' : e.alt)) : (e.innerText ?? e.textContent);

  function byRef(e, attribute) {
    const root = e.getRootNode();
    return (e.getAttribute(attribute) || '').split(/\s+/).filter(Boolean).map(id => root.getElementById ? root.getElementById(id) : document.getElementById(id)).filter(Boolean);
  }

  // label is what a person would call a field: as assistive technology has it, else the words beside it.
  function label(e) {
    const ref = byRef(e, 'aria-labelledby').map(x => norm(x.textContent)).filter(Boolean).join(' ');
    if (ref) return ref;
    const aria = norm(e.getAttribute('aria-label'));
    if (aria) return aria;
    if (e.labels && e.labels.length) {
      const text = [...e.labels].map(l => {
        const c = l.cloneNode(true);
        for (const x of c.querySelectorAll('input,select,textarea,button,script,style')) x.remove();
        return norm(c.textContent);
      }).filter(Boolean).join(' ');
      if (text) return text;
    }
    return norm(e.getAttribute('placeholder')) || norm(e.getAttribute('title'));
  }

  // titled says whether a field has a label of its own; what stands beside it is not its name then.
  const titled = e => byRef(e, 'aria-labelledby').some(x => norm(x.textContent)) || norm(e.getAttribute('aria-label')) !== '' || !!e.labels && [...e.labels].some(l => norm(l.textContent));

  // joined says whether nothing is to be read between words and a field.
  function joined(w, e) {
    const between = document.createRange();
    if (w.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING) { between.setStartAfter(w); between.setEndBefore(e); } else { between.setStartAfter(e); between.setEndBefore(w); }
    return !/[\p{L}\p{N}]/u.test(between.toString());
  }

  // beside finds the field that words without a tie to it stand next to: the only field of the smallest part of the
  // page that holds the words and a field. With two fields there it stays silent.
  function beside(words, root) {
    const found = new Set();
    for (const w of words) {
      let up = w;
      for (let i = 0; i < 6 && up && up !== root; i++, up = up.parentElement) {
        if (up.matches(controls)) break;
        const inside = [...up.querySelectorAll(controls)].filter(c => !buttonInput(c) && c.tagName !== 'BUTTON' && shown(c));
        if (inside.length === 1) { if (!titled(inside[0]) && (i < 3 || joined(w, inside[0]))) found.add(inside[0]); break; }
        if (inside.length > 1) {
          const after = inside.filter(c => w.compareDocumentPosition(c) & Node.DOCUMENT_POSITION_FOLLOWING);
          const cell = w.closest('td,th,dt');
          if (cell && cell.nextElementSibling) {
            const own = after.filter(c => cell.nextElementSibling.contains(c));
            if (own.length === 1) found.add(own[0]);
          }
          break;
        }
      }
    }
    return [...found];
  }

  const roles = {
    button: 'button,summary,input[type=button],input[type=submit],input[type=reset],input[type=image]', link: 'a[href],area[href]',
    checkbox: 'input[type=checkbox]', radio: 'input[type=radio]', textbox: 'input:not([type]),input[type=text],input[type=email],input[type=tel],input[type=url],input[type=password],textarea,[contenteditable=""],[contenteditable=true]',
    searchbox: 'input[type=search]', spinbutton: 'input[type=number]', slider: 'input[type=range]', combobox: 'select:not([multiple]):not([size]),input[list]', listbox: 'select[multiple],select[size],datalist', option: 'option',
    heading: 'h1,h2,h3,h4,h5,h6', img: 'img,svg', list: 'ul,ol,menu', listitem: 'li', table: 'table', row: 'tr', cell: 'td', columnheader: 'th:not([scope=row])', rowheader: 'th[scope=row]',
    navigation: 'nav', main: 'main', banner: 'header', contentinfo: 'footer', complementary: 'aside', form: 'form', region: 'section', article: 'article', dialog: 'dialog', group: 'fieldset,details', progressbar: 'progress', meter: 'meter', separator: 'hr', paragraph: 'p', status: 'output', figure: 'figure',
  };

  function roleOf(e) {
    const given = norm(e.getAttribute('role')).split(' ')[0];
    if (given) return given;
    for (const r in roles) if (e.matches(roles[r])) return r;
    return '';
  }

  function nameOf(e) {
    const text = label(e);
    if (text && (e.hasAttribute('aria-labelledby') || e.hasAttribute('aria-label') || (e.labels && e.labels.length))) return text;
    if (e.matches('img,area,input[type=image]')) return norm(e.getAttribute('alt')) || norm(e.getAttribute('title'));
    if (e.tagName === 'SVG' || e.tagName === 'svg') { const t = e.querySelector('title'); if (t) return norm(t.textContent); }
    if (e.tagName === 'FIELDSET') { const l = e.querySelector('legend'); if (l) return norm(l.textContent); }
    if (e.tagName === 'TABLE') { const c = e.querySelector('caption'); if (c) return norm(c.textContent); }
    if (e.matches('input:not([type=submit]):not([type=button]):not([type=reset]),select,textarea')) return text;
    const own = norm(ownText(e));
    if (own) return own;
    const alt = [...e.querySelectorAll('img[alt],[aria-label]')].map(x => norm(x.getAttribute('alt') || x.getAttribute('aria-label'))).filter(Boolean).join(' ');
    return alt || text;
  }

  // texts finds the innermost elements whose text passes the test. Parts of the page that do not hold the words are
  // not entered.
  function texts(root, wanted, same) {
    const part = low(wanted), out = [];
    const visit = e => {
      if (e.nodeType === 1) {
        if (/^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|HEAD)$/.test(e.tagName)) return false;
        if (buttonInput(e)) { if (same(ownText(e))) { out.push(e); return true; } return false; }
      }
      if (!low(e.textContent).includes(part) && !(e.querySelector && e.querySelector('input[type=submit],input[type=button],input[type=reset]'))) return false;
      let deeper = false;
      for (const c of e.children) deeper = visit(c) || deeper;
      if (deeper || e.nodeType !== 1) return deeper;
      if (!same(ownText(e))) return false; // not textContent, in which scripts count as words
      out.push(e);
      return true;
    };
    visit(root === document ? document.documentElement || root : root);
    return out;
  }

  const tests = ['data-testid', 'data-test-id', 'data-test', 'data-cy', 'data-qa'];

  // exactly says how texts are compared, strictly first and then as a person would.
  const exactly = v => t => norm(t) === norm(v);
  const alike = v => t => low(t).includes(low(v));

  // listed are the elements of one root that a query means: to the letter ('strict'), as a person would compare texts
  // ('alike'), or the first of the two that finds any.
  function listed(root, q, how) {
    const all = css => [...root.querySelectorAll(css)];
    const quote = v => '"' + v.replace(/["\\]/g, '\\$&') + '"';
    const either = (strict, loose) => {
      const same = how === 'alike' ? [] : strict();
      return same.length || how === 'strict' ? same : loose();
    };
    const strictly = (elements, text) => either(() => elements.filter(e => exactly(q.value)(text(e))), () => elements.filter(e => alike(q.value)(text(e))));
    switch (q.by) {
      case 'testid': return all(tests.map(t => `[${t}=${quote(q.value)}]`).join(','));
      case 'id': return all(`[id=${quote(q.value)}]`);
      case 'name': return all(`[name=${quote(q.value)}]`);
      case 'css': return all(q.value);
      case 'xpath': return byXPath(root, q.value);
      case 'placeholder': return strictly(all('[placeholder]'), e => e.getAttribute('placeholder'));
      case 'alt': return strictly(all('[alt]'), e => e.getAttribute('alt'));
      case 'title': return strictly(all('[title]'), e => e.getAttribute('title'));
      case 'text': return either(() => texts(root, q.value, exactly(q.value)).filter(shown), () => texts(root, q.value, alike(q.value)));
      case 'role': {
        const given = all(`[role~=${quote(q.value)}]`), own = roles[q.value] ? all(roles[q.value]).filter(e => !e.hasAttribute('role')) : [];
        let found = [...new Set([...given, ...own])];
        if (found.length > 1) found.sort((a, b) => a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1);
        if (!q.name) return found;
        return either(() => found.filter(e => nameOf(e) === norm(q.name)), () => found.filter(e => low(nameOf(e)).includes(low(q.name))));
      }
      case 'label': {
        const fields = all(controls), bare = s => norm(s).replace(/\s*[:*：]+$/, '').trim(), want = bare(q.value);
        const called = () => {
          const own = fields.filter(e => bare(label(e)) === want);
          return own.length ? own : beside(texts(root, want, t => bare(t) === want).filter(shown), root);
        };
        return either(called, () => fields.filter(e => low(label(e)).includes(low(want))));
      }
    }
    throw new Error('unknown query ' + q.by);
  }

  // byXPath evaluates an expression from a document or within a part of it. Shadow roots are no context that XPath
  // knows, so that there it begins at their elements.
  function byXPath(root, value) {
    const out = new Set(), from = (context, x) => {
      const r = document.evaluate(x, context, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
      for (let i = 0; i < r.snapshotLength; i++) { const n = r.snapshotItem(i), e = n.nodeType === 1 ? n : n.ownerElement || n.parentElement; if (e) out.add(e); }
    };
    if (root.nodeType === 9) from(root, value);
    else if (root.nodeType === 1) from(root, value.startsWith('/') ? '.' + value : value);
    else for (const c of root.children) from(c, value.startsWith('//') ? (/^[\w*-]+(?!\w*::|[\w:]*\()/.test(value.slice(2)) ? 'descendant-or-self::' + value.slice(2) : '.' + value) : value.startsWith('/') ? 'self::*[false()]' : value);
    return [...out];
  }

  // search finds the elements in the document, or in a part of it, and in all shadow roots. What matches to the letter
  // anywhere goes before what is alike.
  function search(q, scope) {
    const all = roots(scope || document);
    const found = all.flatMap(r => listed(r, q, 'strict'));
    search.alike = false;
    if (found.length || !/^(placeholder|alt|title|text|role|label)$/.test(q.by) || q.by === 'role' && !q.name) return found;
    search.alike = true;
    return all.flatMap(r => listed(r, q, 'alike'));
  }

  const describe = e => {
    if (!e || e.nodeType !== 1) return 'the page';
    const t = e.tagName.toLowerCase(), secret = e.type === 'password';
    let s = '<' + t;
    for (const a of ['id', 'name', 'type', 'role', 'data-testid']) if (e.getAttribute(a)) s += ` ${a}="${e.getAttribute(a).slice(0, 40)}"`;
    if (!e.id && e.classList.length) s += ` class="${[...e.classList].slice(0, 3).join(' ')}"`;
    const text = secret ? '' : norm(e.matches('input,select,textarea') ? label(e) : e.textContent.slice(0, 2000)).slice(0, 40);
    return s + '>' + (text ? ' "' + text + '"' : '');
  };

  // nearest names elements that the author may have meant.
  function nearest(t) {
    const wanted = low(t.queries.map(q => (q.name || '') + ' ' + q.value).join(' ')).split(/[^\p{L}\p{N}]+/u).filter(w => w.length > 2);
    const score = e => {
      const words = low([e.id, e.getAttribute('name'), e.className, label(e), norm(e.textContent).slice(0, 60), e.tagName, e.getAttribute('role')].join(' '));
      return wanted.reduce((n, w) => n + (words.includes(w) ? 1 : 0), 0);
    };
    const some = [...document.querySelectorAll('a,button,input,select,textarea,label,[role],[data-testid],h1,h2,h3,td,li')].slice(0, 3000);
    const best = some.map(e => [score(e), e]).filter(([n, e]) => n > 0 && shown(e)).sort((a, b) => b[0] - a[0]).slice(0, 3);
    return best.map(([, e]) => describe(e));
  }

  const fail = (kind, detail, e) => ({kind, detail: detail || '', element: e ? describe(e) : ''});

  // find returns {e} or a failure. need says what an element must be to count: shown, or only there.
  function find(t, need) {
    let scope = null;
    for (const q of t.within || []) {
      const found = search(q, scope).filter(shown);
      if (found.length !== 1 && !q.nth) return fail(found.length ? 'ambiguous' : 'not_found', (found.length || 'no') + ' elements match the part of the page to search in (' + q.by + '=' + q.value + ')');
      scope = q.nth ? found.at(q.nth > 0 ? q.nth - 1 : q.nth) : found[0];
      if (!scope) return fail('not_found', 'no such part of the page');
    }
    let hidden = null, many = null;
    for (let i = 0; i < t.queries.length; i++) {
      const q = t.queries[i];
      let found;
      try { found = search(q, scope); } catch (err) { return fail('bad_query', q.by + '=' + q.value + ': ' + err.message); }
      const seen = need === 'shown' || found.length > 1 ? found.filter(shown) : found;
      const usable = need === 'shown' || seen.length ? seen : found; // of twins, the one that can be seen is meant
      if (found.length && !usable.length) hidden = hidden || found[0];
      if (q.nth) {
        const e = usable.at(q.nth > 0 ? q.nth - 1 : q.nth);
        if (e) return {e, query: i, alike: search.alike};
        continue;
      }
      if (usable.length === 1) {
        if (many && !many.includes(usable[0])) continue;
        return {e: usable[0], query: i, alike: search.alike};
      }
      if (usable.length > 1) many = many ? many.filter(e => usable.includes(e)) : usable;
      if (many && many.length === 1) return {e: many[0], query: i};
    }
    if (many && many.length) return fail('ambiguous', many.length + ' elements match: ' + many.slice(0, 4).map(describe).join(', '));
    if (hidden) return fail('hidden', '', hidden);
    return fail('not_found', '');
  }

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
    const boxes = [...e.getClientRects()].filter(r => r.width > 0 && r.height > 0);
    if (!boxes.length) boxes.push(...[...e.querySelectorAll('*')].flatMap(c => [...c.getClientRects()]).filter(r => r.width > 0 && r.height > 0).slice(0, 1));
    for (const r of boxes) {
      if (at) return {x: r.x + at.x, y: r.y + at.y};
      const l = Math.max(r.left, 0), t = Math.max(r.top, 0), w = Math.min(r.right, innerWidth), h = Math.min(r.bottom, innerHeight);
      if (w - l > 0 && h - t > 0) return {x: (l + w) / 2, y: (t + h) / 2};
    }
    return null;
  }

  // reachable brings the element into sight and says where a press would arrive at it.
  async function reachable(e, at, friends, framed, around, target) {
    let seen = null;
    for (const block of ['nearest', 'center', 'end', 'start']) {
      let p = spot(e, at);
      const r = e.getBoundingClientRect(), whole = r.top >= 0 && r.left >= 0 && r.bottom <= innerHeight && r.right <= innerWidth;
      if (block !== 'nearest' || !whole || framed) { e.scrollIntoView({block, inline: 'nearest', behavior: 'instant'}); p = spot(e, at); }
      if (!p) { seen = seen || fail('outside', '', e); continue; }
      if (document.getAnimations().some(a => a.playState === 'running' && a.effect && a.effect.target && (inside(e, a.effect.target) || a.effect.target.contains(e)))) {
        for (let i = 0, idle = 0; i < 2; i++) { // each frame for itself: what turns back is twice at the same place
          const drawn = document.timeline.currentTime;
          await frame();
          if (document.timeline.currentTime === drawn && !document.hidden) { // no frame was drawn, so nothing could move
            if (++idle > 10) return fail('moving', '', e);
            i--;
            continue;
          }
          const n = spot(e, at);
          if (!n || Math.abs(n.x - p.x) > 0.5 || Math.abs(n.y - p.y) > 0.5) return fail('moving', '', e);
          p = n;
        }
      }
      const arrives = hit => hit && (target !== e ? leads(hit, e, target) : inside(hit, e) || friends.some(f => leads(hit, f, e)) || beneath(hit, around, e));
      const hit = deepest(p.x, p.y);
      if (arrives(hit)) return {p};
      const aside = target !== e && beyond(e).find(b => arrives(deepest(b.x, b.y))); // a link may stand in the middle of a label
      if (aside) return {p: aside};
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
    const out = {query: f.query, element: describe(e), alike: !!f.alike};
    if (o.action === 'click' && f.alike && o.target.queries[f.query].by === 'text' && !pressable(e)) return fail('not_found', 'the words were found only in a longer text that nothing is to be pressed on', e);
    if (o.action === 'read') { out.handle = keep(e); if (o.read) try { out.value = read(e, o.read, o.name); } catch (err) { return fail('wrong_kind', err.message, e); } return out; }
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
        const within = e.querySelector('input:not([type=hidden]),textarea,[contenteditable=""],[contenteditable=true]');
        if (e.tagName === 'SELECT') return fail('wrong_kind', 'it is a list to select from; use web.select', e);
        if (!within || !shown(within) || e.querySelectorAll('input:not([type=hidden]),textarea').length > 1) return fail('wrong_kind', 'no text can be typed into it', e);
        e = press = within;
      }
      if (o.action !== 'press' && e.tagName === 'INPUT' && /^(checkbox|radio|button|submit|reset|image|file)$/.test(e.type)) return fail('wrong_kind', 'it is a field of type ' + e.type, e);
      if (o.action !== 'press' && (e.readOnly || e.getAttribute('aria-readonly') === 'true')) return fail('read_only', '', e);
    }
    if (o.action === 'select' && e.tagName !== 'SELECT') return fail('wrong_kind', 'it is no <select>; click it and then the choice', e);
    const friends = [...labelOf(e)], around = /^(fill|type|press|select)$/.test(o.action) ? e.parentElement : null;
    const r = await reachable(press, o.at, friends, o.framed, around, o.action === 'check' ? e : press);
    if (r.kind) return r;
    if (!press.isConnected) return fail('not_found', 'it was taken away while it was looked at');
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
    if (/^(click|check|hover|drag|drop)$/.test(o.action)) watch(out.handle, press, [...friends, e], o.action === 'hover');
    return out;
  }

  // ready waits until the element is ready, at most o.wait ms; the last failure says why it is not.
  async function ready(o) {
    const until = performance.now() + (o.wait || 0);
    for (let n = 0; ; n++) {
      const f = await look(o);
      if (!f.kind || f.kind === 'bad_query' || f.kind === 'wrong_kind') return f;
      if (performance.now() >= until) {
        if (f.kind === 'not_found' && o.nearest) f.nearest = nearest(o.target);
        return f;
      }
      if (n < 5) await frame(); else await pause(Math.min(100, 10 * n));
    }
  }

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
    if (!g || g.handle !== handle) return {arrived: false, stolen: ''};
    if (!g.arrived && !g.stolen) await macrotask();
    const link = g.link && g.event && !g.event.defaultPrevented;
    unwatch();
    if (link) { await macrotask(); await macrotask(); }
    const e = kept.get(handle);
    if (!g.arrived && g.down && e && e.isConnected && (g.moved ? g.slid : g.up)) return {arrived: false, down: true, slipped: !!g.moved, stolen: ''};
    if (!g.arrived && g.down && e && !e.isConnected) return {arrived: false, down: true, replaced: true, stolen: ''};
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
    if (e.type === 'number' && have !== '' && Number(have) === Number(w)) return {same: true};
    if (e.type === 'color' && have.toLowerCase() === w.toLowerCase()) return {same: true};
    if (bare(w) !== '' && bare(have) === bare(w)) return {same: true, shaped: true, have};
    if (e.isContentEditable && norm(have) === norm(w)) return {same: true};
    return {same: false, have: e.type === 'password' ? '' : have.slice(0, 80), secret: e.type === 'password', length: have.length, limit: e.maxLength > 0 ? e.maxLength : 0};
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

  // cell is the text of a table's cell, or what the field in it holds.
  function cell(c) {
    if (!c.firstElementChild) return norm(c.textContent);
    const f = c.querySelector('input:not([type=hidden]),select,textarea');
    if (f && norm(c.textContent) === norm(f.textContent)) return checked(f) === null ? held(f) : String(checked(f));
    return norm(c.innerText ?? c.textContent) || norm(c.querySelector('img[alt]')?.alt);
  }

  // table reads rows of cells. A cell that spans several rows or columns is there in each of them; rows that cannot be
  // seen are left out unless the whole table cannot.
  function table(e) {
    const t = e.tagName === 'TABLE' ? e : e.closest('table') || e.querySelector('table') || e;
    const all = t.rows ? [...t.rows] : [...t.querySelectorAll('[role=row]')], out = [], span = [], seen = t.checkVisibility();
    let head = 0, cells = 0;
    if (!all.length && !t.matches('table,[role=table],[role=grid],[role=treegrid]')) throw new Error('it is no table and holds none');
    for (const r of all) {
      if (seen && !r.checkVisibility()) continue;
      const own = r.cells ? [...r.cells] : [...r.querySelectorAll('[role=cell],[role=gridcell],[role=columnheader],[role=rowheader]')];
      const line = [], kept = () => { while (span[line.length] && span[line.length].left > 0) { const s = span[line.length]; s.left--; line.push(s.text); } };
      for (const c of own) {
        kept();
        const text = cell(c), left = c.rowSpan === 0 ? Infinity : (c.rowSpan || 1) - 1;
        for (let k = 0; k < (c.colSpan || 1); k++) { span[line.length] = {text, left}; line.push(text); }
      }
      kept();
      if ((cells += line.length) > 2e6) throw new Error('the table has more than two million cells');
      if (head === out.length && (r.parentElement.tagName === 'THEAD' || out.length === 0 && own.length && own.every(c => c.tagName === 'TH' || c.getAttribute('role') === 'columnheader'))) head++;
      out.push(line);
    }
    return {head, rows: out};
  }

  // held is what a field shows; what is secret is not read.
  const held = e => e.type === 'password' || secrets.has(e) ? '' : e.tagName === 'SELECT' ? [...e.selectedOptions].map(o => norm(o.label)).join(', ') : e.value;
  const items = e => e.tagName === 'SELECT' ? [...e.options] : [':scope > li', '[role=listitem],[role=option],[role=treeitem],[role=menuitem]', ':scope > *'].map(q => [...e.querySelectorAll(q)]).find(l => l.length) || [];

  function read(e, what, name) {
    switch (what) {
      case 'text': return e.matches('input,textarea,select') ? held(e) : norm(e.innerText ?? e.textContent);
      case 'raw': return e.matches('input,textarea,select') ? held(e) : e.innerText ?? e.textContent;
      case 'value': return e.type === 'password' || secrets.has(e) ? '' : e.tagName !== 'LI' && 'value' in e ? e.value : norm(e.innerText ?? e.textContent);
      case 'secret': return e.type === 'password' || secrets.has(e);
      case 'html': return e.outerHTML;
      case 'inner': return e.innerHTML;
      case 'attribute': return e.getAttribute(name);
      case 'checked': return checked(e);
      case 'selected': return e.tagName === 'SELECT' ? chosen(e) : null;
      case 'box': { const r = e.getBoundingClientRect(); return {x: r.x, y: r.y, width: r.width, height: r.height}; }
      case 'table': return table(e);
      case 'list': return items(e).filter(c => c.tagName === 'OPTION' || shown(c)).map(c => norm(c.tagName === 'OPTION' ? c.label : c.innerText ?? c.textContent));
      case 'links': return roots(e).flatMap(r => [...(r === e && e.matches('a[href],area[href]') ? [e] : []), ...r.querySelectorAll('a[href],area[href]')]).map(a => ({text: norm(a.innerText) || nameOf(a), url: a.href, title: a.title, shown: shown(a)}));
      case 'images': return roots(e).flatMap(r => [...(r === e && e.matches('img') ? [e] : []), ...r.querySelectorAll('img')]).map(i => ({url: i.currentSrc || i.src, alt: i.alt, width: i.naturalWidth, height: i.naturalHeight, loaded: i.complete && i.naturalWidth > 0, shown: shown(i)}));
      case 'usable': return shown(e) && !disabled(e) && !e.closest('.disabled,.is-disabled,[disabled]') && getComputedStyle(e).pointerEvents !== 'none';
      case 'link': { const a = e.matches('[href]') ? e : e.querySelector('[href]') || e.closest('[href]'); return a ? a.href : null; }
      case 'image': { const i = e.matches('img') ? e : e.querySelector('img'); return i ? i.currentSrc || i.src : null; }
      case 'title': return e.ownerDocument.title;
      case 'style': return getComputedStyle(e).getPropertyValue(name);
      case 'role': return roleOf(e);
      case 'name': return nameOf(e);
      case 'state': return {shown: shown(e), enabled: !disabled(e), editable: editable(e) && !e.readOnly && !disabled(e), checked: checked(e), list: e.tagName === 'SELECT', focused: e.matches(':focus')};
    }
    throw new Error('nothing is read as ' + what);
  }

  // tally counts the matches of the first query that has any.
  function tally(t, onlyShown) {
    let scope = null, q;
    const pick = (found, q) => found.at(q.nth > 0 ? q.nth - 1 : q.nth || 0);
    try {
      for (q of t.within || []) { scope = pick(search(q, scope), q); if (!scope) return {n: 0}; }
      for (q of t.queries) {
        const found = search(q, scope).filter(e => !onlyShown || shown(e));
        if (pick(found, q)) return {n: q.nth ? 1 : found.length};
      }
    } catch (err) { return fail('bad_query', q.by + '=' + q.value + ': ' + err.message); }
    return {n: 0};
  }

  // every reads all matches of the first query that has any, at most max, and says how often each field was there.
  function every(t, fields, max) {
    let rows = [], scope = null, q;
    try {
      for (q of t.within || []) { const found = search(q, scope); scope = found.at(q.nth > 0 ? q.nth - 1 : q.nth || 0); if (!scope) return {total: 0, rows: []}; }
      for (q of t.queries) { rows = search(q, scope).filter(shown); if (rows.length) break; }
    } catch (err) { return fail('bad_query', q.by + '=' + q.value + ': ' + err.message); }
    const seen = fields.map(() => 0);
    const one = (e, f, i) => {
      let at = e;
      if (f.queries && f.queries.length) {
        at = null;
        for (q of f.queries) { const l = listedIn(e, q); at = l.at(q.nth > 0 ? q.nth - 1 : q.nth || 0) || null; if (at) break; }
      }
      if (!at) return null;
      seen[i]++;
      return read(at, f.read || 'text', f.name) ?? null;
    };
    try {
      return {total: rows.length, rows: rows.slice(0, max).map(e => fields.map((f, i) => one(e, f, i))), seen};
    } catch (err) { return q ? fail('bad_query', q.by + '=' + q.value + ': ' + err.message) : fail('script', err.message); }
  }
  const listedIn = (e, q) => q.by === 'xpath' ? listed(e, {...q, value: q.value.startsWith('.') ? q.value : '.' + q.value}) : listed(e, q);

  // onward scrolls to the end of what holds the rows.
  function onward(t) {
    let rows = [];
    for (const q of t.queries) { rows = search(q, null).filter(shown); if (rows.length) break; }
    const last = rows.at(-1);
    if (!last) return 0;
    last.scrollIntoView({block: 'end', inline: 'nearest', behavior: 'instant'});
    for (let n = parentOf(last); n; n = parentOf(n)) if (n.scrollHeight > n.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(n).overflowY)) n.scrollTop = n.scrollHeight;
    const d = document.scrollingElement;
    if (d) d.scrollTop = d.scrollHeight;
    return rows.length;
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

  // state is what a session needs to build this page again: where it stands and what its fields hold. It is sealed
  // before it is recorded.
  function state(withForms) {
    const fields = [];
    if (withForms) {
      for (const e of document.querySelectorAll('input:not([type=hidden]):not([type=file]):not([type=submit]):not([type=button]):not([type=image]):not([type=reset]),textarea,select')) {
        const dirty = e.tagName === 'SELECT' ? [...e.options].some(o => o.selected !== o.defaultSelected) : e.type === 'checkbox' || e.type === 'radio' ? e.checked !== e.defaultChecked : e.value !== e.defaultValue;
        if (!dirty) continue;
        const f = {...identity(e), secret: secrets.has(e)};
        if (e.tagName === 'SELECT') f.selected = [...e.selectedOptions].map(o => o.index);
        else if (e.type === 'checkbox' || e.type === 'radio') f.checked = e.checked;
        else f.value = e.value;
        fields.push(f);
        if (fields.length >= 500) break;
      }
    }
    const store = s => { try { const o = {}; for (let i = 0; i < s.length; i++) o[s.key(i)] = s.getItem(s.key(i)); return o; } catch { return null; } };
    let local = null, session = null;
    try { local = store(localStorage); session = store(sessionStorage); } catch { /* pages without an origin have none */ }
    return {url: location.href, origin: location.origin, title: document.title, x: scrollX, y: scrollY, fields, local, session, marks: marks()};
  }
  // marks are landmarks by which a rebuilt page is known again.
  const marks = () => [...document.querySelectorAll('h1,h2,form,main,nav,[role=main],[data-testid]')].slice(0, 24).map(e => e.tagName.toLowerCase() + ':' + (e.matches('h1,h2') ? norm(e.textContent).slice(0, 40) : e.getAttribute('data-testid') || e.getAttribute('name') || e.id || ''));
  function pathOf(e) {
    const parts = [];
    for (let n = e; n && n.nodeType === 1; n = n.parentElement) {
      let i = 1;
      for (let s = n.previousElementSibling; s; s = s.previousElementSibling) if (s.tagName === n.tagName) i++;
      parts.unshift(n.tagName.toLowerCase() + ':nth-of-type(' + i + ')');
    }
    return parts.join('>');
  }
  // identity is what a field is known by when its page is built again: a place alone is not enough, since pages that
  // order their fields anew would then get values into the wrong ones.
  const identity = e => ({path: pathOf(e), tag: e.tagName, type: e.type, id: e.id, name: e.name, choice: e.type === 'radio' || e.type === 'checkbox' ? e.value : '', called: called(e)});
  // called is the label of a field, or the words that stand beside it alone.
  function called(e) {
    const own = label(e);
    if (own) return own;
    let up = e.parentElement;
    for (let i = 0; i < 6 && up && up !== document.body; i++, up = up.parentElement) {
      if (up.querySelectorAll(controls).length > 1) return '';
      const text = norm(up.textContent);
      if (text && e.tagName !== 'SELECT' && e.tagName !== 'TEXTAREA') return text.slice(0, 80);
    }
    return '';
  }
  function again(f) {
    const kin = [...document.querySelectorAll(f.tag)].filter(e => e.type === f.type && (!f.choice || e.value === f.choice));
    const same = kin.filter(e => e.id === f.id && e.name === f.name && called(e) === f.called);
    if (same.length === 1) return same[0];
    const there = document.querySelector(f.path);
    if (same.includes(there) && (f.id || f.name || f.called)) return there;
    if (f.called) {
      const named = kin.filter(e => called(e) === f.called);
      return named.length === 1 ? named[0] : null;
    }
    return !f.id && !f.name && kin.includes(there) ? there : null;
  }
  function restore(s) {
    const lost = [];
    const all = (s.fields || []).map(f => [f, again(f)]);
    for (const [f, e] of all) {
      if (!e) { lost.push(f.called || f.name || f.id || f.tag); continue; }
      if (f.selected) [...e.options].forEach((o, i) => { o.selected = f.selected.includes(i); });
      else if (f.checked !== undefined) e.checked = f.checked;
      else setter(e, f.value);
      if (f.secret) secrets.add(e);
      tell(e, 'input', 'change');
    }
    for (const [f, e] of all) if (e && f.value !== undefined && e.value !== f.value) lost.push(f.called || f.name || f.id || f.tag);
    scrollTo({left: s.x, top: s.y, behavior: 'instant'});
    return {lost, marks: marks()};
  }

  // What was filled with a secret is not to be read on a picture of the page.
  const secrets = new Set();
  const styles = new Map();
  function veil(on) {
    for (const e of secrets) {
      if (!e.isConnected) { secrets.delete(e); styles.delete(e); continue; }
      if (on && !styles.has(e)) { styles.set(e, e.getAttribute('style')); e.style.setProperty('-webkit-text-security', 'disc', 'important'); }
      if (!on && styles.has(e)) { const s = styles.get(e); styles.delete(e); if (s === null) e.removeAttribute('style'); else e.setAttribute('style', s); }
    }
    return secrets.size;
  }

  globalThis.__aether = {
    ready, done, put, verify, choose, verifyChoice, tally, every, onward, form, state, restore, unwatch, came, shield, shielded,
    finds: t => find(t, 'there').e || null,
    of: {label, shown, describe, disabled, norm, roots, keep, inside, parentOf, frame, macrotask},
    read: (handle, what, name) => { const e = kept.get(handle); return e && e.isConnected ? {value: read(e, what, name)} : {gone: true}; },
    element: handle => kept.get(handle),
    secret: handle => { const e = kept.get(handle); if (e) secrets.add(e); },
    veil,
    closed: (host, root) => { closed.set(host, root); return true; },
    hit: (x, y) => { const e = deepest(x, y); return {frame: !!e && /^(IFRAME|FRAME|OBJECT|EMBED)$/.test(e.tagName), element: describe(e)}; },
    text: () => document.body ? document.body.innerText : '',
    html: () => document.documentElement.outerHTML,
    key: async (handle, want) => { const e = kept.get(handle); await macrotask(); return e && e.isConnected ? {value: current(e)} : {gone: true}; },
  };
})();
