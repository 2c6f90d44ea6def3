'use strict';
// Each part is fetched by itself and takes the place of its skeleton.
for (const section of document.querySelectorAll('[data-part]')) {
  const n = section.dataset.part;
  fetch(`${acme.root}lab/parts/${n}?slow=${[0, 200, 700, 1500][n]}`).then((response) => response.text()).then((text) => {
    section.querySelector('[data-skeleton]').remove();
    section.insertAdjacentHTML('beforeend', text);
    section.setAttribute('aria-busy', 'false');
  });
  section.addEventListener('click', (event) => {
    const button = event.target.closest('[data-row]');
    if (button) acme.effect('part.open', `${n}/${button.dataset.row}`, {});
  });
}
