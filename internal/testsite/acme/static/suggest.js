'use strict';
// The server is asked a quarter of a second after the last key. An answer to an older question is not shown.
{
  const form = document.getElementById('suggest-form');
  const {ask, make, toast} = acme;
  const input = document.getElementById('firm');
  const list = document.getElementById('found');
  const submit = document.getElementById('suggest-submit');
  let timer = 0;
  let chosen = '';
  let active = -1;

  const show = (on) => { list.hidden = !on; input.setAttribute('aria-expanded', String(on)); };
  function choose(name) {
    chosen = input.value = name;
    submit.disabled = false;
    show(false);
  }
  function mark(n) {
    active = (n + list.children.length) % list.children.length;
    [...list.children].forEach((e, i) => e.setAttribute('aria-selected', String(i === active)));
  }
  input.addEventListener('input', () => {
    chosen = '';
    submit.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const q = input.value;
      const answer = await ask('lab/suggest/data?q=' + encodeURIComponent(q));
      if (!answer.ok || q !== input.value || chosen) return;
      list.replaceChildren(...answer.found.map((name) => make('li', {role: 'option', 'aria-selected': 'false'}, name)));
      active = -1;
      show(answer.found.length > 0);
    }, 250);
  });
  input.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    if (event.key === 'ArrowDown') { event.preventDefault(); mark(active + 1); }
    if (event.key === 'ArrowUp') { event.preventDefault(); mark(active < 0 ? -1 : active - 1); }
    if (event.key === 'Enter' && active >= 0) { event.preventDefault(); choose(list.children[active].textContent); }
    if (event.key === 'Escape') show(false);
  });
  list.addEventListener('click', (event) => {
    const option = event.target.closest('[role=option]');
    if (option) choose(option.textContent);
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (chosen && await acme.effect('firm.pick', chosen)) toast(`Taken: ${chosen}`);
  });
}
