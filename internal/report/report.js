'use strict';
(() => {
  const steps = JSON.parse(document.getElementById('data').textContent);
  const buttons = [...document.querySelectorAll('li button')];
  const detail = document.getElementById('detail');
  let at = -1, view = '', turn = 0;

  // make builds an element: all that a run has seen is put in as text.
  function make(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(attributes || {})) if (v !== undefined && v !== null) e.setAttribute(k, v);
    e.append(...children.filter(c => c !== undefined && c !== null));
    return e;
  }
  const length = ms => ms < 1000 ? Math.round(ms * 10) / 10 + ' ms' : (ms / 1000).toFixed(1) + ' s';
  const size = n => !n ? '' : n < 1024 ? n + ' B' : n < 1 << 20 ? (n / 1024).toFixed(1) + ' KB' : (n / (1 << 20)).toFixed(1) + ' MB';
  const blank = text => make('p', {class: 'none'}, text);

  // part is a part of the trace: as bytes in base64, or as text.
  const raw = digest => { const e = document.getElementById('b-' + digest); return e ? e.textContent : null; };
  async function part(digest) {
    const text = raw(digest);
    if (text === null) return null;
    const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Response(stream).text();
  }
  async function whole(page, files) {
    const html = await part(page.html);
    if (html === null) return null;
    const known = {};
    for (const digest of new Set([...html.matchAll(/artifact:([0-9a-f]{64})/g)].map(m => m[1]))) {
      const type = files && files[digest] || '';
      if (type.startsWith('text/')) { const css = await part(digest); known[digest] = css === null ? '' : 'data:text/css;charset=utf-8,' + encodeURIComponent(css).replace(/'/g, '%27'); }
      else known[digest] = raw(digest) === null ? '' : 'data:' + type + ';base64,' + raw(digest);
    }
    return html.replace(/artifact:([0-9a-f]{64})/g, (_, d) => known[d]);
  }

  // fit shows something of a size in the width that there is.
  function fit(stage, inner, width, height) {
    const set = () => {
      const scale = Math.min(1, stage.clientWidth / width) || 1;
      inner.style.transform = 'scale(' + scale + ')';
      inner.style.marginBottom = height * (scale - 1) + 'px';
      inner.style.marginRight = width * (scale - 1) + 'px';
      return scale;
    };
    new ResizeObserver(set).observe(stage);
    return set();
  }
  async function pageView(page, files) {
    const html = await whole(page, files);
    if (html === null) return blank('The page is not kept any more.');
    const height = Math.max(page.height, Math.min(page.length, 20000));
    const frame = make('iframe', {sandbox: '', title: 'The page as it was', width: page.width, height, tabindex: -1, referrerpolicy: 'no-referrer'});
    frame.srcdoc = html;
    const stage = make('div', {class: 'stage'}, frame);
    requestAnimationFrame(() => { const scale = fit(stage, frame, page.width, height); stage.scrollTop = page.y * scale; });
    return make('div', {}, stage, make('p', {class: 'facts'}, page.url + (page.cut ? ' · the page was too large, and its end is missing' : '')));
  }
  function shotView(shot) {
    const data = raw(shot.jpeg);
    if (data === null) return blank('The picture is not kept any more.');
    const image = make('img', {alt: 'Picture of the page when the step had ended'});
    image.src = 'data:image/jpeg;base64,' + data;
    const stage = make('div', {class: 'stage'}, image);
    if (shot.box) {
      const box = make('div', {class: 'box'});
      const per = (n, all) => 100 * n / all + '%';
      Object.assign(box.style, {left: per(shot.box.x, shot.width), top: per(shot.box.y, shot.height), width: per(shot.box.width, shot.width), height: per(shot.box.height, shot.height)});
      stage.append(box);
    }
    return stage;
  }
  function table(heads, rows) {
    return make('div', {class: 'scroll'}, make('table', {}, make('thead', {}, make('tr', {}, ...heads.map(h => make('th', {scope: 'col'}, h)))), make('tbody', {}, ...rows)));
  }
  const cell = (text, number) => make('td', number ? {class: 'num'} : {}, String(text ?? ''));
  const clock = t => { const d = new Date(t); return isNaN(d) ? '' : d.toLocaleTimeString([], {hour12: false}) + '.' + String(d.getMilliseconds()).padStart(3, '0'); };
  const consoleView = list => table(['Time', 'Level', 'Message', 'Where'], list.map(m => make('tr', {class: m.level === 'error' ? 'bad' : m.level === 'warning' ? 'warn' : null},
    cell(clock(m.at)), cell(m.uncaught ? 'uncaught' : m.level), cell(m.text), cell(m.url ? m.url + (m.line ? ':' + m.line : '') : ''))));
  const networkView = list => table(['Method', 'Address', 'Status', 'Type', 'Size', 'Time'], list.map(r => make('tr', {class: r.error || r.status >= 400 ? 'bad' : null},
    cell(r.method), cell(r.url + (r.error ? ' · ' + r.error : '')), cell(r.open ? 'under way' : r.cached ? (r.status || '') + ' cached' : r.status || ''), cell(r.type || r.kind), cell(size(r.bytes), true), cell(r.ms ? length(r.ms) : '', true))));
  function dataView(s) {
    const out = make('div', {class: 'pair'});
    if (s.params) out.append(make('section', {}, make('h3', {}, 'Params, as the flow has them'), make('pre', {}, s.params)));
    if (s.output) out.append(make('section', {}, make('h3', {}, 'Outputs'), make('pre', {}, s.output)));
    return out.children.length ? out : blank(s.state === 'said' ? '' : 'The step has neither params nor outputs.');
  }

  function views(s) {
    const w = s.web, out = [];
    if (w) {
      if (w.shot) out.push(['Picture', () => shotView(w.shot)]);
      if (w.before) out.push(['Page before', () => pageView(w.before, w.files)]);
      if (w.after) out.push([w.before ? 'Page after' : 'Page', () => pageView(w.after, w.files)]);
      if (w.console) out.push(['Console', () => consoleView(w.console), w.console.length]);
      if (w.network) out.push(['Network', () => networkView(w.network), w.network.length]);
    }
    if (s.state !== 'said') out.push(['Data', () => dataView(s)]);
    return out;
  }

  async function show(s) {
    const mine = ++turn;
    detail.replaceChildren(make('h2', {}, s.title || s.path));
    const facts = [s.type, s.title ? s.path : '', s.try > 1 ? 'try ' + s.try : '', s.effect, 'after ' + length(Math.max(0, s.at))];
    if (s.state !== 'said') facts.push('took ' + length(s.took));
    if (s.web && s.web.waited_ms >= 1) facts.push('waited ' + length(s.web.waited_ms) + ', acted ' + length(Math.max(0, s.web.took_ms - s.web.waited_ms)));
    if (s.web && s.web.url) facts.push(s.web.url);
    detail.append(make('p', {class: 'facts'}, facts.filter(Boolean).join(' · ')));
    if (s.text) detail.append(make('pre', {}, s.text));
    if (s.failure) detail.append(make('div', {class: 'failure'}, make('p', {}, make('strong', {}, s.failure.message)), s.failure.hint ? make('p', {}, s.failure.hint) : null));
    const all = views(s);
    if (!all.length) return;
    const chosen = all.find(v => v[0] === view) || all.find(v => view.startsWith('Page') && v[0].startsWith('Page')) || all[0];
    const bar = make('div', {class: 'views', role: 'tablist'}, ...all.map(v => {
      const b = make('button', {type: 'button', role: 'tab', 'aria-selected': String(v === chosen)}, v[0] + (v[2] ? ' (' + v[2] + ')' : ''));
      b.addEventListener('click', () => { view = v[0]; show(s); });
      return b;
    }));
    detail.append(bar);
    const body = await chosen[1]();
    if (mine === turn) detail.append(body);
  }

  function go(i, focus) {
    if (i < 0 || i >= steps.length) return;
    if (at >= 0) buttons[at].removeAttribute('aria-current');
    at = i;
    buttons[i].setAttribute('aria-current', 'step');
    buttons[i].scrollIntoView({block: 'nearest'});
    if (focus) buttons[i].focus({preventScroll: true});
    history.replaceState(null, '', '#' + (i + 1));
    show(steps[i]);
  }
  function turnView(by) {
    const all = views(steps[at] || {});
    if (!all.length) return;
    const tabs = [...detail.querySelectorAll('[role=tab]')];
    const i = tabs.findIndex(t => t.getAttribute('aria-selected') === 'true');
    view = all[(i + by + all.length) % all.length][0];
    show(steps[at]);
  }

  document.addEventListener('click', e => {
    const b = e.target.closest('[data-i],[data-go]');
    if (b) go(Number(b.dataset.i ?? b.dataset.go), b.dataset.go !== undefined);
  });
  document.addEventListener('keydown', e => {
    if (e.altKey || e.ctrlKey || e.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) return;
    const way = {ArrowDown: () => go(at + 1, true), ArrowUp: () => go(Math.max(0, at - 1), true), Home: () => go(0, true), End: () => go(steps.length - 1, true), ArrowLeft: () => turnView(-1), ArrowRight: () => turnView(1)}[e.key];
    if (!way) return;
    e.preventDefault();
    way();
  });
  const wanted = Number(location.hash.slice(1)) - 1, failed = document.querySelector('[data-go]');
  go(steps[wanted] ? wanted : failed ? Number(failed.dataset.go) : steps.findIndex(s => s.web) >= 0 ? steps.findIndex(s => s.web) : 0);
})();
