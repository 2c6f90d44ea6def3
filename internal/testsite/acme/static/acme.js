'use strict';
// What all pages share. Scripts find elements by id or data attribute, and never rely on how elements nest: the
// site's mutation switch renames the former with the page and changes the latter.
const acme = (() => {
  const root = document.body.dataset.root;
  const toasts = document.getElementById('toasts');

  // make returns an element with properties, attributes and children.
  function make(tag, props = {}, ...children) {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
      if (name in e && name !== 'role') e[name] = value; else e.setAttribute(name, value);
    }
    e.append(...children);
    return e;
  }

  // toast shows a message for four seconds, with a button if there is something to do about it.
  function toast(text, action) {
    const t = make('div', {}, text);
    t.classList.add('toast');
    if (action) t.append(' ', make('button', {type: 'button', onclick: () => { t.remove(); action.run(); }}, action.label));
    toasts.append(t);
    setTimeout(() => t.remove(), 4000);
  }

  // ask sends a request of the page and returns what the server answers. An ended session leads to the login.
  async function ask(path, values) {
    const options = {headers: {Accept: 'application/json'}};
    if (values) {
      options.method = 'POST';
      options.body = values instanceof FormData ? values : new URLSearchParams(values);
    }
    const response = await fetch(path.startsWith('/') ? path : root + path, options);
    const answer = await response.json().catch(() => ({ok: false, error: 'The answer could not be read.'}));
    if (response.status === 401 && answer.login) {
      location = answer.login + '?ended=1&next=' + encodeURIComponent(location.pathname.slice(root.length - 1) + location.search);
      return new Promise(() => {});
    }
    answer.status = response.status;
    return answer;
  }

  // effect tells the server what was done, and the visitor if it was refused.
  async function effect(kind, key, values = {}) {
    const answer = await ask('lab/do/' + kind, {...values, key});
    if (!answer.ok) toast(answer.error);
    return answer.ok;
  }

  for (const t of toasts.querySelectorAll('.toast')) setTimeout(() => t.remove(), 6000);
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-close]')) window.close();
  });
  return {root, make, toast, ask, effect};
})();
