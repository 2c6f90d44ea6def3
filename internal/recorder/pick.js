// The picker's part of the page: what two elements of a list have in common, and what its rows hold.
(() => {
  const a = globalThis.__aether;
  if (!a || !a.record || a.pick) return;
  const {norm, shown, parentOf, generated} = a.of;
  let first = null;
  const tidy = c => /^[A-Za-z][\w-]*$/.test(c) && !generated(c) && !/^(active|open|show|focus|hover|disabled|selected|current|visible|hidden|first|last|odd|even|is-|has-|js-)/.test(c);

  // step is what two elements have in common, as one step of a selector; '' if they are different things.
  function step(x, y) {
    if (x.tagName !== y.tagName) return '';
    const tag = x.tagName.toLowerCase(), role = x.getAttribute('role');
    const both = [...x.classList].filter(c => y.classList.contains(c) && tidy(c));
    return tag + (role && role === y.getAttribute('role') ? `[role="${role}"]` : '') + both.slice(0, 2).map(c => '.' + c).join('');
  }
  // anchor is a step for what the list stands in.
  function anchor(e) {
    const tag = e.tagName.toLowerCase();
    if (e.id && /^[A-Za-z][\w-]*$/.test(e.id) && !generated(e.id)) return '#' + e.id;
    const classes = [...e.classList].filter(tidy);
    const css = tag + (classes.length ? '.' + classes[0] : '');
    return e.getRootNode().querySelectorAll(css).length === 1 ? css : '';
  }
  const chain = e => { const out = []; for (let n = e; n && n.nodeType === 1; n = n.parentElement) out.push(n); return out; };

  // alike finds the pattern of two elements: the list they stand in, its rows, and the element in each row.
  function alike(x, y) {
    if (x === y || x.getRootNode() !== y.getRootNode()) return null;
    const up = chain(x), other = new Set(chain(y));
    const list = up.find(n => other.has(n) && n !== x && n !== y);
    if (!list) return null;
    const mine = up.slice(0, up.indexOf(list)).reverse(), theirs = chain(y).slice(0, chain(y).indexOf(list)).reverse();
    if (mine.length !== theirs.length) return null;
    const steps = mine.map((n, i) => step(n, theirs[i]));
    if (steps.includes('')) return null;
    const root = list.getRootNode(), find = css => { try { return [...root.querySelectorAll(css)].filter(shown); } catch { return []; } };
    // The place among siblings tells cells of a row apart, where nothing else does.
    for (let i = 1; i < mine.length; i++) if (place(mine[i]) === place(theirs[i]) && [...mine[i].parentElement.children].filter(s => s.matches(steps[i])).length > 1) steps[i] += `:nth-of-type(${place(mine[i])})`;
    let base = '';
    for (let n = list; n && !base; n = n.parentElement) base = anchor(n);
    const joined = (from, to) => steps.slice(from, to).join(' > ');
    let within = base && list.matches(base) ? base + ' > ' : base ? base + ' ' : '';
    let found = find(within + joined(0, steps.length)), lines = find(within + joined(0, 1));
    if (lines.some(r => lines.some(o => o !== r && r.contains(o)))) { // lists in lists: this one alone
      const way = [];
      for (let n = list; n && !(base && n.matches(base)); n = n.parentElement) way.unshift(n.tagName.toLowerCase() + ([...(n.parentElement ? n.parentElement.children : [])].filter(s => s.tagName === n.tagName).length > 1 ? `:nth-of-type(${place(n)})` : ''));
      within = [base, ...way].filter(Boolean).join(' > ') + ' > ';
      found = find(within + joined(0, steps.length));
      lines = find(within + joined(0, 1));
    }
    const css = within + joined(0, steps.length), rows = within + joined(0, 1);
    if (!found.includes(x) || !found.includes(y)) return null;
    const whole = lines.every(r => r.tagName === 'TR') && lines[0].closest('table');
    const table = whole && lines.every(r => r.closest('table') === whole) ? a.candidates(a.of.keep(whole)).filter(c => c.query.by !== 'xpath').slice(0, 3).map(c => c.query) : [];
    return {css, count: found.length, row: rows, rows: lines.length, fields: fields(lines), table};
  }
  const place = e => { let i = 1; for (let s = e.previousElementSibling; s; s = s.previousElementSibling) if (s.tagName === e.tagName) i++; return i; };

  // fields are what the rows hold: the cells of a table by their headings, else the parts with text, links and pictures.
  // Rows may lack some of them: what is named is what the fullest row has, and then what only others have.
  const maxFields = 20, looked = 50;
  function fields(rows) {
    const out = [], names = new Set(), known = new Set();
    const body = rows.filter(r => !(r.tagName === 'TR' && r.cells.length && [...r.cells].every(c => c.tagName === 'TH')));
    if (body.length) rows = body;
    if (!rows.length) return out;
    const name = s => { let n = norm(s).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '_').replace(/^_+|_+$/g, '').slice(0, 30) || 'field'; if (/^\d/.test(n)) n = 'f_' + n; while (names.has(n)) n = n.replace(/_?(\d*)$/, (m, d) => '_' + (Number(d || 1) + 1)); names.add(n); return n; };
    const attribute = {link: 'href', image: 'src'};
    // add adds a field; its sample is that of the first row that has some.
    const add = (title, css, read) => {
      if (known.has(css + read) || out.length >= maxFields) return;
      known.add(css + read);
      const parts = rows.map(r => r.querySelector(css)).filter(Boolean);
      const say = e => norm(read === 'text' ? e.textContent : e.getAttribute(attribute[read]) || '').slice(0, 60);
      out.push({name: name(title), css, read, sample: parts.slice(0, looked).map(say).find(Boolean) || '', optional: parts.length < rows.length});
    };
    const fullest = rows.slice(0, looked).reduce((a, b) => (b.cells || b.querySelectorAll('*')).length > (a.cells || a.querySelectorAll('*')).length ? b : a);
    const table = fullest.tagName === 'TR' && fullest.closest('table');
    if (table) {
      const heads = [...(table.tHead && table.tHead.rows[table.tHead.rows.length - 1] || table.rows[0]).cells].flatMap(c => Array(c.colSpan || 1).fill(c));
      const headed = heads.some(c => c.tagName === 'TH') || !rows.includes(table.rows[0]);
      let at = 0;
      for (const c of fullest.cells) {
        const title = headed && heads[at] ? norm(heads[at].textContent) : '', css = `${c.tagName.toLowerCase()}:nth-of-type(${place(c)})`;
        at += c.colSpan || 1;
        const cells = rows.slice(0, looked).map(r => r.querySelector(':scope > ' + css)).filter(Boolean);
        if (!title && !cells.some(x => norm(x.textContent) || x.querySelector('a[href],img'))) continue;
        add(title || 'column ' + at, css, 'text');
        if (cells.some(x => x.querySelector('a[href]'))) add((title || 'column ' + at) + ' link', css + ' a[href]', 'link');
      }
      return out;
    }
    const visit = (row, e) => {
      if (out.length >= maxFields || !shown(e) || /^(SCRIPT|STYLE|svg)$/.test(e.tagName)) return;
      const css = within(row, e);
      const text = [...e.childNodes].some(n => n.nodeType === 3 && norm(n.data));
      if (css && e.tagName === 'IMG') add(e.getAttribute('alt') || 'picture', css, 'image');
      else if (css && text && !e.matches('button,input,select,textarea')) add([...e.classList].find(tidy) || e.getAttribute('itemprop') || (/^H\d$/.test(e.tagName) ? 'title' : e.tagName === 'A' ? 'link text' : e.tagName.toLowerCase()), css, 'text');
      if (css && e.matches('a[href]')) add('link', css, 'link');
      if (!text || e === row) for (const c of e.children) visit(row, c);
    };
    visit(fullest, fullest);
    for (const r of rows.slice(0, looked)) if (r !== fullest) visit(r, r);
    return out;
  }
  // within is a short selector for a part of a row, which finds that part first.
  function within(row, e) {
    if (e === row) return '';
    const tag = e.tagName.toLowerCase(), ways = [...[...e.classList].filter(tidy).map(c => `${tag}.${c}`), e.getAttribute('itemprop') && `[itemprop="${e.getAttribute('itemprop')}"]`, tag].filter(Boolean);
    for (const w of ways) if (row.querySelectorAll(w).length === 1) return w;
    const parts = [];
    for (let n = e; n && n !== row; n = n.parentElement) parts.unshift(`${n.tagName.toLowerCase()}:nth-of-type(${place(n)})`);
    return parts.join(' > ');
  }

  a.pick = (e, m) => {
    if (m.mode !== 'pick') return;
    if (a.record.state.like && first) { m.like = alike(first, e); return; }
    first = e;
    m.box = (({x, y, width, height}) => ({x, y, width, height}))(e.getBoundingClientRect());
  };
})();
