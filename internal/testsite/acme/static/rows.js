'use strict';
// Of 10,000 rows the page holds the thirty around what is seen. Rows come from the server and are kept.
{
  const chosen = document.getElementById('rows-chosen');
  const {ask, make} = acme;
  const list = document.getElementById('rows-list');
  const space = document.getElementById('rows-space');
  const total = Number(list.dataset.total);
  const height = 36;
  const shown = 30;
  const known = new Map();
  const asked = new Set();
  space.style.height = `${total * height}px`;

  async function load(from) {
    const page = Math.floor(from / 100) * 100;
    if (asked.has(page)) return;
    asked.add(page);
    const answer = await ask(`lab/rows/data?from=${page}&count=100`);
    if (!answer.ok) { asked.delete(page); return; }
    for (const row of answer.rows) known.set(row.n, row);
    draw();
  }

  function draw() {
    const first = Math.max(0, Math.min(total - shown, Math.floor(list.scrollTop / height) - 8));
    const rows = [];
    for (let n = first; n < Math.min(total, first + shown); n++) {
      const row = known.get(n);
      const e = make('div', {role: 'row', 'data-row': n, 'aria-rowindex': n + 1},
        make('span', {role: 'gridcell'}, String(n + 1)), make('span', {role: 'gridcell'}, row ? row.name : '…'),
        make('span', {role: 'gridcell'}, row ? row.firm : ''), make('span', {role: 'gridcell'}, row ? row.amount : ''));
      e.classList.add('vrow');
      e.style.top = `${n * height}px`;
      rows.push(e);
      if (!row) load(n);
    }
    space.replaceChildren(...rows);
  }

  let waiting = false;
  list.addEventListener('scroll', () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  });
  list.addEventListener('click', async (event) => {
    const e = event.target.closest('[data-row]');
    const row = e && known.get(Number(e.dataset.row));
    if (row && await acme.effect('row.choose', String(row.n + 1), {name: row.name, amount: row.amount})) chosen.textContent = `${row.n + 1}, ${row.name}`;
  });
  draw();
}
