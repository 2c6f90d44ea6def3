// Ways to find an element again, the most stable first, each tried: it finds that element alone. It uses the functions
// of inject.js and print.js.
(() => {
  const a = globalThis.__aether;
  if (a.candidates) return;
  const {norm, roots, shown, find, search, controls, buttonInput, generated, hashed, role, said, nameOf, rowHead} = a.of;
  const tests = ['data-testid', 'data-test-id', 'data-test', 'data-cy', 'data-qa'];
  const unnamed = /^(paragraph|region|group|list|cell|row|table|separator|figure|article|main|banner|contentinfo|complementary|navigation|generic|presentation|none)$/;

  // literal writes a text for XPath, which knows no escapes.
  const literal = s => !s.includes("'") ? `'${s}'` : !s.includes('"') ? `"${s}"` : `concat('${s.replace(/'/g, `', "'", '`)}')`;
  // plain says whether a name is words that tomorrow's page is likely to have, too: no numbers, dates and amounts.
  const data = s => /\d{2,}|\d[.,:/]\d|[€$£]/.test(s);
  const own = e => { let s = ''; for (let c = e.firstChild; c; c = c.nextSibling) if (c.nodeType === 3) s += ' ' + c.data; return norm(s); };

  // alone counts what a query finds, and says whether a target of it would be that element.
  function alone(e, q) {
    let found;
    try { found = search(q, null); } catch { return 0; }
    if (!found.includes(e) || a.of.search.alike) return 0;
    const f = find({queries: [q]}, 'there');
    return f.e === e ? q.nth ? found.length : found.filter(shown).length || found.length : -found.length;
  }

  const quote = v => '"' + v.replace(/["\\]/g, '\\$&') + '"';
  const plain = c => /^[A-Za-z][\w-]*$/.test(c);
  // traits are what a step of a CSS selector may say of an element, the most telling first.
  function traits(e) {
    const t = e.tagName.toLowerCase(), out = [];
    if (e.id && plain(e.id) && !generated(e.id)) out.push('#' + e.id);
    const n = e.getAttribute('name');
    if (n && !generated(n)) out.push(`${t}[name=${quote(n)}]`);
    for (const at of ['aria-label', 'type', 'role', 'href', 'alt', 'title', 'for']) {
      const v = e.getAttribute(at);
      if (v && v.length <= 60 && !generated(v) && !(at === 'href' && (/[?#]|^javascript:/i.test(v) || v === '/'))) out.push(`${t}[${at}=${quote(v)}]`);
    }
    for (const c of e.classList) if (plain(c) && !generated(c) && !/^(active|open|show|focus|hover|disabled|selected|current|visible|hidden|in|is-|has-|js-)/.test(c)) out.push(t + '.' + c);
    return out;
  }
  const count = (root, css) => { try { return root.querySelectorAll(css).length; } catch { return 0; } };

  // short is a CSS selector without generated ids and classes: a trait, two of them, one beneath one of an ancestor.
  function short(e) {
    const root = e.getRootNode(), mine = traits(e), tag = e.tagName.toLowerCase();
    for (const t of mine) if (count(root, t) === 1) return t;
    for (const t of mine) for (const u of mine) if (t !== u && !/^#/.test(u)) { const both = t + u.replace(/^[a-z0-9-]+/i, ''); if (count(root, both) === 1) return both; }
    for (let n = e.parentElement, i = 0; n && i < 6; n = n.parentElement, i++) {
      for (const up of traits(n)) for (const t of [...mine, tag]) if (count(root, `${up} ${t}`) === 1) return `${up} ${t}`;
    }
    return '';
  }
  // path is a CSS selector by places, from the nearest ancestor with an id of its own.
  function path(e) {
    const parts = [];
    for (let n = e; n && n.nodeType === 1; n = n.parentElement) {
      if (n.id && plain(n.id) && !generated(n.id) && count(n.getRootNode(), '#' + n.id) === 1) { parts.unshift('#' + n.id); break; }
      let i = 1, kin = 0;
      for (const s of n.parentElement ? n.parentElement.children : []) { if (s.tagName === n.tagName) kin++; if (s === n) i = kin; }
      parts.unshift(n.tagName.toLowerCase() + (kin > 1 ? `:nth-of-type(${i})` : ''));
    }
    return parts.join(' > ');
  }
  // xpath begins at the nearest ancestor with an id of its own, or at the page.
  function xpath(e) {
    let at = '';
    for (let n = e; n && n.nodeType === 1; n = n.parentElement) {
      if (n.id && !/['"]/.test(n.id) && !generated(n.id) && count(n.getRootNode(), `[id=${quote(n.id)}]`) === 1) return `//*[@id='${n.id}']` + at;
      const t = /[A-Z]|svg/.test(n.tagName) && n.namespaceURI.endsWith('xhtml') ? n.tagName.toLowerCase() : `*[name()='${n.tagName}']`;
      let i = 1;
      for (let s = n.previousElementSibling; s; s = s.previousElementSibling) if (s.tagName === n.tagName) i++;
      at = `/${t}[${i}]` + at;
    }
    return at;
  }
  // inRow finds an element by what heads its row of a table.
  function inRow(e) {
    const cell = e.closest('td,th'), row = cell && cell.closest('tr');
    const head = row && rowHead(row, cell), whole = head && norm([...row.cells].map(c => norm(c.textContent)).find(t => t.startsWith(head)) || '');
    if (!whole || whole.length > 40) return null;
    const tr = `//tr[td[normalize-space()=${literal(whole)}] or th[normalize-space()=${literal(whole)}]]`, tag = e.tagName.toLowerCase();
    if (e === cell) return {by: 'xpath', value: `${tr}/${tag}[${[...row.cells].filter(c => c.tagName === e.tagName).indexOf(e) + 1}]`};
    const text = norm(e.textContent), name = e.getAttribute('name'), type = e.getAttribute('type');
    const ways = [text && text.length <= 40 && `[normalize-space()=${literal(text)}]`, name && !generated(name) && `[@name=${literal(name)}]`, type && `[@type=${literal(type)}]`, ''];
    for (const w of ways) if (w !== null && w !== false) { const q = {by: 'xpath', value: `${tr}//${tag}${w || ''}`}; if (alone(e, q) === 1) return q; }
    return null;
  }

  // candidates are three to six ways to find an element, each verified, with how stable it is from 1 to 0 and why.
  function candidates(e) {
    const out = [], seen = new Set();
    const add = (q, score, reason) => {
      const k = q.by + '\n' + q.value + '\n' + (q.name || '') + '\n' + (q.nth || 0);
      if (!q.value || seen.has(k)) return;
      seen.add(k);
      const n = alone(e, q);
      if (n > 0) out.push({query: q, score: Math.round(score * 100) / 100, reason, matches: n});
      else if (n < -1 && n > -100 && (score > 0.5 || out.length < 3 && q.by === 'css')) { // one of several
        const nth = search(q, null).filter(shown).indexOf(e) + 1, m = {...q, nth};
        if (nth > 0 && alone(e, m) > 0) out.push({query: m, score: Math.round(score * 40) / 100, reason: reason + `, the ${nth}. of ${-n}`, matches: -n});
      }
    };
    const test = tests.map(t => e.getAttribute(t)).find(Boolean), r = role(e), field = e.matches(controls) && !buttonInput(e) && e.tagName !== 'BUTTON';
    const weaker = s => data(s) ? 0.6 : 1;
    if (test) add({by: 'testid', value: test}, generated(test) ? 0.7 : 0.98, 'an attribute that is there for tests');
    const name = norm(nameOf(e));
    if (r && name && name.length <= 80 && !unnamed.test(r)) add({by: 'role', value: r, name}, 0.92 * weaker(name), `a ${r} with this name, as assistive technology calls it`);
    if (field) { const l = said(e).replace(/\s*[:*：]+$/, ''); if (l && l.length <= 80) add({by: 'label', value: l}, 0.9 * weaker(l), 'the label of the field'); }
    const at = n => norm(e.getAttribute(n));
    if (at('placeholder')) add({by: 'placeholder', value: at('placeholder')}, 0.8 * weaker(at('placeholder')), 'the hint in the empty field');
    if (e.id && !generated(e.id)) add({by: 'id', value: e.id}, 0.78, 'an id that looks made by a person');
    if (e.getAttribute('name') && !generated(e.getAttribute('name'))) add({by: 'name', value: e.getAttribute('name')}, 0.76, 'the name under which the form sends it');
    const text = field ? '' : norm(e.innerText ?? e.textContent);
    if (text && text.length <= 60) add({by: 'text', value: text}, 0.74 * weaker(text), 'the text that a person reads');
    if (at('alt')) add({by: 'alt', value: at('alt')}, 0.72, 'the alternative text of the picture');
    if (at('title')) add({by: 'title', value: at('title')}, 0.66 * weaker(at('title')), 'the title that the mouse shows');
    const row = inRow(e);
    if (row) add(row, 0.6, 'its row in the table, by what stands in it');
    const css = short(e);
    if (css) add({by: 'css', value: css}, 0.5, 'a short selector without generated names');
    if (e.getRootNode() === document) add({by: 'xpath', value: xpath(e)}, xpath(e).startsWith('//') ? 0.3 : 0.15, 'its place in the page');
    if (out.length < 3) add({by: 'css', value: path(e)}, 0.2, 'its place in the page');
    out.sort((x, y) => y.score - x.score);
    const best = out.slice(0, 6), place = out.find(c => c.query.by === 'xpath' && c.score <= 0.3);
    if (place && !best.includes(place)) best[best.length - 1] = place; // the last resort stays
    return best;
  }
  a.candidates = handle => { const e = a.element(handle); return e && e.isConnected ? candidates(e) : []; };
})();
