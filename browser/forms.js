// What the forms of a page ask for, and a target for each field that finds it alone. It runs in the library's world.
((container, hidden) => {
  const {label, shown, disabled, norm, roots} = __aether.of;
  const wanted = 'input,select,textarea,[contenteditable=""],[contenteditable=true],[role=textbox],[role=combobox],[role=checkbox],[role=radio],[role=switch]';
  const alone = (q, e) => { const t = {queries: [q]}; return __aether.tally(t, false).n === 1 && __aether.finds(t) === e; };
  const path = e => {
    const parts = [];
    for (let n = e; n && n.nodeType === 1; n = n.parentElement) {
      if (n.id && /^[A-Za-z][\w-]*$/.test(n.id)) { parts.unshift('#' + n.id); break; }
      let i = 1;
      for (let s = n.previousElementSibling; s; s = s.previousElementSibling) if (s.tagName === n.tagName) i++;
      parts.unshift(n.tagName.toLowerCase() + ':nth-of-type(' + i + ')');
    }
    return parts.join(' > ');
  };
  const target = (e, role) => {
    const tests = ['data-testid', 'data-test-id', 'data-test', 'data-cy', 'data-qa'].map(a => e.getAttribute(a)).find(Boolean);
    const words = norm(role ? e.value || e.textContent : label(e)).replace(/\s*[:*]+$/, '');
    const ways = [
      tests && [{by: 'testid', value: tests}, 'testid=' + tests],
      role && words && [{by: 'role', value: role, name: words}, 'role=' + role + '[name=' + JSON.stringify(words) + ']'],
      !role && words && [{by: 'label', value: words}, 'label=' + words],
      e.id && [{by: 'id', value: e.id}, 'id=' + e.id],
      e.getAttribute('name') && [{by: 'name', value: e.getAttribute('name')}, 'name=' + e.getAttribute('name')],
    ].filter(Boolean);
    const way = ways.find(([q]) => alone(q, e));
    return way ? way[1] : 'css=' + path(e);
  };
  const typeOf = e => e.tagName === 'INPUT' ? e.type : e.tagName === 'SELECT' ? (e.multiple ? 'select_many' : 'select') : e.tagName === 'TEXTAREA' ? 'textarea' : e.getAttribute('role') || 'rich_text';
  const field = e => {
    const f = {target: target(e), label: label(e), name: e.getAttribute('name') || '', id: e.id || '', type: typeOf(e), required: !!e.required || e.getAttribute('aria-required') === 'true', enabled: !disabled(e) && !e.readOnly, shown: shown(e)};
    if (f.type !== 'password' && f.type !== 'file') f.value = e.isContentEditable ? norm(e.innerText) : String(e.value ?? '');
    if (f.type === 'checkbox' || f.type === 'radio') f.checked = e.checked ?? e.getAttribute('aria-checked') === 'true';
    if (e.tagName === 'SELECT') f.choices = [...e.options].map(o => norm(o.label));
    if (e.getAttribute('placeholder')) f.placeholder = e.getAttribute('placeholder');
    return f;
  };
  const within = container ? __aether.finds(container) : null;
  if (container && !within) return {missing: true};
  const all = roots(within || document).flatMap(r => [...r.querySelectorAll(wanted)]).filter(e => !(e.matches('input') && /^(submit|button|reset|image)$/.test(e.type)) && (hidden || e.type !== 'hidden' && shown(e)));
  const found = roots(within || document).flatMap(r => [...r.querySelectorAll('form')]);
  if (within && within.tagName === 'FORM') found.unshift(within);
  const forms = found.filter(f => hidden || shown(f)).map(f => {
    const send = [...f.querySelectorAll('button,input[type=submit],input[type=image]')].find(b => (b.type === 'submit' || b.type === 'image') && (hidden || shown(b)));
    return {target: target(f, '').replace(/^label=.*/, () => 'css=' + path(f)), name: f.getAttribute('name') || f.getAttribute('aria-label') || '', id: f.id || '', action: f.action && typeof f.action === 'string' ? f.action : '', method: (f.getAttribute('method') || 'get').toLowerCase(), submit: send ? target(send, send.type === 'image' ? '' : 'button') : '', fields: all.filter(e => (e.form || e.closest('form')) === f).map(field)};
  });
  const loose = all.filter(e => !found.includes(e.form || e.closest('form')));
  if (loose.length) forms.push({target: '', name: '', id: '', action: '', method: '', submit: '', fields: loose.map(field)});
  return {forms};
})
