// Reading: texts, tables, lists, and what a field holds.

// cell is the text of a table's cell, or what the field in it holds.
function cell(c) {
  if (!c.firstElementChild) return norm(c.textContent);
  const f = c.querySelector('input:not([type=hidden]),select,textarea');
  if (f && norm(c.textContent) === norm(f.textContent)) return checked(f) === null ? held(f) : String(checked(f));
  return norm(c.innerText ?? c.textContent) || norm(c.querySelector('img[alt]')?.alt);
}

// cellsOf are the cells of a row: found one by one, which for many rows is several times as fast as the list that a row has.
function cellsOf(r) {
  if (!r.cells) return [...r.querySelectorAll('[role=cell],[role=gridcell],[role=columnheader],[role=rowheader]')];
  const out = [];
  for (let c = r.firstElementChild; c; c = c.nextElementSibling) if (c.localName === 'td' || c.localName === 'th') out.push(c);
  return out;
}

// spanned is a row where cells reach over several columns or rows; span has what reaches into the next row.
function spanned(own, span) {
  const line = [], kept = () => { while (span[line.length] && span[line.length].left > 0) { const s = span[line.length]; s.left--; line.push(s.text); } };
  for (const c of own) {
    kept();
    const text = cell(c), left = c.rowSpan === 0 ? Infinity : (c.rowSpan || 1) - 1;
    for (let k = 0; k < (c.colSpan || 1); k++) { span[line.length] = {text, left}; line.push(text); }
  }
  kept();
  return line;
}

// table reads rows of cells. A cell that spans several rows or columns is there in each of them; rows that cannot be
// seen are left out unless the whole table cannot.
function table(e) {
  const t = e.tagName === 'TABLE' ? e : e.closest('table') || e.querySelector('table') || e;
  const all = t.rows ? [...t.rows] : [...t.querySelectorAll('[role=row]')], out = [], span = [], seen = t.checkVisibility();
  let head = 0, cells = 0;
  if (!all.length && !t.matches('table,[role=table],[role=grid],[role=treegrid]')) throw new Error('it is no table and holds none');
  const spans = !!t.querySelector('[rowspan],[colspan]'); // most tables have none, and asking each cell takes long
  const plain = !t.querySelector('td *,th *'); // most have nothing but text in their cells
  for (const r of all) {
    if (seen && !r.checkVisibility()) continue;
    const own = cellsOf(r), line = spans ? spanned(own, span) : own.map(plain && r.cells ? c => norm(c.textContent) : cell);
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
