'use strict';
// Opens windows and tabs, and hears from those that report back.
{
  const {root} = acme;
  const count = document.getElementById('windows-count');
  if (count) {
    window.addEventListener('message', (event) => {
      if (event.origin === location.origin && event.data === 'acme tab') count.textContent = Number(count.textContent) + 1;
    });
    document.getElementById('windows-late').addEventListener('click', async () => {
      await acme.ask('lab/suggest/data?slow=500');
      open(root + 'lab/windows/tab?from=late', '_blank');
    });
    document.getElementById('windows-two').addEventListener('click', () => {
      open(root + 'lab/windows/tab?from=first', 'acme-first');
      open(root + 'lab/windows/tab?from=second', 'acme-second', 'width=500,height=400');
    });
    // noopener is what links have by default, so this one asks for the opener.
    document.getElementById('windows-link').rel = 'opener';
  }
  const from = new URLSearchParams(location.search).get('from');
  if (from) document.title = `Tab ${from} · Acme`;
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-report]') && opener) opener.postMessage('acme tab', location.origin);
    const lookup = event.target.closest('[data-lookup]');
    if (lookup) {
      window.acmeChosen = (value) => { lookup.closest('[data-entry]').querySelector('[data-value]').value = value; };
      open(lookup.dataset.lookup, 'acme-lookup', 'width=460,height=560');
    }
  });
}
