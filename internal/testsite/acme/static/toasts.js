'use strict';
// Archiving tells so in a toast, which offers to undo it.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-archive]');
  if (!button) return;
  const line = button.closest('[data-key]');
  const key = line.dataset.key;
  if (!await acme.effect('letter.archive', key)) return;
  line.hidden = true;
  acme.toast(`${key} was archived`, {label: 'Undo', run: async () => { if (await acme.effect('letter.undo', key)) line.hidden = false; }});
});
