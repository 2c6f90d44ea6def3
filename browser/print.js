// What the elements of a page look like: the print of one, and of all as a flat tree. What was typed into fields is no
// part of it, nor what a page shows of that elsewhere. It uses the functions of inject.js.
(() => {
  const a = globalThis.__aether;
  if (a.prints) return;
  const {label, titled, norm, rootOf, keep, secrets, controls, buttonInput, byRef} = a.of;
  const version = 1;
  const limits = {text: 120, own: 60, name: 80, label: 80, near: 120, heading: 50, cell: 40, address: 160, id: 80, classes: 12, path: 400};
  const around = 50; // CSS pixels in which words are near

  const cut = (s, n) => s.length > n ? s.slice(0, n).replace(/[\ud800-\udbff]$/, '') : s;
  const skipped = /^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|HEAD|META|LINK|TITLE|BASE|BR|WBR|SOURCE|TRACK|PARAM|COL|COLGROUP|OPTION|OPTGROUP|DATALIST)$/;
  const inline = /^(B|I|EM|STRONG|SPAN|SMALL|CODE|ABBR|U|S|SUB|SUP|MARK|FONT|TT|KBD|BDI|BDO|Q|CITE|VAR|WBR|svg)$/;
  const tests = ['data-testid', 'data-test-id', 'data-test', 'data-cy', 'data-qa'];

  // hashed says whether a piece of a name is no word: letters and digits mixed, many digits, no vowels, or capitals in
  // the middle of small letters without sense.
  function hashed(s) {
    if (/^\d+$/.test(s)) return s.length > 2;
    if (s.length < 5) return /\d[a-z]+\d|[a-z]\d+[a-z]/i.test(s) && !/^(h\d|col\d|x?[smlx]+\d)/i.test(s);
    if (/^[0-9a-f]+$/i.test(s) && /\d/.test(s)) return true;
    if ((s.match(/[a-z]\d|\d[a-z]/gi) || []).length > 1 && /\d/.test(s)) return true;
    if (/\d{3,}/.test(s)) return true;
    if ((s.match(/[a-z][A-Z](?=[A-Z]|$)|[A-Z][a-z](?=[A-Z])/g) || []).length > 1) return true;
    const letters = s.replace(/[^a-z]/gi, '');
    return letters.length > 6 && !/[aeiouy]/i.test(letters) || /[bcdfghjklmnpqrstvwxz]{6,}/i.test(letters);
  }
  // generated says whether an id, a name or a class looks as if a program had made it up anew at its next start.
  function generated(s) {
    if (/^(css|sc|jss|emotion|svelte|astro|styled|tss|makeStyles|_ngcontent|_nghost|ng-tns|ember|ext-gen|ext-comp|yui|gwt|react-select|radix|headlessui|mui|chakra|mantine|rc|el-id|downshift|uid|cid|field-:|:r)[-_]?[:\d]/i.test(s)) return true;
    if (/^(css|sc|jss|emotion|svelte|astro|tss)-\w+$/i.test(s) || /^:[\w-]+:$/.test(s) || /:r\w+:/.test(s)) return true;
    if (/^(ng|v|data-v)-[0-9a-f]{6,}$|^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(s)) return true;
    return s.split(/[-_:.\s/]+/).some(hashed);
  }

  // address is one as the page writes it, without what is a secret or only for this visit.
  function address(s) {
    if (!s) return '';
    if (/^(data|blob):/i.test(s)) return s.slice(0, s.search(/[,;]|$/)).slice(0, 40);
    if (/^javascript:/i.test(s)) return cut(s, 60);
    let [, way, query, part] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(s) || [, s, '', ''];
    way = way.replace(/^([a-z+.-]*:?\/\/)[^/@]*@/i, '$1');
    if (query) {
      query = query.slice(1).split('&').map(p => {
        const [k, v] = p.split(/=(.*)/s);
        return v === undefined ? k : /pass|pwd|secret|token|key|auth|session|sid|sig|code|nonce|csrf|xsrf|jwt|otp|pin$/i.test(k) || v.length > 32 || v.length > 11 && hashed(v) ? k + '=' : p;
      }).join('&');
      query = '?' + query;
    }
    if (part && (part.length > 40 || /=|token|secret/i.test(part))) part = '';
    return cut(way + (query || '') + (part || ''), limits.address);
  }

  const implied = {
    BUTTON: 'button', SUMMARY: 'button', OPTION: 'option', H1: 'heading', H2: 'heading', H3: 'heading', H4: 'heading', H5: 'heading', H6: 'heading', IMG: 'img', svg: 'img', UL: 'list', OL: 'list', MENU: 'list', LI: 'listitem',
    TABLE: 'table', TR: 'row', TD: 'cell', NAV: 'navigation', MAIN: 'main', HEADER: 'banner', FOOTER: 'contentinfo', ASIDE: 'complementary', FORM: 'form', SECTION: 'region', ARTICLE: 'article', DIALOG: 'dialog', FIELDSET: 'group', DETAILS: 'group',
    PROGRESS: 'progressbar', METER: 'meter', HR: 'separator', P: 'paragraph', OUTPUT: 'status', FIGURE: 'figure', TEXTAREA: 'textbox',
  };
  const inputs = {button: 'button', submit: 'button', reset: 'button', image: 'button', checkbox: 'checkbox', radio: 'radio', search: 'searchbox', number: 'spinbutton', range: 'slider', text: 'textbox', email: 'textbox', tel: 'textbox', url: 'textbox', password: 'textbox'};
  function role(e) {
    const given = e.getAttribute('role');
    if (given && norm(given)) return norm(given).split(' ')[0];
    switch (e.tagName) {
      case 'A': case 'AREA': return e.hasAttribute('href') ? 'link' : '';
      case 'INPUT': return e.hasAttribute('list') ? 'combobox' : inputs[e.type] || '';
      case 'SELECT': return e.multiple || e.hasAttribute('size') ? 'listbox' : 'combobox';
      case 'TH': return e.getAttribute('scope') === 'row' ? 'rowheader' : 'columnheader';
    }
    return implied[e.tagName] || (/^(true|plaintext-only)?$/.test(e.getAttribute('contenteditable') ?? 'x') ? 'textbox' : '');
  }
  const byContent = /^(button|link|heading|option|tab|menuitem|menuitemcheckbox|menuitemradio|checkbox|radio|switch|treeitem|columnheader|rowheader|gridcell|tooltip)$/;

  // said is how a field is called by a label of its own or by the words that stand beside it alone.
  function said(e) {
    if (titled(e)) return norm(label(e));
    let up = e.parentElement;
    for (let i = 0; i < 3 && up && up !== document.body; i++, up = up.parentElement) {
      if (up.querySelectorAll(controls).length > 1) break;
      const text = plain(up);
      if (text) return text;
    }
    const cell = e.closest('td,dd'), before = cell && cell.previousElementSibling;
    return before && !before.querySelector(controls) ? norm(before.textContent) : '';
  }
  // plain is the text of a part without that of its fields.
  function plain(up) {
    let s = '';
    const w = document.createTreeWalker(up, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, n => n.nodeType === 1 && (/^(SCRIPT|STYLE|SELECT|TEXTAREA|BUTTON)$/.test(n.tagName) || n.hasAttribute('contenteditable')) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    for (let n = w.nextNode(); n && s.length < 200; n = w.nextNode()) if (n.nodeType === 3) s += n.data;
    return norm(s);
  }

  // name is the accessible name, as far as it is one and not all that stands in a part of the page.
  function name(e, r, text, called) {
    const ref = e.hasAttribute('aria-labelledby') ? byRef(e, 'aria-labelledby').map(x => norm(x.textContent)).filter(Boolean).join(' ') : '';
    const aria = ref || norm(e.getAttribute('aria-label'));
    if (aria) return aria;
    switch (e.tagName) {
      case 'INPUT': if (buttonInput(e)) return text || norm(e.getAttribute('title')); // fallthrough
      case 'SELECT': case 'TEXTAREA': return called || norm(e.getAttribute('placeholder')) || norm(e.getAttribute('title'));
      case 'IMG': case 'AREA': return norm(e.getAttribute('alt')) || norm(e.getAttribute('title'));
      case 'svg': { const t = e.querySelector('title'); return t ? norm(t.textContent) : ''; }
      case 'FIELDSET': { const l = e.querySelector('legend'); return l ? norm(l.textContent) : ''; }
      case 'TABLE': { const c = e.querySelector('caption'); return c ? norm(c.textContent) : ''; }
    }
    if (!byContent.test(r)) return norm(e.getAttribute('title'));
    if (text) return text;
    const alt = e.firstElementChild ? [...e.querySelectorAll('img[alt],[aria-label],svg title')].map(x => norm(x.tagName === 'title' ? x.textContent : x.getAttribute('alt') || x.getAttribute('aria-label'))).filter(Boolean).join(' ') : '';
    return alt || norm(e.getAttribute('title'));
  }

  const isButton = (e, r) => r === 'button' || r === 'tab' || r === 'menuitem' || e.hasAttribute('onclick') || (e.tagName === 'A' || e.tagName === 'SPAN' || e.tagName === 'DIV') && /(^|[\s_-])(btn|button)/i.test(e.getAttribute('class') || '');

  // looks is what an element says of itself. Fields of the print that are empty are left out.
  function looks(e, text, own) {
    const p = {v: version, tag: e.tagName.toLowerCase()}, r = role(e);
    const put = (k, v, n) => { if (v) p[k] = cut(v, n); };
    const field = e.matches(controls) && !buttonInput(e) && e.tagName !== 'BUTTON' && e.tagName !== 'OUTPUT';
    const called = field ? said(e).replace(/\s*[:*：]+$/, '') : '';
    if (r) p.role = cut(r, 30);
    put('name', name(e, r, text, called), limits.name);
    if (e.attributes.length) {
      put('id', e.id, limits.id);
      put('name_attr', e.getAttribute('name'), limits.id);
      if (e.tagName === 'INPUT' || e.tagName === 'BUTTON') p.type = e.type;
      for (const t of tests) if (e.hasAttribute(t)) { put('test_id', e.getAttribute(t), limits.id); break; }
      if (e.classList.length) p.classes = [...e.classList].slice(0, limits.classes).map(c => cut(c, 40));
      put('href', address(e.getAttribute('href')), limits.address);
      put('src', address(e.getAttribute('src')), limits.address);
      put('placeholder', norm(e.getAttribute('placeholder')), limits.label);
      put('alt', norm(e.getAttribute('alt')), limits.label);
      put('title', norm(e.getAttribute('title')), limits.label);
    } else if (e.tagName === 'BUTTON') p.type = e.type;
    put('text', text, limits.text);
    put('own', own, limits.own);
    put('label', called, limits.label);
    if (isButton(e, r)) p.button = true;
    return p;
  }

  const form = f => norm(f.getAttribute('name') || f.getAttribute('aria-label')) || (f.id && !generated(f.id) ? f.id : '') || address(f.getAttribute('action')) || 'form';
  const level = e => /^H[1-6]$/.test(e.tagName) ? Number(e.tagName[1]) : e.getAttribute('role') === 'heading' ? Number(e.getAttribute('aria-level')) || 2 : 0;
  const step = (e, n) => e.tagName.toLowerCase() + '[' + n + ']';
  const anchor = e => e.id && !/['"]/.test(e.id) && e.id.length <= limits.id && !generated(e.id) ? `//*[@id='${e.id}']` : '';
  // under adds a heading to those above, which it ends as far as they are not above it.
  const under = (list, e, text) => { const l = level(e); while (list.length && list.at(-1).level >= l) list.pop(); list.push({level: l, text: cut(text, limits.heading)}); };
  const edits = e => e.hasAttribute('contenteditable') && e.getAttribute('contenteditable') !== 'false';
  const silent = e => e.tagName === 'SELECT' || e.tagName === 'TEXTAREA' || e.tagName === 'svg' || e.tagName === 'IFRAME' || e.tagName === 'OBJECT';
  const pressText = e => e.type === 'image' ? norm(e.alt) : norm(e.value) || (e.type === 'submit' ? 'Submit' : e.type === 'reset' ? 'Reset' : '');

  // Cells of a table are known by what heads their row and column.
  function cellText(c) { return !c || c.querySelector('select,textarea,[contenteditable]') ? '' : cut(norm(c.textContent), limits.cell); }
  function rowHead(row, cell) {
    const cells = row.cells ? [...row.cells] : [...row.querySelectorAll('[role=cell],[role=gridcell],[role=rowheader]')];
    const head = cells.find(c => c !== cell && (c.getAttribute('scope') === 'row' || c.getAttribute('role') === 'rowheader'));
    if (head) return cellText(head);
    for (const c of cells.slice(0, 4)) if (c !== cell) { const t = cellText(c); if (t) return t; }
    return '';
  }
  function columnHead(cell, row, heads) {
    const t = row.closest('table,[role=table],[role=grid]');
    if (!t) return '';
    let all = heads.get(t);
    if (!all) {
      const first = t.tHead && t.tHead.rows.length ? t.tHead.rows[t.tHead.rows.length - 1] : t.rows ? t.rows[0] : t.querySelector('[role=row]');
      const cells = !first ? [] : first.cells ? [...first.cells] : [...first.querySelectorAll('[role=columnheader]')];
      all = [];
      if (t.tHead || cells.every(c => c.tagName === 'TH' || c.getAttribute('role') === 'columnheader')) for (const c of cells) { const s = cellText(c); for (let i = 0; i < Math.min(c.colSpan || 1, 50); i++) all.push(s); }
      heads.set(t, all);
    }
    let n = 0;
    for (let c = cell.previousElementSibling; c; c = c.previousElementSibling) n += c.colSpan || 1;
    return row === (t.tHead && t.tHead.rows[0]) ? '' : all[n] || '';
  }

  // typed are the words that stand in fields: what the page shows of them elsewhere is no part of its look. Which of them
  // the page itself has put there cannot be told: some pages write into attributes what is typed.
  function typed(fields) {
    const out = [];
    const add = (e, secret) => { const v = norm(e.isContentEditable ? '' : e.value); if (v.length > 2) out.push({v, secret}); };
    for (const e of secrets) if (e.isConnected) add(e, true);
    for (const e of fields) {
      if (e.type === 'password') add(e, true);
      else if (!secrets.has(e) && !/^(checkbox|radio|button|submit|reset|image|hidden|range|color|file)$/.test(e.type) && e.value) add(e, false);
    }
    return out.sort((x, y) => y.v.length - x.v.length);
  }
  const wordly = /[\p{L}\p{N}]/u;
  function without(s, words) {
    for (const {v, secret} of words) {
      for (let i = s.indexOf(v); i >= 0; i = s.indexOf(v, i + 1)) {
        if (!secret && (wordly.test(s[i - 1] || '') && wordly.test(v[0]) || wordly.test(s[i + v.length] || '') && wordly.test(v.at(-1)))) continue;
        s = s.slice(0, i) + (secret ? '***' : '…') + s.slice(i + v.length);
      }
    }
    return s;
  }
  // clean takes what was typed out of a print. A text that is nothing else is left out: it is unknown, not another one.
  function clean(p, words) {
    if (!words.length) return p;
    const secret = words.filter(w => w.secret);
    for (const k in p) {
      if (/^(tag|role|type|path|id_path|shadow)$/.test(k)) continue;
      if (/^(id|name_attr|test_id|classes)$/.test(k)) { if (secret.some(w => String(p[k]).includes(w.v))) delete p[k]; continue; }
      if (typeof p[k] === 'string' && p[k]) {
        const s = without(p[k], words);
        if (s !== p[k] && !/[\p{L}\p{N}]/u.test(s)) delete p[k]; else p[k] = s;
      } else if (Array.isArray(p[k]) && typeof p[k][0] === 'string') p[k] = p[k].map(s => without(s, words));
    }
    return p;
  }

  const box = r => [Math.round(r.left + scrollX), Math.round(r.top + scrollY), Math.round(r.width), Math.round(r.height)];
  const smallBox = (w, h) => w > 0 && h > 0 && h <= 150 && w <= 800;
  const small = r => smallBox(r.width, r.height);
  const close = (r, o) => o.left < r.right + around && o.right > r.left - around && o.top < r.bottom + around && o.bottom > r.top - around;
  const words = list => cut(list.join(' '), limits.near);

  // piece adds the text of a part to what stands before it: only parts of one line belong to one word.
  const piece = (s, text, e) => !text ? s : e && !inline.test(e.tagName) ? s + ' ' + text + ' ' : s + text;

  // textOf is what page gathers of each element, for one.
  function textOf(e, edited) {
    if (edited || edits(e) || silent(e) || skipped.test(e.tagName)) return '';
    if (e.tagName === 'INPUT') return buttonInput(e) ? pressText(e) : '';
    const seen = e.checkVisibility({visibilityProperty: true}) || getComputedStyle(e).display === 'contents';
    let s = '';
    for (const part of [rootOf(e), e]) {
      for (let c = part && part.firstChild; c && s.length < 4 * limits.text; c = c.nextSibling) {
        if (c.nodeType === 3) s += c.data;
        else if (c.nodeType === 1 && (!seen || visible(c))) s = piece(s, textOf(c, false), c);
      }
    }
    return cut(norm(s), 2 * limits.text);
  }
  function visible(e) {
    const r = e.getBoundingClientRect();
    if (r.width > 0 && r.height > 0 && e.checkVisibility({visibilityProperty: true})) return true;
    for (const part of [rootOf(e), e]) for (let c = part && part.firstElementChild; c; c = c.nextElementSibling) if (visible(c)) return true;
    return false;
  }
  const ownText = e => { let s = ''; if (!silent(e)) for (let c = e.firstChild; c; c = c.nextSibling) if (c.nodeType === 3) s += ' ' + c.data; return norm(s); };
  const isEdited = e => { for (let n = e; n; n = n.parentElement || (n.getRootNode() instanceof ShadowRoot ? n.getRootNode().host : null)) if (edits(n)) return true; return document.designMode === 'on'; };

  // near are the words close to one element, found from the top of the page down without entering what lies elsewhere.
  function near(e, r) {
    const list = [];
    if (!small(r)) return '';
    const visit = n => {
      if (n === e || list.length > 40) return;
      const o = n.getBoundingClientRect();
      if ((o.width || o.height) && !close(r, o)) return;
      if (skipped.test(n.tagName) || silent(n) || edits(n)) return;
      if (small(o)) {
        const t = n.tagName === 'INPUT' ? (buttonInput(n) ? pressText(n) : '') : ownText(n);
        if (t && close(r, o) && n.checkVisibility({visibilityProperty: true})) list.push(cut(t, limits.own));
      }
      for (const part of [rootOf(n), n]) for (let c = part && part.firstElementChild; c; c = c.nextElementSibling) visit(c);
    };
    visit(document.documentElement);
    return words(list);
  }

  // sight is where the element of a handle lies in the window, if a picture of it may be kept: all of it is in sight, it
  // is no field and holds none, and what was typed is not to be read in it.
  function sight(handle) {
    const e = a.element(handle), bare = 'iframe,frame,object,embed,video,canvas,[contenteditable],[role=textbox],[role=combobox]';
    if (!e || !e.isConnected || isEdited(e) || e.matches(bare)) return null;
    const r = e.getBoundingClientRect();
    if (r.width < 6 || r.height < 6 || r.left < 0 || r.top < 0 || r.right > innerWidth || r.bottom > innerHeight) return null;
    const field = x => x.matches(controls) && !buttonInput(x) && x.tagName !== 'BUTTON' || x.matches(bare);
    const holds = (n, deep) => field(n) || deep < 20 && [rootOf(n), n].some(part => part && [...part.children].some(c => holds(c, deep + 1)));
    if (e.querySelectorAll('*').length > 60 || holds(e, 0)) return null;
    const text = textOf(e, false), inputs = [];
    for (const root of a.of.roots(document)) inputs.push(...root.querySelectorAll('input,textarea'));
    if (without(text, typed(inputs)) !== text) return null;
    for (const [x, y] of [[0.5, 0.5], [0.1, 0.2], [0.9, 0.8]]) {
      const hit = a.deepest(r.left + x * r.width, r.top + y * r.height);
      if (hit && !a.of.inside(hit, e) && !a.of.inside(e, hit)) return null; // something lies on it
    }
    return [r.left, r.top, r.width, r.height];
  }

  // print is what one element looks like; see selector.Print.
  function print(e) {
    const edited = isEdited(e);
    const p = looks(e, textOf(e, edited), edited ? '' : ownText(e)), r = e.getBoundingClientRect();
    if (r.width || r.height) p.box = box(r);
    const nearby = near(e, r);
    if (nearby) p.near = nearby;
    const path = [], shadow = [];
    let id = '', tail = '';
    for (let n = e; n && n.nodeType === 1;) {
      let i = 1;
      for (let s = n.previousElementSibling; s; s = s.previousElementSibling) if (s.tagName === n.tagName) i++;
      if (n === e) p.index = i;
      if (!id) { id = anchor(n); if (id) id += tail; else tail = '/' + step(n, i) + tail; }
      path.unshift(step(n, i));
      const root = n.parentElement ? null : n.getRootNode();
      if (root instanceof ShadowRoot) {
        shadow.unshift('/' + path.join('/'));
        path.length = 0;
        n = root.host;
        if (!id) id = 'none';
      } else n = n.parentElement;
    }
    shadow.unshift('/' + path.join('/'));
    p.path = cut(shadow.pop(), limits.path);
    if (shadow.length) p.shadow = shadow.map(s => cut(s, limits.path / 2));
    if (id && id !== 'none') p.id_path = cut(id, limits.path);
    const above = [];
    const chain = [];
    for (let n = e; n;) { const root = n.getRootNode(); chain.unshift([root, n]); n = root instanceof ShadowRoot ? root.host : null; }
    for (const [root, at] of chain) for (const h of root.querySelectorAll('h1,h2,h3,h4,h5,h6,[role=heading]')) {
      if (h === at || !(h.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      const t = h.contains(at) ? '' : norm(h.textContent);
      if (t) under(above, h, t);
    }
    if (above.length) p.headings = above.slice(-3).reverse().map(h => h.text);
    const cell = e.closest('td,th,[role=cell],[role=gridcell]'), row = (cell || e).closest('tr,[role=row]');
    if (row && row !== e) { const t = rowHead(row, cell); if (t) p.row = t; }
    if (row && cell) { const t = columnHead(cell, row, new Map()); if (t) p.column = t; }
    const f = e.tagName === 'FORM' ? null : e.form || e.closest('form');
    if (f instanceof HTMLFormElement) p.form = cut(form(f), limits.label);
    p.alike = 0;
    for (const x of e.getRootNode().querySelectorAll(p.tag)) {
      if (x === e) { p.alike++; continue; }
      if (x.textContent.length !== e.textContent.length || (x.getAttribute('aria-label') || '') !== (e.getAttribute('aria-label') || '') || role(x) !== (p.role || '')) continue;
      if (byContent.test(p.role || '') ? x.textContent === e.textContent : (looks(x, textOf(x, false), '').name || '') === (p.name || '')) if (++p.alike > 99) break;
    }
    return clean(p, typed([...document.querySelectorAll('input,textarea'), ...(e.getRootNode() instanceof ShadowRoot ? e.getRootNode().querySelectorAll('input,textarea') : [])]));
  }

  // page is what all elements look like, in the order of the document, each with the place of its parent.
  // A page of more elements than most, or that takes longer, is cut.
  const most = 12000, longest = 1500;
  let refs = {base: 0, list: []};
  function page() {
    const until = performance.now() + longest;
    let cutOff = false;
    const list = [], nodes = [], ends = [], leaves = [], fields = [], heads = new Map(), alike = new Map();
    const above = []; // headings
    let over = []; // the nearest of them, as prints say it
    const headed = () => { over = above.slice(-3).reverse().map(h => h.text); };
    const sx = scrollX, sy = scrollY;
    const visit = (e, parent, n, path, id, shadow, where, edited) => {
      if (cutOff || list.length >= most || list.length % 256 === 255 && performance.now() > until) { cutOff = true; return {seen: false, text: ''}; }
      const i = list.length, {left, top, width, height} = e.getBoundingClientRect(), cv = e.checkVisibility({visibilityProperty: true});
      nodes.push(e);
      list.push(null);
      path += '/' + step(e, n);
      const own = anchor(e);
      id = own || (id && id + '/' + step(e, n));
      edited = edited || edits(e);
      const tag = e.tagName, mute = silent(e);
      if (tag === 'INPUT' || tag === 'TEXTAREA') fields.push(e);
      let w = where;
      if (tag === 'TR' || e.getAttribute('role') === 'row') w = {...w, row: e, cell: null, head: null};
      else if (w.row && (tag === 'TD' || tag === 'TH' || /^(cell|gridcell)$/.test(e.getAttribute('role') || ''))) w = {...w, cell: e, head: null, column: null};
      if (tag === 'FORM') w = {...w, form: e};
      const headings = over; // before its own, if it is one
      let seen = cv && width > 0 && height > 0, text = '', raw = '';
      const hidden = !cv && getComputedStyle(e).display !== 'contents';
      const kids = (part, down, base, anchored, hosts) => {
        const counts = {};
        for (let c = part.firstChild; c; c = c.nextSibling) {
          if (c.nodeType === 3) { if (!edited && !mute && /\S/.test(c.data)) { if (part === e) raw += ' ' + c.data; if (text.length < 4 * limits.text) text += c.data; } else if (!edited && text) text += ' '; continue; }
          if (c.nodeType !== 1) continue;
          counts[c.tagName] = (counts[c.tagName] || 0) + 1;
          if (skipped.test(c.tagName)) continue;
          const k = visit(c, i, counts[c.tagName], base, anchored, hosts, down, edited);
          if (k.seen) seen = true;
          if (text.length < 4 * limits.text && !mute && (hidden || k.seen)) text = piece(text, k.text, c);
        }
      };
      const root = rootOf(e);
      if (root) {
        const before = above.slice(); // a heading in a shadow root heads nothing outside of it
        kids(root, w, '', '', [...shadow, cut(path, limits.path / 2)]);
        above.splice(0, above.length, ...before);
        headed();
      }
      if (tag !== 'svg') kids(e, w, path, id, shadow);
      text = edited ? '' : tag === 'INPUT' ? (buttonInput(e) ? pressText(e) : '') : cut(norm(text), 2 * limits.text);
      const said = edited || tag === 'INPUT' ? '' : norm(raw), p = looks(e, text, said);
      if (width || height) p.box = [Math.round(left + sx), Math.round(top + sy), Math.round(width), Math.round(height)];
      p.path = cut(path, limits.path);
      if (id) p.id_path = cut(id, limits.path);
      if (shadow.length) p.shadow = shadow;
      p.index = n;
      if (headings.length) p.headings = headings;
      if (text && level(e)) { under(above, e, text); headed(); }
      if (w.row && w.row !== e) {
        if (w.head === null) w.head = rowHead(w.row, w.cell);
        if (w.head) p.row = w.head;
        if (w.cell) { if (w.column === null) w.column = columnHead(w.cell, w.row, heads); if (w.column) p.column = w.column; }
      }
      const f = tag === 'FORM' ? where.form : e.form instanceof HTMLFormElement ? e.form : w.form;
      if (f) p.form = cut(form(f), limits.label);
      const words = tag === 'INPUT' ? text : said;
      if (words && cv && !mute && smallBox(width, height)) leaves.push({i, left, top, right: left + width, bottom: top + height, text: cut(words, limits.own)});
      p.parent = parent;
      if (seen) p.shown = true;
      list[i] = p;
      ends[i] = list.length;
      return {seen, text};
    };
    if (document.documentElement) visit(document.documentElement, -1, 1, '', '', [], {row: null, cell: null, form: null}, document.designMode === 'on');
    leaves.sort((x, y) => x.i - y.i);
    // Leaves by squares of the page: only those of the squares around an element can be near it.
    const grid = new Map(), size = 100, key = (x, y) => x * 100003 + y, at = x => Math.floor(x / size);
    leaves.forEach((l, n) => {
      for (let x = at(l.left); x <= at(l.right); x++) for (let y = at(l.top); y <= at(l.bottom); y++) { const k = key(x, y), c = grid.get(k); if (c) c.push(n); else grid.set(k, [n]); }
    });
    const told = typed(fields), met = new Int32Array(leaves.length).fill(-1), same = p => p.tag + '\n' + (p.role || '') + '\n' + (p.name || '');
    list.forEach((p, i) => {
      const k = same(p);
      alike.set(k, (alike.get(k) || 0) + 1);
      const b = p.box;
      if (!b || !smallBox(b[2], b[3])) return;
      const left = b[0] - sx - around, top = b[1] - sy - around, right = b[0] - sx + b[2] + around, bottom = b[1] - sy + b[3] + around, end = ends[i], hits = [];
      for (let x = at(left); x <= at(right); x++) {
        for (let y = at(top); y <= at(bottom); y++) {
          const c = grid.get(key(x, y));
          if (!c) continue;
          for (const n of c) {
            if (met[n] === i) continue; // it lies in several squares
            met[n] = i;
            const l = leaves[n];
            if ((l.i < i || l.i >= end) && l.left < right && l.right > left && l.top < bottom && l.bottom > top) hits.push(n);
          }
        }
      }
      if (hits.length) p.near = words(hits.sort((x, y) => x - y).slice(0, 40).map(n => leaves[n].text));
    });
    const base = refs.base + refs.list.length + 1;
    refs = {base, list: nodes};
    list.forEach((p, i) => { p.alike = alike.get(same(p)); p.ref = base + i; clean(p, told); });
    const d = document.documentElement;
    return JSON.stringify({url: location.href, width: d ? d.scrollWidth : 0, height: d ? d.scrollHeight : 0, state: document.readyState, cut: cutOff, elements: list});
  }

  // witness adds to what was found for an action what tells whether it is the element meant: its print, and how many of
  // the other ways to find it agree. An element that was looked at for the same before, and has not changed, needs none;
  // what is read may change.
  const looked = new WeakMap();
  function witness(o, f) {
    const e = o.hit.e, t = e.textContent, row = e.closest('tr,li,[role=row]');
    const now = o.print + '\n' + e.id + '\n' + e.getAttribute('name') + '\n' + e.getAttribute('href') + '\n' + (o.action === 'read' ? '' : t.length > 120 ? t.length + t.slice(0, 120) : t) + '\n' + (row && row !== e ? row.textContent.slice(0, 60) : '');
    f.at = keep(e);
    if (o.sure && a.element(o.sure) === e && looked.get(e) === now) { f.sure = true; return f; }
    looked.set(e, now);
    f.print = print(e);
    f.agree = 0;
    f.differ = 0;
    o.target.queries.forEach((q, i) => {
      if (i === o.hit.query) return;
      const g = a.of.find({queries: [q], within: o.target.within}, 'there');
      if (g.e === e) f.agree++; else if (g.e) f.differ++;
    });
    return f;
  }

  a.witness = witness;
  // witnesses is witness for the fields of a form, of which one may not be there.
  a.witnesses = list => list.map(o => { const hit = a.of.find(o.target, 'shown'); return hit.kind ? {kind: hit.kind} : witness({...o, hit}, {query: hit.query}); });
  a.sight = sight;
  a.prints = page;
  a.print = handle => { const e = a.element(handle); return e && e.isConnected ? print(e) : null; };
  a.printOf = print;
  // ref makes a handle of an element of the last look at the whole page; 0 says that it is no more.
  a.ref = n => { const e = refs.list[n - refs.base]; return e && e.isConnected ? keep(e) : 0; };
  // place is where an element stands in the last look at the whole page, as ref counts; 0 says nowhere.
  a.place = handle => { const i = refs.list.indexOf(a.element(handle)); return i < 0 ? 0 : refs.base + i; };
  a.forget = () => { refs = {base: refs.base + refs.list.length, list: []}; return true; };
  Object.assign(a.of, {generated, hashed, role, said, cut, rowHead, columnHead});
})();
