'use strict';
// A calendar for a field that cannot be typed into.
{
  const title = document.getElementById('dates-month');
  const body = document.getElementById('dates-days');
  const before = document.getElementById('dates-before');
  const after = document.getElementById('dates-after');
  const picker = document.getElementById('dates-picker');
  const reference = document.getElementById('ref');
  const native = document.getElementById('native');
  const {make, toast} = acme;
  const form = document.getElementById('dates-form');
  const input = document.getElementById('picked');
  const box = document.getElementById('dates-calendar');
  const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
  const two = (n) => String(n).padStart(2, '0');
  let at = new Date(2026, 0, 1);

  function draw() {
    title.textContent = `${months[at.getMonth()]} ${at.getFullYear()}`;
    const days = new Date(at.getFullYear(), at.getMonth() + 1, 0).getDate();
    const lead = (at.getDay() + 6) % 7;
    const rows = [];
    for (let n = 1 - lead; n <= days; n += 7) {
      const tr = make('tr');
      for (let d = n; d < n + 7; d++) {
        const td = make('td');
        if (d >= 1 && d <= days) {
          const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(d)}`;
          const sunday = new Date(at.getFullYear(), at.getMonth(), d).getDay() === 0;
          td.append(make('button', {type: 'button', disabled: sunday, 'data-day': day, 'aria-pressed': String(day === input.value)}, String(d)));
        }
        tr.append(td);
      }
      rows.push(tr);
    }
    body.replaceChildren(...rows);
  }

  const turn = (n) => { at = new Date(at.getFullYear(), at.getMonth() + n, 1); draw(); };
  const open = () => { box.hidden = false; draw(); };
  input.addEventListener('click', open);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === 'ArrowDown') { event.preventDefault(); open(); }
    if (event.key === 'Escape') box.hidden = true;
  });
  before.addEventListener('click', () => turn(-1));
  after.addEventListener('click', () => turn(1));
  body.addEventListener('click', (event) => {
    const button = event.target.closest('[data-day]');
    if (!button) return;
    input.value = button.dataset.day;
    box.hidden = true;
  });
  document.addEventListener('click', (event) => { if (!picker.contains(event.target)) box.hidden = true; });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (await acme.effect('day.pick', reference.value, {native: native.value, picked: input.value})) toast('Booked');
  });
}
