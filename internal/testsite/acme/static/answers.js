'use strict';
// Draws tickets until the server has had enough.
{
  const form = document.getElementById('answers-form');
  const ticket = document.getElementById('ticket');
  const state = document.getElementById('answers-state');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const answer = await acme.ask('lab/limited', {key: ticket.value});
    state.textContent = answer.ok ? `Drawn. ${answer.left} left.` : `${answer.status}: ${answer.error}`;
  });
}
