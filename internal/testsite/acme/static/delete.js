'use strict';
// Deleting asks first: with the browser's own dialog, or with one of the page.
{
  const dialog = document.getElementById('confirm');
  let asked = null;
  document.addEventListener('submit', (event) => {
    const form = event.target.closest('[data-confirm]');
    if (!form) return;
    const what = form.closest('[data-key]').dataset.key;
    if (form.dataset.confirm === 'native') {
      if (!confirm(`Delete ${what}?`)) event.preventDefault();
      return;
    }
    event.preventDefault();
    asked = form;
    document.getElementById('confirm-what').textContent = what;
    dialog.showModal();
  });
  document.getElementById('confirm-yes').addEventListener('click', () => { dialog.close(); asked.submit(); });
  document.getElementById('confirm-no').addEventListener('click', () => dialog.close());
}
