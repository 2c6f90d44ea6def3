// What Aether runs inside of a page, in a world of its own that the page's scripts cannot see: it finds an element,
// says whether a person could use it now, watches that an action arrives where it was meant to, and reads. It is one
// function made of find.js, act.js, still.js, read.js, keep.js and this file; see page.go.

globalThis.__aether = {
  ready, done, put, verify, choose, verifyChoice, tally, every, onward, form, state, also, restore, unwatch, came, shield, shielded,
  finds: t => find(t, 'there').e || null,
  of: {label, titled, shown, describe, disabled, norm, roots, rootOf, keep, inside, parentOf, frame, macrotask, secrets, controls, buttonInput, byRef, nameOf, roleOf, find, search},
  read: (handle, what, name) => { const e = kept.get(handle); return e && e.isConnected ? {value: read(e, what, name)} : {gone: true}; },
  element: handle => kept.get(handle),
  secret: handle => { const e = kept.get(handle); if (e) secrets.add(e); },
  veil, deepest,
  closed: (host, root) => { closed.set(host, root); return true; },
  hit: (x, y) => { const e = deepest(x, y); return {frame: !!e && /^(IFRAME|FRAME|OBJECT|EMBED)$/.test(e.tagName), element: describe(e)}; },
  text: () => document.body ? document.body.innerText : '',
  html: () => document.documentElement.outerHTML,
  key: async (handle, want) => { const e = kept.get(handle); await macrotask(); return e && e.isConnected ? {value: current(e)} : {gone: true}; },
};
