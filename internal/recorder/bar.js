// The bar of the recorder: what is recorded, and what a person may do besides. It is drawn in a closed shadow root over
// the page, which sees none of its events. Frames only mark what is chosen.
(() => {
  const a = globalThis.__aether;
  if (!a || !a.record || a.bar) return;
  const {tell, top, ours, state} = a.record;
  const make = (tag, o = {}, ...inner) => { const e = document.createElement(tag); for (const k in o) if (k === 'class') e.className = o[k]; else if (k.includes('-') || k === 'role') e.setAttribute(k, o[k]); else e[k] = o[k]; e.append(...inner); return e; };
  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { all: initial !important; position: fixed !important; inset: 0 !important; width: auto !important; height: auto !important; margin: 0 !important; padding: 0 !important; border: 0 !important; background: none !important; overflow: visible !important; pointer-events: none !important; z-index: 2147483647 !important; display: block !important; color-scheme: light !important; }
    .bar { position: absolute; left: 50%; bottom: 12px; transform: translateX(-50%); display: flex; align-items: center; gap: 6px; max-width: calc(100vw - 16px); box-sizing: border-box; padding: 6px 8px 6px 12px; border-radius: 12px;
      font: 13px/1.35 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; color: #f5f6f7; background: #1c2128f2; border: 1px solid #ffffff40; box-shadow: 0 4px 18px #0006, 0 0 0 1px #0004; pointer-events: auto; user-select: none; cursor: default; }
    .bar.up { bottom: auto; top: 12px; }
    .dot { flex: none; width: 10px; height: 10px; border-radius: 50%; background: #ff5a4f; }
    .paused .dot { background: #c9ced6; }
    .choosing .dot { background: #58a6ff; }
    .said { flex: 0 1 auto; min-width: 0; max-width: 300px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding-right: 4px; }
    .said b { font-weight: 600; }
    .said span { color: #c2c8d0; }
    button { all: unset; flex: none; box-sizing: border-box; min-width: 30px; min-height: 30px; padding: 5px 10px; border-radius: 8px; color: #f5f6f7; white-space: nowrap; text-align: center; cursor: pointer; }
    button:hover, button.over { background: #ffffff26; }
    button.main { background: #f5f6f7; color: #1c2128; font-weight: 600; }
    button.main:hover { background: #fff; }
    .rule { flex: none; width: 1px; align-self: stretch; margin: 4px 2px; background: #ffffff33; }
    .check { color: #c2c8d0; padding: 0 2px 0 4px; }
    .mark { position: absolute; display: none; box-sizing: border-box; border: 2px solid #1f6feb; background: #1f6feb2e; border-radius: 3px; box-shadow: 0 0 0 1px #ffffffb3; }
    .mark i { position: absolute; left: -2px; top: 100%; margin-top: 3px; padding: 1px 6px; border-radius: 4px; background: #1f6feb; color: #fff; font: 12px/1.4 system-ui, "Liberation Sans", sans-serif; white-space: nowrap; max-width: 320px; overflow: hidden; text-overflow: ellipsis; }
    .mark.low i { top: auto; bottom: 100%; margin: 0 0 3px; }
    @media (max-width: 620px) { .said { max-width: 120px; } .check { display: none; } button { padding: 5px 7px; } }
    @media (max-width: 460px) { .bar { flex-wrap: wrap; justify-content: center; padding: 6px; } .said { flex: 1 1 100%; max-width: none; order: -1; display: flex; gap: 5px; align-items: center; } .bar > .dot { display: none; } .said::before { content: ""; flex: none; width: 9px; height: 9px; border-radius: 50%; background: #ff5a4f; } .paused .said::before { background: #c9ced6; } .choosing .said::before { background: #58a6ff; } .rule { display: none; } }
  `);
  let host = null, root = null, bar = null, frame = null, up = false;

  function build() {
    host = make('aether-recorder', {'aria-hidden': 'true'});
    ours.add(host);
    root = host.attachShadow({mode: 'closed'});
    root.adoptedStyleSheets = [style];
    frame = make('div', {class: 'mark'}, make('i'));
    root.append(frame);
    if (top && !globalThis.__aetherBare) {
      bar = make('div', {class: 'bar', role: 'toolbar', 'aria-label': 'Recorder'});
      root.append(bar);
    }
  }
  // attach puts the bar over the page, and over what the page has put on top of it since.
  function attach() {
    if (!document.documentElement) return false;
    if (!host) build();
    if (host.parentNode !== document.documentElement) document.documentElement.append(host);
    if (!host.hasAttribute('popover')) host.setAttribute('popover', 'manual');
    try { if (!host.matches(':popover-open')) host.showPopover(); } catch { /* the page is not shown yet */ }
    return true;
  }

  const button = (press, text, title, main) => make('button', {type: 'button', title, class: main ? 'main' : '', 'data-press': press}, text);
  const asks = {visible: 'Click what must be visible', text: 'Click the text that must be there', value: 'Click the field with its value', pick: 'Click an element', like: 'Click a second one like it'};
  function draw() {
    if (!attach() || !bar) return;
    const parts = [], said = make('div', {class: 'said'}), picker = state.picker;
    const mode = state.mode === 'pick' && state.like ? 'like' : state.mode;
    bar.className = 'bar' + (up ? ' up' : '') + (state.paused ? ' paused' : '') + (state.mode ? ' choosing' : '');
    if (state.mode) said.append(make('b', {}, asks[mode]));
    else if (picker) said.append(make('b', {}, state.last || 'Picked'));
    else said.append(make('b', {}, state.paused ? 'Paused' : state.count === 1 ? '1 step' : (state.count || 0) + ' steps'), make('span', {}, state.last ? '  ' + state.last : '  recording'));
    parts.push(make('div', {class: 'dot'}), said, make('div', {class: 'rule'}));
    if (picker) {
      if (!state.mode && state.can) parts.push(button('like', 'A second like it', 'Choose a second element of the list, to name all of them'));
      if (!state.mode) parts.push(button('again', 'Another', 'Choose another element'), button('finish', 'Done', 'Take this one', true));
      else parts.push(button('cancel', 'Cancel', 'Choose nothing (Escape)'));
    } else if (state.mode) parts.push(button('cancel', 'Cancel', 'Go on recording (Escape)'));
    else {
      parts.push(button('pause', state.paused ? 'Go on' : 'Pause', state.paused ? 'Go on recording' : 'Do something that is not recorded'));
      if (!state.paused) parts.push(make('span', {class: 'check'}, 'Assert'), button('visible', 'Visible', 'Assert that something is visible'), button('text', 'Text', 'Assert the text of something'), button('value', 'Value', 'Assert the value of a field'));
      parts.push(button('finish', 'Finish', 'Write the flow and close the browser', true));
    }
    parts.push(button('move', up ? '↓' : '↑', 'Move this bar out of the way'));
    bar.replaceChildren(...parts);
  }
  function press(ev) {
    const e = root.elementFromPoint(ev.clientX, ev.clientY), b = e && e.closest('button');
    if (!b) return;
    if (b.dataset.press === 'move') { up = !up; draw(); return; }
    tell({t: 'bar', press: b.dataset.press});
  }
  // mark shows what a click would choose; null for nothing.
  function mark(e) {
    if (!host) return;
    if (!e || e === document.documentElement) { frame.style.display = 'none'; return; }
    const r = e.getBoundingClientRect();
    frame.className = 'mark' + (r.bottom > innerHeight - 30 ? ' low' : '');
    Object.assign(frame.style, {display: 'block', left: r.left - 2 + 'px', top: r.top - 2 + 'px', width: r.width + 4 + 'px', height: r.height + 4 + 'px'});
    frame.firstChild.textContent = a.of.describe(e).replace(/ class="[^"]*"/, '');
  }
  a.bar = {draw, press, mark, covers: (x, y) => { if (!bar) return false; const r = bar.getBoundingClientRect(); return x >= r.left && x <= r.right && y >= r.top && y <= r.bottom; }, place: () => { const out = {}; for (const b of bar ? bar.querySelectorAll('button') : []) { const r = b.getBoundingClientRect(); out[b.dataset.press] = {x: r.x + r.width / 2, y: r.y + r.height / 2}; } return out; }};
  if (document.readyState !== 'loading') draw(); // the script came after the page
})();
