'use strict';
// The dialogs of the browser, and what was answered.
{
  const last = document.getElementById('dialogs-answer');
  const guard = document.getElementById('dialogs-guard');
  const say = async (key, answer) => {
    if (await acme.effect('question.answer', key, {answer: String(answer)})) last.textContent = `${key}: ${answer}`;
  };
  const ask = {
    alert: () => { alert('The books are closed.'); return 'seen'; },
    confirm: () => (confirm('Close the books?') ? 'yes' : 'no'),
    prompt: () => { const name = prompt('Who closes the books?', 'nobody'); return name === null ? 'refused' : name; },
    chain: () => { alert('First'); return confirm('Second?') ? prompt('Third?', '') : 'no'; },
  };
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-dialog]');
    if (button) say(button.dataset.dialog, ask[button.dataset.dialog]());
  });
  addEventListener('beforeunload', (event) => { if (guard.checked) event.preventDefault(); });
}
