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
    const within = base && list.matches(base) ? base + ' > ' : base ? base + ' ' : '';
    const css = within + joined(0, steps.length), rows = within + joined(0, 1);
    const found = find(css), lines = find(rows);
    if (!found.includes(x) || !found.includes(y)) return null;
    return {css, count: found.length, row: rows, rows: lines.length, fields: fields(lines)};
  }
  const place = e => { let i = 1; for (let s = e.previousElementSibling; s; s = s.previousElementSibling) if (s.tagName === e.tagName) i++; return i; };

  // fields are what the rows hold: the cells of a table by their headings, else the parts with text, links and pictures.
  function fields(rows) {
    const out = [], names = new Set(), first = rows.find(r => !r.querySelector('th')) || rows[0];
    if (!first) return out;
    const name = s => { let n = norm(s).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '_').replace(/^_+|_+$/g, '').slice(0, 30) || 'field'; if (/^\d/.test(n)) n = 'f_' + n; while (names.has(n)) n = n.replace(/_?(\d*)$/, (m, d) => '_' + (Number(d || 1) + 1)); names.add(n); return n; };
    const sample = css => norm((first.querySelector(css) || first).textContent).slice(0, 60);
    const share = css => rows.filter(r => r.querySelector(css)).length;
    const table = first.closest('table');
    if (first.tagName === 'TR' && table) {
      const head = [...(table.tHead && table.tHead.rows[table.tHead.rows.length - 1] || table.rows[0]).cells];
      [...first.cells].forEach((c, i) => {
        const text = norm(c.textContent), title = head[i] && head[i] !== c ? norm(head[i].textContent) : '';
        if (!title && !text) return;
        const css = `${c.tagName.toLowerCase()}:nth-of-type(${place(c)})`, link = c.querySelector('a[href]');
        out.push({name: name(title || 'column ' + (i + 1)), css, read: 'text', sample: text.slice(0, 60), optional: share(css) < rows.length});
        if (link) out.push({name: name((title || 'column ' + (i + 1)) + ' link'), css: css + ' a[href]', read: 'link', sample: link.getAttribute('href').slice(0, 60), optional: share(css + ' a[href]') < rows.length});
      });
      return out;
    }
    const visit = e => {
      if (out.length >= 12 || !shown(e) || /^(SCRIPT|STYLE|svg)$/.test(e.tagName)) return;
      const css = within(first, e);
      const text = [...e.childNodes].some(n => n.nodeType === 3 && norm(n.data));
      if (css && e.tagName === 'IMG') out.push({name: name(e.getAttribute('alt') || 'picture'), css, read: 'image', sample: (e.getAttribute('src') || '').slice(0, 60), optional: share(css) < rows.length});
      else if (css && text && e !== first && !e.matches('button,input,select,textarea')) {
        const called = [...e.classList].find(tidy) || e.getAttribute('itemprop') || (/^H\d$/.test(e.tagName) ? 'title' : e.tagName === 'A' ? 'link text' : e.tagName.toLowerCase());
        out.push({name: name(called), css, read: 'text', sample: sample(css), optional: share(css) < rows.length});
      }
      if (css && e.matches('a[href]')) out.push({name: name('link'), css, read: 'link', sample: e.getAttribute('href').slice(0, 60), optional: share(css) < rows.length});
      if (!text || e === first) for (const c of e.children) visit(c);
    };
    visit(first);
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
