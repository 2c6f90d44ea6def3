'use strict';
// Files that are dropped are sent at once.
{
  const invoice = document.getElementById('invoice');
  const dropped = document.getElementById('upload-dropped');
  const {ask, make, toast} = acme;
  const drop = document.getElementById('upload-drop');
  for (const name of ['dragenter', 'dragover']) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.dataset.over = 'yes'; });
  }
  drop.addEventListener('dragleave', () => { delete drop.dataset.over; });
  drop.addEventListener('drop', async (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    const form = new FormData();
    form.set('way', 'drop');
    form.set('invoice', invoice.value);
    for (const file of event.dataTransfer.files) form.append('file', file);
    if (!form.has('file')) return;
    const answer = await ask('upload', form);
    if (!answer.ok) { toast(answer.error || 'The files were not taken.'); return; }
    for (const file of answer.files) dropped.append(make('li', {}, `${file.Name}, ${file.Size} bytes`));
  });
}
