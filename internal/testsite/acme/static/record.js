'use strict';
// The window from which a field can be filled calls acmeChosen of the page that opened it.
document.addEventListener('click', (event) => {
  const lookup = event.target.closest('[data-lookup]');
  if (!lookup) return;
  window.acmeChosen = (value) => {
    const input = lookup.closest('[data-entry]').querySelector('[data-value]');
    input.value = value;
    input.dispatchEvent(new Event('change', {bubbles: true}));
  };
  open(lookup.dataset.lookup, 'acme-lookup', 'width=460,height=560');
});
