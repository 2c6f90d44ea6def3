'use strict';
// More messages are fetched when the end of the list comes near.
{
  const {ask, make} = acme;
  const list = document.getElementById('feed-list');
  const end = document.getElementById('feed-end');
  let last = 0;
  let busy = false;
  let more = true;

  async function load() {
    if (busy || !more) return;
    busy = true;
    const answer = await ask(`lab/feed/data?after=${last}`);
    busy = false;
    if (!answer.ok) { end.textContent = answer.error; return; }
    for (const m of answer.messages) {
      last = m.n;
      const e = make('article', {'data-message': m.n}, make('b', {}, `${m.n}. ${m.who}`), make('p', {}, m.text),
        make('button', {type: 'button', 'data-thank': ''}, 'Thank'));
      e.classList.add('card');
      list.append(e);
    }
    more = answer.more;
    if (!more) end.textContent = 'That is all.';
    else if (end.getBoundingClientRect().top < innerHeight + 200) load();
  }

  list.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-thank]');
    if (!button) return;
    if (await acme.effect('feed.like', button.closest('[data-message]').dataset.message)) { button.disabled = true; button.textContent = 'Thanked'; }
  });
  addEventListener('scroll', () => { if (end.getBoundingClientRect().top < innerHeight + 200) load(); }, {passive: true});
  load();
}
