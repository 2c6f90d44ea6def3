// What becomes of files, of drags and of scrolling in a page; see inject.js, whose functions it uses.
(() => {
  const a = globalThis.__aether;
  if (a.moves) return;
  const {keep, inside, parentOf, frame, macrotask} = a.of;
  const element = a.element;

  // filing finds the field that takes files: the element itself, the one it labels, or the only one in it. It then
  // listens for what the field is given, since pages may take the files and empty the field at once. A loose field need
  // not be part of the page.
  const filings = new Map();
  function filing(handle, loose) {
    const e = element(handle), file = x => x && x.tagName === 'INPUT' && x.type === 'file';
    if (!e || !e.isConnected && !loose) return {gone: true};
    const within = [...e.querySelectorAll('input[type=file]')];
    const f = file(e) ? e : file(e.control) ? e.control : within.length === 1 ? within[0] : null;
    if (!f) return {handle: 0};
    const at = keep(f), got = {names: null};
    got.note = () => { if (f.files.length) { got.files = [...f.files]; got.names = got.files.map(x => x.name); } };
    for (const n of ['input', 'change']) f.addEventListener(n, got.note, {capture: true});
    filings.set(at, got);
    return {handle: at, multiple: f.multiple, folder: f.webkitdirectory, disabled: a.of.disabled(f)};
  }
  async function filed(handle) {
    const f = element(handle), got = filings.get(handle);
    filings.delete(handle);
    await macrotask();
    for (const n of ['input', 'change']) f.removeEventListener(n, got.note, {capture: true});
    const files = got.files || [...f.files], unread = [];
    for (const x of files) try { await (x.size ? x.slice(0, 1) : x).arrayBuffer(); } catch { unread.push(x.name); } // the browser does not look whether a file is there
    return {names: files.map(x => x.name), unread};
  }

  // landing watches where something that is dragged is let go: on the element of the handle, or anywhere for none.
  let watched = null;
  const events = ['dragstart', 'dragover', 'drop', 'pointermove', 'pointerup', 'mouseup'];
  function landing(handle) {
    landed();
    const e = handle ? element(handle) : null, g = {start: null, over: null, dropped: false, released: false, hit: false, reached: !e, e, box: e && e.getBoundingClientRect()};
    const over = ev => {
      if (!e) return true;
      const r = e.getBoundingClientRect();
      return inside(ev.composedPath()[0], e) || ev.clientX >= r.left && ev.clientX <= r.right && ev.clientY >= r.top && ev.clientY <= r.bottom;
    };
    g.f = ev => {
      if (!ev.isTrusted) return;
      if (ev.type === 'dragstart') g.start = ev;
      else if (ev.type === 'pointermove') g.reached = g.reached || over(ev);
      else if (ev.type === 'dragover') { if (over(ev)) { g.over = ev; g.reached = true; } }
      else {
        if (ev.type === 'drop') { g.dropped = true; g.files = ev.dataTransfer ? ev.dataTransfer.files.length : 0; } else g.released = true;
        g.hit = g.hit || over(ev);
      }
    };
    for (const n of events) addEventListener(n, g.f, {capture: true});
    watched = g;
    return true;
  }
  function landed() {
    const g = watched;
    watched = null;
    if (!g) return {native: false, dropped: false, released: false, hit: false, files: 0};
    for (const n of events) removeEventListener(n, g.f, {capture: true});
    return {native: !!g.start && !g.start.defaultPrevented, dropped: g.dropped, released: g.released, hit: g.hit || g.reached && gaveWay(g), files: g.files || 0};
  }
  // gaveWay says whether an element has made room for what was dragged over it, as in a list that is sorted.
  function gaveWay(g) {
    if (!g.e || !g.e.isConnected) return !!g.e;
    const r = g.e.getBoundingClientRect();
    return Math.abs(r.left - g.box.left) > 1 || Math.abs(r.top - g.box.top) > 1;
  }
  const reached = async () => { await macrotask(); return !watched || watched.reached; };
  // room is the size of an element that stands in one list with what is dragged, below 0 if before it; 0 if it does not.
  function room(dragged, handle) {
    const d = element(dragged), e = element(handle);
    if (!d || !e) return {x: 0, y: 0};
    const item = n => { while (n.parentElement && !n.parentElement.contains(e)) n = n.parentElement; return n; };
    const other = n => { while (n.parentElement && !n.parentElement.contains(d)) n = n.parentElement; return n; };
    const a = item(d), b = other(e);
    if (a === b || a.contains(b) || b.contains(a) || a.tagName !== b.tagName || a.parentElement !== b.parentElement || a.classList.length && b.classList.length && ![...b.classList].some(c => a.classList.contains(c))) return {x: 0, y: 0};
    const r = e.getBoundingClientRect(), way = a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? 1 : -1;
    return {x: way * r.width, y: way * r.height};
  }
  // takes says whether the page would take what is held over the element.
  const takes = async () => { await macrotask(); return !!watched && !!watched.over && watched.over.defaultPrevented; };

  const page = () => document.scrollingElement || document.documentElement;
  const long = e => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1;
  function scrolls(e) {
    if (!long(e)) return false;
    if (e === page()) return getComputedStyle(e).overflowY !== 'hidden';
    const s = getComputedStyle(e);
    return e.scrollHeight > e.clientHeight + 1 && /auto|scroll|overlay/.test(s.overflowY) || e.scrollWidth > e.clientWidth + 1 && /auto|scroll|overlay/.test(s.overflowX);
  }
  // scroller is what scrolls: the element, what it stands in, or what it holds; for none the page, or the largest part
  // of a page that does not scroll itself.
  function scroller(handle) {
    if (handle) {
      const e = element(handle);
      if (!e || !e.isConnected) return null;
      if (scrolls(e)) return e;
      const inner = largest(e);
      if (inner) return inner;
      for (let n = parentOf(e); n; n = parentOf(n)) if (n !== document.body && scrolls(n)) return n;
      return page();
    }
    return scrolls(page()) ? page() : largest(document) || page();
  }
  function largest(root) {
    let best = null, size = 0;
    for (const r of a.of.roots(root)) {
      for (const e of r.querySelectorAll('*')) {
        if (!long(e) || e === page() || !scrolls(e)) continue;
        const b = e.getBoundingClientRect();
        if (b.width * b.height > size) { best = e; size = b.width * b.height; }
      }
    }
    return best;
  }
  const extent = e => ({
    x: e.scrollLeft, y: e.scrollTop, height: e.scrollHeight, count: e.querySelectorAll('*').length,
    start: e.scrollTop <= 1, end: e.scrollTop + e.clientHeight >= e.scrollHeight - 1, element: e === page() ? '' : a.of.describe(e),
  });
  async function scroll(handle, o) {
    const e = scroller(handle);
    if (!e) return {gone: true};
    const x = e.scrollLeft, y = e.scrollTop;
    const left = x + (o.x || 0), top = o.to === 'top' ? 0 : o.to === 'bottom' ? e.scrollHeight : y + (o.y || 0);
    e.scrollTo({left, top, behavior: 'instant'});
    await frame();
    await macrotask();
    return {...extent(e), moved: e.scrollLeft !== x || e.scrollTop !== y};
  }
  const measure = handle => { const e = scroller(handle); return e ? extent(e) : {gone: true}; };
  const insight = (handle, bring) => {
    const e = element(handle);
    if (!e || !e.isConnected) return {gone: true};
    let r = e.getBoundingClientRect();
    if (bring && (r.bottom <= 0 || r.right <= 0 || r.top >= innerHeight || r.left >= innerWidth)) { e.scrollIntoView({block: 'nearest', inline: 'nearest', behavior: 'instant'}); r = e.getBoundingClientRect(); }
    const left = Math.max(r.left, 0), top = Math.max(r.top, 0), right = Math.min(r.right, innerWidth), bottom = Math.min(r.bottom, innerHeight);
    return {seen: right >= left && bottom >= top && r.width + r.height > 0, middle: {x: (left + right) / 2, y: (top + bottom) / 2}};
  };

  a.moves = {filing, filed, landing, landed, reached, room, takes, scroll, measure, insight};
  a.keep = keep;
})();
