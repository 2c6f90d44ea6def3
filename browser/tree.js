// A part of the page as assistive technology has it: what has a role, with its name, what it holds and its state. What
// cannot be seen is left out, and so is what passwords and fields filled with secrets hold. It runs in the library's
// world. What a frame shows is asked for apart, by the handle.
((container, limit) => {
  const {shown, norm, rootOf, nameOf, roleOf, disabled, keep, secrets} = __aether.of;
  const start = container ? __aether.finds(container) : document.body;
  if (container && !start) return {missing: true};
  // Roles whose name is what they contain, so that the texts within say nothing new.
  const leaf = /^(button|link|checkbox|radio|switch|option|menuitem|menuitemcheckbox|menuitemradio|tab|heading|img|textbox|searchbox|spinbutton|slider|progressbar|meter)$/;
  const bare = /^(presentation|none|generic|group|paragraph|list|row|rowgroup|region|form|article|complementary)$/;
  let count = 0;
  const cut = (s, n) => s.length > n ? s.slice(0, n) + '…' : s;
  const value = e => /^(password|checkbox|radio)$/.test(e.type) || secrets.has(e) ? '' : e.tagName === 'SELECT' ? [...e.selectedOptions].map(o => norm(o.label)).join(', ') : e.tagName === 'INPUT' || e.tagName === 'TEXTAREA' ? String(e.value) : e.isContentEditable ? norm(e.innerText) : e.getAttribute('aria-valuetext') || e.getAttribute('aria-valuenow') || (e.tagName === 'PROGRESS' || e.tagName === 'METER' ? String(e.value) : '');
  const states = (e, role) => {
    const out = [];
    const is = (name, own) => { const a = e.getAttribute('aria-' + name); if (own === true || a === 'true' || a === 'mixed') out.push(a === 'mixed' || own === 'mixed' ? 'mixed' : name); };
    if (/^(checkbox|radio|switch|menuitemcheckbox|menuitemradio)$/.test(role)) is('checked', e.indeterminate ? 'mixed' : e.checked === true);
    if (disabled(e)) out.push('disabled');
    is('expanded', e.tagName === 'SUMMARY' && !!e.parentElement && e.parentElement.open);
    is('pressed'); is('selected', e.tagName === 'OPTION' && e.selected); is('required', e.required === true); is('readonly', e.readOnly === true); is('invalid'); is('busy');
    if (e.getAttribute('aria-current') && e.getAttribute('aria-current') !== 'false') out.push('current');
    if (e.matches(':focus')) out.push('focused');
    return out;
  };
  // children are the nodes below an element, as they are laid out: those of its shadow root, and what stands in a slot.
  const children = e => {
    const root = rootOf(e);
    if (root) return [...root.childNodes];
    if (e.tagName === 'SLOT' && e.assignedNodes().length) return e.assignedNodes({flatten: true});
    return [...e.childNodes];
  };
  const walk = (n, said) => {
    if (count >= limit) return [];
    if (n.nodeType === Node.TEXT_NODE) {
      const text = norm(n.data);
      if (!text || said) return [];
      count++;
      return [{role: 'text', name: cut(text, 500)}];
    }
    if (n.nodeType !== 1 || /^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|HEAD)$/.test(n.tagName) || n.getAttribute('aria-hidden') === 'true') return [];
    const frame = /^(IFRAME|FRAME)$/.test(n.tagName);
    const role = frame ? 'iframe' : roleOf(n);
    if (n.tagName !== 'BODY' && !shown(n)) return [];
    if (!role || role === 'presentation' || role === 'none' || role === 'generic') return [...children(n)].flatMap(c => walk(c, said));
    if (++count > limit) return [];
    const node = {role};
    const named = frame ? norm(n.title || n.name) : bare.test(role) && !n.hasAttribute('aria-label') && !n.hasAttribute('aria-labelledby') ? '' : leaf.test(role) || n.hasAttribute('aria-label') || n.hasAttribute('aria-labelledby') || /^(combobox|listbox|table|img|figure|dialog)$/.test(role) ? nameOf(n) : '';
    if (named) node.name = cut(named, 500);
    const v = value(n);
    if (v && v !== named) node.value = cut(v, 500);
    const st = states(n, role);
    if (st.length) node.states = st;
    if (role === 'heading') node.level = Number(n.getAttribute('aria-level')) || Number(n.tagName[1]) || 0;
    if (frame) { node.handle = keep(n); return [node]; }
    const under = n.tagName === 'SELECT' ? (n.multiple || n.size > 1 ? [...n.options] : []) : children(n);
    const kids = under.flatMap(c => walk(c, said || leaf.test(role) || n.isContentEditable || n.tagName === 'TEXTAREA'));
    if (kids.length) node.children = kids;
    else if (bare.test(role) && !node.name && !node.value) { count--; return []; }
    return [node];
  };
  const nodes = start ? walk(start, false) : [];
  return {nodes, cut: count >= limit};
})
