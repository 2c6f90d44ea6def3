'use strict';
// Cards are dragged with HTML5 drag and drop, or with pointer events, as the address says.
{
  const {ask, toast} = acme;
  const board = document.getElementById('board');
  const way = board.dataset.way;
  const columnAt = (node) => node && node.closest ? node.closest('[data-column]') : null;

  // before returns the card that a card dropped at this height comes before.
  function before(column, y, dragged) {
    return [...column.querySelectorAll('[data-card]')].find((card) => {
      const box = card.getBoundingClientRect();
      return card !== dragged && y < box.top + box.height / 2;
    }) || null;
  }

  async function put(card, column, y) {
    const next = before(column, y, card);
    const answer = await ask('board/move', {card: card.dataset.card, to: column.dataset.column, before: next ? next.dataset.card : '', way});
    if (!answer.ok) { toast(answer.error); return; }
    if (next) next.before(card);
    else column.querySelector('[data-cards]').append(card);
    toast(`${card.dataset.card} is in ${column.dataset.column}`);
  }

  const mark = (column) => {
    for (const c of board.querySelectorAll('[data-column]')) c.toggleAttribute('data-over', c === column);
  };

  if (way === 'html5') {
    let dragged = null;
    board.addEventListener('dragstart', (event) => {
      dragged = event.target.closest('[data-card]');
      event.dataTransfer.setData('text/plain', dragged.dataset.card);
      event.dataTransfer.effectAllowed = 'move';
    });
    board.addEventListener('dragover', (event) => {
      const column = columnAt(event.target);
      if (!dragged || !column) return;
      event.preventDefault();
      mark(column);
    });
    board.addEventListener('drop', (event) => {
      const column = columnAt(event.target);
      if (!dragged || !column) return;
      event.preventDefault();
      put(dragged, column, event.clientY);
      dragged = null;
    });
    board.addEventListener('dragend', () => { dragged = null; mark(null); });
  } else {
    let held = null;
    let start = null;
    board.addEventListener('pointerdown', (event) => {
      const card = event.target.closest('[data-card]');
      if (!card || event.button !== 0) return;
      event.preventDefault();
      held = card;
      start = {x: event.clientX, y: event.clientY};
      card.setPointerCapture(event.pointerId);
      card.dataset.held = 'yes';
    });
    board.addEventListener('pointermove', (event) => {
      if (!held) return;
      held.style.transform = `translate(${event.clientX - start.x}px, ${event.clientY - start.y}px)`;
      mark(under(event));
    });
    const under = (event) => document.elementsFromPoint(event.clientX, event.clientY).map(columnAt).find(Boolean) || null;
    const release = (event) => {
      if (!held) return;
      const card = held;
      held = null;
      card.style.transform = '';
      delete card.dataset.held;
      mark(null);
      const moved = Math.hypot(event.clientX - start.x, event.clientY - start.y) > 5;
      const column = under(event);
      if (event.type === 'pointerup' && moved && column) put(card, column, event.clientY);
    };
    board.addEventListener('pointerup', release);
    board.addEventListener('pointercancel', release);
  }
}
