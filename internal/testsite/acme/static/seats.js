'use strict';
// Twelve desks on a canvas, four in a row.
{
  const plan = document.getElementById('plan');
  const taken = document.getElementById('seats-taken');
  const pen = plan.getContext('2d');
  const desks = [...Array(12).keys()].map((n) => ({name: 'ABC'[Math.floor(n / 4)] + (n % 4 + 1), x: 20 + (n % 4) * 155, y: 20 + Math.floor(n / 4) * 100}));

  function draw(mine) {
    pen.clearRect(0, 0, plan.width, plan.height);
    for (const d of desks) {
      pen.fillStyle = d.name === mine ? '#e2b04a' : '#0f6b5f';
      pen.beginPath();
      pen.roundRect(d.x, d.y, 135, 80, 10);
      pen.fill();
      pen.fillStyle = d.name === mine ? '#17332e' : '#ffffff';
      pen.font = '600 28px sans-serif';
      pen.textAlign = 'center';
      pen.textBaseline = 'middle';
      pen.fillText(d.name, d.x + 67, d.y + 42);
    }
  }
  plan.addEventListener('click', async (event) => {
    // The plan may be shown smaller than it was drawn.
    const box = plan.getBoundingClientRect();
    const x = (event.clientX - box.left) * plan.width / box.width;
    const y = (event.clientY - box.top) * plan.height / box.height;
    const desk = desks.find((d) => x >= d.x && x < d.x + 135 && y >= d.y && y < d.y + 80);
    if (!desk || !await acme.effect('desk.take', desk.name)) return;
    taken.textContent = desk.name;
    draw(desk.name);
  });
  draw('');
}
