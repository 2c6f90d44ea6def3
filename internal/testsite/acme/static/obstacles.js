'use strict';
// Elements that are late, move, are covered, are made anew, or do not keep what is entered.
{
  const passed = document.getElementById('obstacles-passed');
  const late = document.getElementById('obstacles-late');
  const cover = document.getElementById('obstacles-cover');
  const {make} = acme;
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-pass]');
    if (button && await acme.effect('obstacle.pass', button.dataset.pass)) passed.textContent = button.dataset.pass;
  });
  setTimeout(() => { late.disabled = false; }, 1000);
  setTimeout(() => cover.remove(), 1500);

  const anew = document.getElementById('obstacles-anew');
  let times = 0;
  const renew = () => anew.replaceChildren(make('button', {type: 'button', 'data-pass': 'made anew'}, 'Made anew'));
  renew();
  const timer = setInterval(() => {
    renew();
    if (++times === 20) clearInterval(timer);
  }, 100);

  const stubborn = document.getElementById('stubborn');
  stubborn.addEventListener('input', () => setTimeout(() => { stubborn.value = 'mine'; }, 50));
  const upper = document.getElementById('upper');
  upper.addEventListener('input', () => { upper.value = upper.value.toUpperCase(); });
}
