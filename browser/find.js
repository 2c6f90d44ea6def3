// Finding: what a query means, what an element is called, and whether it can be seen.

const closed = new WeakMap(); // host -> its closed shadow root, told by the driver
const kept = new Map();       // number -> element, for the steps of one action
let count = Math.floor(Math.random() * 1e12); // so that a handle of one document means nothing in another

const untidy = /^[\s\u200b]|[\s\u200b]$|[^\S ]|[\u00ad\u200b]|  /; // most texts are as they shall be
const norm = s => !s ? '' : untidy.test(s) ? s.replace(/\u00ad/g, '').replace(/[\s\u00a0\u200b\ufeff]+/g, ' ').trim() : s;
const low = s => norm(s).toLowerCase();
const rootOf = e => e.shadowRoot || closed.get(e) || null;
const parentOf = n => n.assignedSlot || n.parentElement || (n.getRootNode() instanceof ShadowRoot ? n.getRootNode().host : null);
const macrotask = () => new Promise(f => { const c = new MessageChannel(); c.port1.onmessage = () => { c.port1.close(); f(); }; c.port2.postMessage(0); });
const frame = () => new Promise(f => { const t = setTimeout(f, 50); requestAnimationFrame(() => { clearTimeout(t); f(); }); });
const pause = ms => new Promise(f => setTimeout(f, ms));

// mayHost leaves out the elements that can have no shadow root, and of which pages are full.
const mayHost = ':not(table,thead,tbody,tfoot,tr,td,th,col,colgroup,caption,ul,ol,li,dl,dt,dd,a,b,i,u,s,em,strong,small,code,pre,br,hr,img,picture,source,input,button,select,option,optgroup,textarea,label,form,fieldset,legend,script,style,link,meta,title,head,svg,g,path,use,rect,circle,line)';
// roots are the document and every shadow root in it, outermost first.
function roots(start) {
  const all = [start];
  for (let i = 0; i < all.length; i++) {
    const own = all[i].nodeType === 1 && rootOf(all[i]);
    if (own) all.push(own);
    for (const n of all[i].querySelectorAll(mayHost)) {
      const r = rootOf(n);
      if (r) all.push(r);
    }
  }
  return all;
}

// pictureOf is the picture that an area of a map lies on.
const pictureOf = e => [...e.getRootNode().querySelectorAll('img[usemap]')].find(i => { const m = e.closest('map'); return m && i.useMap === '#' + m.name; });

function shown(e) {
  if (!e.isConnected) return false;
  if (e.tagName === 'AREA') { const i = pictureOf(e); return !!i && shown(i); }
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

// loose is what stands beside a field as bare text, in no element of its own: behind a box, unless all of them stand
// behind their words, else before.
const phrase = /^(A|ABBR|B|CODE|EM|FONT|I|KBD|MARK|S|SMALL|SPAN|STRONG|SUB|SUP|U)$/;
const box = e => e.tagName === 'INPUT' && (e.type === 'checkbox' || e.type === 'radio');
function along(e, next) {
  let text = '';
  for (let n = e[next]; n; n = n[next]) {
    if (n.nodeType === 8 || n.nodeName === 'BR' && !text.trim() && next === 'previousSibling') continue;
    if (n.nodeType !== 3 && !(n.nodeType === 1 && phrase.test(n.tagName) && !n.querySelector(controls))) break;
    text = next === 'nextSibling' ? text + n.textContent : n.textContent + text;
  }
  return norm(text);
}
function loose(e) {
  if (buttonInput(e) || e.tagName === 'BUTTON' || !e.parentElement || titled(e)) return '';
  if (!box(e)) return along(e, 'previousSibling');
  const last = [...e.parentElement.children].filter(box).at(-1);
  return along(e, along(last, 'nextSibling') ? 'nextSibling' : 'previousSibling');
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
        if (own.length) return own;
        const hosts = all('label').filter(l => bare(l.textContent) === want && l.control && rootOf(l.control)).map(l => l.control);
        if (hosts.length) return hosts;
        const near = beside(texts(root, want, t => bare(t) === want).filter(shown), root);
        return near.length ? near : fields.filter(e => bare(loose(e)) === want);
      };
      return either(called, () => {
        const own = fields.filter(e => low(label(e)).includes(low(want)));
        return own.length ? own : beside(texts(root, want, t => low(t).startsWith(low(want)) && t.length < want.length + 20).filter(shown), root);
      });
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

// lurks says whether a text is there to the letter that cannot be seen yet, where one that is alike can: the latter is
// meant only if the former does not show up soon.
let lurking = {key: '', since: 0, seen: 0};
function lurks(q, scope) {
  if (q.by !== 'text' || !roots(scope || document).some(r => texts(r, q.value, exactly(q.value)).length)) return false;
  const now = performance.now();
  if (lurking.key !== q.value || now - lurking.seen > 2000) lurking = {key: q.value, since: now};
  lurking.seen = now;
  return now - lurking.since < 1000;
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

// shut says whether the browser lets nobody use an element: a modal dialog is open elsewhere, or it is inert.
function shut(e) {
  const modal = document.querySelectorAll('dialog:modal');
  if (modal.length && ![...modal].some(d => inside(e, d))) return true;
  for (let n = e; n; n = parentOf(n)) if (n.inert) return true;
  return false;
}

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
    let usable = need === 'shown' || seen.length ? seen : found; // of twins, the one that can be seen is meant
    if (usable.length > 1 && !q.nth) { const free = usable.filter(e => !shut(e)); if (free.length) usable = free; } // or the one that can be used
    if (found.length && !usable.length) hidden = hidden || found[0];
    if (q.nth) {
      const e = usable.at(q.nth > 0 ? q.nth - 1 : q.nth);
      if (e) return {e, query: i, alike: search.alike, scope};
      continue;
    }
    if (usable.length === 1) {
      if (many && !many.includes(usable[0])) continue;
      return {e: usable[0], query: i, alike: search.alike, scope};
    }
    if (usable.length > 1) many = many ? many.filter(e => usable.includes(e)) : usable;
    if (many && many.length === 1) return {e: many[0], query: i};
  }
  if (many && many.length) return fail('ambiguous', many.length + ' elements match: ' + many.slice(0, 4).map(describe).join(', '));
  if (hidden) return fail('hidden', hidden.tagName === 'OPTION' && need === 'shown' ? 'it is a choice of a list that drops down: use web.select with the list' : '', hidden);
  return fail('not_found', '');
}
