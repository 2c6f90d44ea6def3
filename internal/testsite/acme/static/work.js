'use strict';
// The box in the head of the work list ticks all of the page.
{
  const all = document.getElementById('work-all');
  const boxes = () => [...document.querySelectorAll('[data-tick]')];
  document.addEventListener('change', (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    else if (event.target.matches('[data-tick]')) all.checked = boxes().every((box) => box.checked);
  });
}
