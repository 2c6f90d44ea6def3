// Keeping still: whether an element may be about to move. Most do not, and are not watched for the time of two frames.

// stirs are the elements whose place a script has set lately: as a script moves an element frame by frame, which no
// list of animations tells.
const stirs = new Set();
let stirred = -Infinity, scrolled = -Infinity;
const lately = 150; // ms: a script that moves something does so in each frame, and a busy machine draws few
function stir(e) {
  const now = performance.now();
  if (now - stirred > lately || stirs.size > 200) stirs.clear();
  stirred = now;
  stirs.add(e);
}
new MutationObserver(list => { for (const m of list) stir(m.target); }).observe(document, {subtree: true, attributeFilter: ['style', 'transform', 'x', 'y', 'cx', 'cy', 'd', 'points', 'width', 'height', 'viewBox']});
// What scrolls carries along what is in it. A scroll that this library made has ended when it is heard of.
window.addEventListener('scroll', ev => { if (performance.now() - scrolled > lately) stir(ev.target); }, {capture: true, passive: true});

// restless says whether an element may be moving. What is not pressed is asked for animations only.
function restless(e, pressed) {
  if (pressed && performance.now() - stirred < lately && [...stirs].some(n => n.nodeType === 9 || inside(e, n))) return true;
  return document.getAnimations().some(a => a.playState === 'running' && a.effect && a.effect.target && (inside(e, a.effect.target) || a.effect.target.contains(e)));
}

// settled is where the point of an element is after two frames in which it did not move, or null if it did.
async function settled(e, p, at) {
  for (let i = 0, idle = 0; i < 2; i++) { // each frame for itself: what turns back is twice at the same place
    const drawn = document.timeline.currentTime;
    await frame();
    if (document.timeline.currentTime === drawn && !document.hidden) { // no frame was drawn, so nothing could move
      if (++idle > 10) return null;
      i--;
      continue;
    }
    const n = spot(e, at);
    if (!n || Math.abs(n.x - p.x) > 0.5 || Math.abs(n.y - p.y) > 0.5) return null;
    p = n;
  }
  return p;
}
