'use strict';
// What a page learns of the browser: to see whether a robot has set it as it should be.
{
  const list = document.getElementById('told');
  const send = document.getElementById('browser-send');
  const where = document.getElementById('browser-where');
  const clip = document.getElementById('clip');
  const copy = document.getElementById('browser-copy');
  const paste = document.getElementById('browser-paste');
  const state = document.getElementById('browser-state');
  const told = {};

  function tell(facts) {
    Object.assign(told, facts);
    list.replaceChildren(...Object.entries(told).flatMap(([name, value]) => [acme.make('dt', {}, name), acme.make('dd', {'data-told': name}, String(value))]));
  }
  const look = () => tell({
    agent: navigator.userAgent,
    language: navigator.language,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    width: innerWidth,
    height: innerHeight,
    ratio: devicePixelRatio,
    touch: navigator.maxTouchPoints,
    scheme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
    motion: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'reduced' : 'any',
    online: navigator.onLine ? 'yes' : 'no',
  });
  for (const name of ['resize', 'online', 'offline']) addEventListener(name, look);
  look();

  send.addEventListener('click', async () => { if (await acme.effect('browser.tell', 'browser', told)) acme.toast('Sent'); });
  where.addEventListener('click', () => navigator.geolocation.getCurrentPosition(
    (at) => tell({latitude: at.coords.latitude, longitude: at.coords.longitude}),
    (refused) => tell({latitude: refused.message})));
  copy.addEventListener('click', () => navigator.clipboard.writeText(clip.value).then(() => { state.textContent = 'Copied'; }, (refused) => { state.textContent = refused.message; }));
  paste.addEventListener('click', () => navigator.clipboard.readText().then(async (text) => {
    clip.value = text;
    if (await acme.effect('clipboard.paste', 'clipboard', {text})) state.textContent = 'Pasted';
  }, (refused) => { state.textContent = refused.message; }));
}
