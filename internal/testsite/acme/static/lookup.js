'use strict';
// A small window: what is chosen is written to the page that opened it.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-choose]');
  if (!button) return;
  const effect = button.closest('[data-effect]');
  if (effect) await acme.effect(effect.dataset.effect, button.dataset.choose);
  if (opener && opener.acmeChosen) {
    opener.acmeChosen(button.dataset.choose);
    close();
  } else {
    acme.toast('No page is waiting for this choice.');
  }
});
