'use strict';
// Formatted text, with the commands that browsers have for it.
{
  const counter = document.getElementById('editor-count');
  const form = document.getElementById('editor-form');
  const name = document.getElementById('doc');
  const {toast} = acme;
  const text = document.getElementById('editor-text');
  const count = () => { counter.textContent = `${text.innerText.trim().length} characters`; };
  const tools = document.getElementById('editor-toolbar');
  // The selection must survive the click on a button.
  tools.addEventListener('mousedown', (event) => event.preventDefault());
  tools.addEventListener('click', (event) => {
    const button = event.target.closest('[data-command]');
    if (!button) return;
    text.focus();
    document.execCommand(button.dataset.command);
    state();
  });
  function state() {
    for (const button of tools.querySelectorAll('[data-command]')) {
      button.setAttribute('aria-pressed', String(document.queryCommandState(button.dataset.command)));
    }
  }
  text.addEventListener('input', count);
  document.addEventListener('selectionchange', () => { if (text.contains(getSelection().anchorNode)) state(); });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (await acme.effect('editor.save', name.value, {html: text.innerHTML, text: text.innerText.trim()})) toast('Saved');
  });
  count();
}
