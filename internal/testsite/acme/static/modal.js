'use strict';
// A form in a modal window.
{
  const openButton = document.getElementById('modal-open');
  const form = document.getElementById('modal-form');
  const title = document.getElementById('title');
  const text = document.getElementById('body');
  const notes = document.getElementById('modal-notes');
  const {make} = acme;
  const dialog = document.getElementById('modal');
  openButton.addEventListener('click', () => { form.reset(); dialog.showModal(); });
  form.addEventListener('submit', async (event) => {
    if (event.submitter && event.submitter.value === 'cancel') return;
    event.preventDefault();
    const key = title.value;
    if (await acme.effect('note.save', key, {text: text.value})) {
      notes.append(make('li', {}, key));
      dialog.close();
    }
  });
}
