// Changes a page as its next release might, one family of changes at a time. It runs in the library's world of the page
// and marks what it touches: data-truth names an element that is looked for, data-touched says that it was changed.
((family, seed, share) => {
  let state = (seed * 2654435761 + 12345) >>> 0;
  const rand = () => { state = (state + 0x6d2b79f5) >>> 0; let t = state; t = Math.imul(t ^ t >>> 15, t | 1); t ^= t + Math.imul(t ^ t >>> 7, t | 61); return ((t ^ t >>> 14) >>> 0) / 4294967296; };
  const some = p => rand() < p;
  const pick = list => list[Math.floor(rand() * list.length)];
  const roots = () => __aether.of.roots(document);
  const all = css => roots().flatMap(r => [...r.querySelectorAll(css)]);
  const hash = (s, n) => { let h = seed >>> 0; for (const c of s) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193) >>> 0; return 'x' + h.toString(36).padStart(7, '0').slice(0, n); };
  const targets = () => all('[data-truth]').filter(e => __aether.of.shown(e));
  const touch = e => e.setAttribute('data-touched', '');
  const word = s => s.replace(/\s+/g, ' ').trim();
  const leaves = e => { const out = [], w = document.createTreeWalker(e, NodeFilter.SHOW_TEXT); for (let n = w.nextNode(); n; n = w.nextNode()) if (/\p{L}/u.test(n.data) && !/^(SCRIPT|STYLE|TEXTAREA|OPTION)$/.test(n.parentElement.tagName)) out.push(n); return out; };
  const other = {save: 'Store', add: 'Create', new: 'Another', delete: 'Remove', remove: 'Take out', edit: 'Change', open: 'Show', show: 'View', search: 'Find', send: 'Dispatch', submit: 'Send', cancel: 'Discard', close: 'Dismiss', next: 'Continue', previous: 'Back', home: 'Start', name: 'Title', date: 'Day', price: 'Cost', order: 'Purchase', client: 'Customer', clients: 'Customers', vendor: 'Supplier', vendors: 'Suppliers', invoice: 'Bill', invoices: 'Bills', list: 'Overview', page: 'Sheet', user: 'Member', users: 'Members', file: 'Document', files: 'Documents', forms: 'Form pages', tables: 'Grids', charts: 'Graphs', widgets: 'Parts', mail: 'Post', profile: 'Account', settings: 'Options', first: 'Initial', last: 'Final', status: 'State', type: 'Kind', log: 'Sign', sign: 'Log', button: 'Key', message: 'Note', messages: 'Notes', view: 'See'};
  const say = (s, data) => { // numbers of a table are data: with others they would name other rows
    let changed = false;
    let out = s.replace(/\p{L}+/gu, w => { const o = other[w.toLowerCase()]; if (!o || changed && some(0.5)) return w; changed = true; return /^\p{Lu}/u.test(w) ? o : o.toLowerCase(); });
    out = out.replace(/\d+/g, d => { if (data || d.length > 4 || some(0.5)) return d; changed = true; return String(Number(d) + 1 + Math.floor(rand() * 9)); });
    if (!changed) out = s.replace(/(\s*)$/, () => pick([' now', ' here', ' (' + (1 + Math.floor(rand() * 20)) + ')', ' …']));
    return out;
  };
  const renamed = (e, tag) => {
    const n = document.createElement(tag);
    for (const a of e.attributes) n.setAttribute(a.name, a.value);
    n.append(...e.childNodes);
    e.replaceWith(n);
    return n;
  };
  const style = map => {
    const change = list => { for (const r of list) { try { if (r.selectorText) { const s = r.selectorText.replace(/\.(-?[_a-zA-Z][\w-]*)/g, (m, c) => map.has(c) ? '.' + map.get(c) : m); if (s !== r.selectorText) r.selectorText = s; } if (r.cssRules) change(r.cssRules); } catch { /* a sheet of another site */ } } };
    for (const s of document.styleSheets) try { change(s.cssRules); } catch { /* a sheet of another site */ }
  };
  switch (family) {
    case 'ids':
      for (const e of all('[id],[for],[name],[aria-labelledby],[aria-describedby],[aria-controls]')) {
        for (const a of ['id', 'for', 'aria-labelledby', 'aria-describedby', 'aria-controls']) if (e.hasAttribute(a)) e.setAttribute(a, e.getAttribute(a).split(/\s+/).filter(Boolean).map(x => hash('id' + x, 8)).join(' '));
        if (e.matches('input,select,textarea,button')) e.hasAttribute('name') && e.setAttribute('name', hash('name' + e.getAttribute('name'), 8));
      }
      targets().forEach(touch);
      break;
    case 'classes': {
      const map = new Map();
      for (const e of all('[class]')) {
        const out = [...e.classList].map(c => { if (!map.has(c)) map.set(c, hash('class' + c, 7)); return map.get(c); });
        e.setAttribute('class', out.join(' '));
      }
      style(map);
      targets().forEach(touch);
      break;
    }
    case 'wrappers':
      for (const e of targets()) {
        if (!some(share) || /^(TD|TH|TR|LI|OPTION|TBODY|BODY)$/.test(e.tagName) || /^(TR|TBODY|TABLE|SELECT)$/.test(e.parentElement?.tagName || 'TR')) continue;
        touch(e);
        let at = e;
        for (let i = 0, n = 1 + Math.floor(rand() * 3); i < n; i++) { const w = document.createElement(pick(['div', 'span', 'section'])); w.className = hash('w' + i, 6); if (getComputedStyle(e).display.startsWith('inline')) w.style.display = 'inline-block'; at.replaceWith(w); w.append(at); at = w; }
      }
      break;
    case 'tags':
      for (const e of targets()) {
        if (!some(share)) continue;
        const t = e.tagName;
        const n = t === 'A' ? renamed(e, 'button') : t === 'BUTTON' ? renamed(e, pick(['a', 'div'])) : t === 'DIV' || t === 'SPAN' ? renamed(e, 'button') : t === 'TEXTAREA' ? renamed(e, 'input') : null;
        if (!n) continue;
        if (n.tagName === 'DIV') { n.setAttribute('role', 'button'); n.tabIndex = 0; n.removeAttribute('type'); }
        if (n.tagName === 'A') { n.setAttribute('href', '#'); n.setAttribute('role', 'button'); n.removeAttribute('type'); }
        if (n.tagName === 'BUTTON') { n.type = 'button'; n.removeAttribute('href'); }
        touch(n);
      }
      for (const e of all('h2,h3,h4,section,article')) if (some(0.5)) renamed(e, {H2: 'h3', H3: 'h4', H4: 'h3', SECTION: 'div', ARTICLE: 'div'}[e.tagName]);
      break;
    case 'order':
      for (const p of all('ul,ol,nav,form,fieldset,section,main,div,tbody,p')) {
        const kids = [...p.children].filter(c => !/^(SCRIPT|STYLE|LINK|CAPTION|LEGEND|H1|H2|H3|THEAD)$/.test(c.tagName));
        const groups = new Map();
        for (const k of kids) groups.set(k.tagName, [...groups.get(k.tagName) || [], k]);
        for (const g of groups.values()) {
          if (g.length < 2 || !some(share)) continue;
          const marks = g.map(k => { const m = document.createComment(''); k.replaceWith(m); return m; });
          const mixed = g.map(k => [rand(), k]).sort((x, y) => x[0] - y[0]).map(x => x[1]);
          marks.forEach((m, i) => m.replaceWith(mixed[i]));
        }
      }
      targets().forEach(touch);
      break;
    case 'text':
      for (const e of targets()) {
        if (!some(share)) continue;
        const texts = leaves(e), l = e.labels && e.labels[0] ? leaves(e.labels[0]) : [];
        const t = texts[0] || l[0];
        if (t) { if (e.closest('td,th') && /\d/.test(t.data)) continue; const now = say(t.data, !!e.closest('td,th')); if (now === t.data) continue; t.data = now; touch(e); }
        for (const a of ['aria-label', 'placeholder', 'title', 'alt']) if (e.getAttribute(a) && some(0.7)) { e.setAttribute(a, say(e.getAttribute(a))); touch(e); }
        if (e.matches('input[type=submit],input[type=button]') && e.value) { e.value = say(e.value); touch(e); }
      }
      break;
    case 'links':
      for (const e of all('a[href]')) {
        const h = e.getAttribute('href');
        if (!some(share) || h === '#' || /^javascript:/i.test(h)) continue;
        const kind = Math.floor(rand() * 4);
        e.setAttribute('href', kind === 0 ? '/v2/' + h.replace(/^[./]+/, '') : kind === 1 ? h + (h.includes('?') ? '&' : '?') + 'ref=' + hash(h, 5) : kind === 2 ? h.replace(/\.html?$|$/, '-new') : '/p/' + hash(h, 7));
        if (e.hasAttribute('data-truth')) touch(e);
      }
      break;
    case 'twins': {
      const foot = document.createElement('footer');
      for (const e of targets()) {
        if (!e.matches('a,button,input[type=submit]') || !some(share)) continue;
        const c = e.cloneNode(true);
        for (const x of [c, ...c.querySelectorAll('*')]) { x.removeAttribute('id'); x.removeAttribute('data-truth'); x.removeAttribute('name'); }
        c.setAttribute('data-twin', e.getAttribute('data-truth'));
        const d = document.createElement('div');
        d.append(c);
        foot.append(d);
        touch(e);
      }
      document.body.append(foot);
      break;
    }
    case 'split':
      for (const e of targets()) {
        const t = leaves(e)[0], ws = t ? word(t.data).split(' ') : [];
        if (ws.length < 2 || !e.matches('a,button') || !some(share)) continue;
        const c = e.cloneNode(false), at = Math.ceil(ws.length / 2);
        c.removeAttribute('id');
        c.removeAttribute('data-truth');
        c.removeAttribute('name');
        t.data = ws.slice(0, at).join(' ');
        c.textContent = ws.slice(at).join(' ');
        e.after(' ', c);
        touch(e);
      }
      break;
    case 'removed': case 'replaced': {
      const list = targets();
      for (const e of list) {
        if (!e.isConnected || !some(share)) continue;
        const l0 = e.labels && e.labels[0], telling = leaves(e).length || l0 && leaves(l0).length || ['aria-label', 'placeholder', 'title', 'alt'].some(a => e.getAttribute(a)) || e.matches('input[type=submit],input[type=button]');
        if (family === 'replaced' && (!telling || e.matches('input,select,textarea') && !l0 && !['aria-label', 'placeholder'].some(a => e.getAttribute(a)))) continue; // nothing would tell the other one
        const name = e.getAttribute('data-truth'), text = word(e.textContent), href = e.getAttribute('href');
        const gone = list.filter(x => x.isConnected && (x === e || e.tagName === 'A' && x.tagName === 'A' && text && word(x.textContent) === text && x.getAttribute('href') === href));
        const marks = document.documentElement;
        marks.setAttribute('data-gone', (marks.getAttribute('data-gone') || '') + ' ' + gone.map(x => x.getAttribute('data-truth')).join(' '));
        for (const x of gone) {
          if (family === 'replaced' && x === e) {
            const c = x.cloneNode(true);
            c.removeAttribute('data-truth');
            if (c.id) c.id = hash(c.id, 6);
            if (c.name) c.setAttribute('name', hash(c.name, 6));
            if (c.href) c.setAttribute('href', '/' + hash(c.getAttribute('href'), 8));
            const ts = leaves(c), fresh = pick(['Export', 'Archive', 'Duplicate', 'Print', 'Share', 'Import', 'Lock', 'Refresh', 'Compare', 'Pin']) + ' ' + pick(['records', 'entries', 'figures', 'overview', 'history']);
            if (ts[0]) { ts[0].data = fresh; ts.slice(1).forEach(t => { t.data = ''; }); }
            for (const a of ['aria-label', 'placeholder', 'title', 'alt']) if (c.hasAttribute(a)) c.setAttribute(a, fresh);
            if (c.matches('input[type=submit],input[type=button]')) c.value = fresh;
            const l = x.labels && x.labels[0];
            if (l && !l.contains(x)) { const k = leaves(l)[0]; if (k) k.data = fresh; }
            if (l && l.contains(x)) { const k = leaves(l).find(t => !x.contains(t)); if (k) k.data = fresh; }
            x.replaceWith(c);
          } else if (x.labels && x.labels[0] && x.labels[0].contains(x)) x.labels[0].remove();
          else { if (x.labels) for (const l of [...x.labels]) l.remove(); x.remove(); }
        }
      }
      break;
    }
  }
  return true;
})
