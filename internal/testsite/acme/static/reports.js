'use strict';
// A report is asked for, then asked after until it is ready, then downloaded.
{
  const state = document.getElementById('reports-state');
  const bar = document.getElementById('reports-progress');
  const month = document.getElementById('month');
  const {ask} = acme;
  const form = document.getElementById('reports-form');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const begun = await ask('reports/jobs', {month: month.value});
    if (!begun.ok) { state.textContent = begun.error; return; }
    bar.hidden = false;
    state.textContent = 'Being made …';
    for (;;) {
      const job = await ask(begun.state);
      if (!job.ok) { state.textContent = job.error; return; }
      bar.value = job.percent;
      if (job.ready) {
        state.textContent = `Report ${begun.job} is ready.`;
        location = job.file;
        return;
      }
      await new Promise((next) => setTimeout(next, 300));
    }
  });
}
