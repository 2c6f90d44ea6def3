'use strict';
// Cells of the price list turn into fields. Enter or leaving saves, Escape does not.
{
  const {ask, make, toast} = acme;
  const table = document.getElementById('prices-table');
  function edit(cell) {
    if ('editing' in cell.dataset) return;
    cell.dataset.editing = '';
    const was = cell.textContent;
    const input = cell.dataset.field === 'unit'
      ? make('select', {}, ...['piece', 'box', 'pack'].map((u) => make('option', {selected: u === was}, u)))
      : make('input', {value: was});
    input.setAttribute('aria-label', cell.dataset.field);
    let done = false;
    async function end(save) {
      if (done) return;
      done = true;
      delete cell.dataset.editing;
      if (!save || input.value === was) { cell.textContent = was; return; }
      cell.setAttribute('aria-busy', 'true');
      const answer = await ask('prices/' + cell.closest('[data-key]').dataset.key, {field: cell.dataset.field, value: input.value});
      cell.removeAttribute('aria-busy');
      cell.textContent = answer.ok ? answer.value : was;
      toast(answer.ok ? 'Saved' : answer.error);
    }
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') end(true);
      if (event.key === 'Escape') end(false);
    });
    input.addEventListener('blur', () => end(true));
    cell.replaceChildren(input);
    input.focus();
    if (input.select) input.select();
  }
  table.addEventListener('dblclick', (event) => {
    const cell = event.target.closest('[data-field]');
    if (cell) edit(cell);
  });
  table.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target.matches('[data-field]')) { event.preventDefault(); edit(event.target); }
  });
}
