// Keeping: where the page stands, to build it again, and what pictures may not show.

// state is what a session needs to build this page again: where it stands and what its fields hold. It is sealed
// before it is recorded.
function state(withForms) {
  const fields = [];
  if (withForms) {
    const entry = 'input:not([type=hidden]):not([type=submit]):not([type=button]):not([type=image]):not([type=reset]),textarea,select';
    // What was worked on in shadow roots, and text that is edited in the page, is known by having been worked on.
    const own = [...kept.values()].filter(e => e.isConnected && (e.isContentEditable || e.getRootNode() !== document && e.matches(entry)));
    for (const e of new Set([...document.querySelectorAll(entry), ...own])) {
      const dirty = e.tagName === 'SELECT' ? [...e.options].some(o => o.selected !== o.defaultSelected) : e.type === 'checkbox' || e.type === 'radio' ? e.checked !== e.defaultChecked :
        e.type === 'file' ? e.files.length > 0 : e.isContentEditable || e.value !== e.defaultValue;
      if (!dirty) continue;
      const f = {...identity(e), secret: secrets.has(e)};
      if (e.tagName === 'SELECT') f.selected = [...e.selectedOptions].map(o => o.index);
      else if (e.type === 'checkbox' || e.type === 'radio') f.checked = e.checked;
      else if (e.type === 'file') f.files = [...e.files].map(o => o.name + ' ' + o.size);
      else if (e.isContentEditable) f.text = norm(e.innerText);
      else f.value = e.value;
      fields.push(f);
      if (fields.length >= 500) break;
    }
  }
  const store = s => { try { const o = {}; for (let i = 0; i < s.length; i++) o[s.key(i)] = s.getItem(s.key(i)); return o; } catch { return null; } };
  let local = null, session = null;
  try { local = store(localStorage); session = store(sessionStorage); } catch { /* pages without an origin have none */ }
  return {url: location.href, origin: location.origin, title: document.title, x: scrollX, y: scrollY, fields, local, session, marks: marks(), cookie: visible(), opened: opened()};
}
// opened says that another page has opened this one and may wait for it.
function opened() { try { return !!window.opener && !window.opener.closed; } catch { return true; } }
// visible are the cookies that scripts see; they change when a script sets one.
function visible() { try { return document.cookie; } catch { return ''; } }
// also tells the state with what an action gives.
async function also(result) {
  const r = await result;
  try { r.state = state(true); } catch { /* it is asked for by itself */ }
  return r;
}
// marks are landmarks by which a rebuilt page is known again.
const marks = () => [...document.querySelectorAll('h1,h2,form,main,nav,[role=main],[data-testid]')].slice(0, 24).map(e => e.tagName.toLowerCase() + ':' + (e.matches('h1,h2') ? norm(e.textContent).slice(0, 40) : e.getAttribute('data-testid') || e.getAttribute('name') || e.id || ''));
function pathOf(e) {
  const parts = [];
  for (let n = e; n && n.nodeType === 1; n = n.parentElement) {
    let i = 1;
    for (let s = n.previousElementSibling; s; s = s.previousElementSibling) if (s.tagName === n.tagName) i++;
    parts.unshift(n.tagName.toLowerCase() + ':nth-of-type(' + i + ')');
  }
  return parts.join('>');
}
// identity is what a field is known by when its page is built again: a place alone is not enough, since pages that
// order their fields anew would then get values into the wrong ones.
const identity = e => ({root: e.getRootNode() === document ? 0 : roots(document).indexOf(e.getRootNode()), path: pathOf(e), tag: e.tagName, type: e.type, id: e.id, name: e.name, choice: e.type === 'radio' || e.type === 'checkbox' ? e.value : '', called: called(e)});
// called is the label of a field, or the words that stand beside it alone.
function called(e) {
  const own = label(e);
  if (own) return own;
  let up = e.parentElement;
  for (let i = 0; i < 6 && up && up !== document.body; i++, up = up.parentElement) {
    if (up.querySelectorAll(controls).length > 1) return '';
    const text = norm(up.textContent);
    if (text && e.tagName !== 'SELECT' && e.tagName !== 'TEXTAREA') return text.slice(0, 80);
  }
  return '';
}
function again(f) {
  const root = f.root ? roots(document)[f.root] : document;
  if (!root) return null;
  const kin = [...root.querySelectorAll(f.tag)].filter(e => e.type === f.type && (!f.choice || e.value === f.choice));
  const same = kin.filter(e => e.id === f.id && e.name === f.name && called(e) === f.called);
  if (same.length === 1) return same[0];
  const there = root.querySelector(f.path);
  if (same.includes(there) && (f.id || f.name || f.called)) return there;
  if (f.called) {
    const named = kin.filter(e => called(e) === f.called);
    return named.length === 1 ? named[0] : null;
  }
  return !f.id && !f.name && kin.includes(there) ? there : null;
}
function restore(s) {
  const lost = [];
  const all = (s.fields || []).map(f => [f, again(f)]);
  for (const [f, e] of all) {
    if (!e) { lost.push(f.called || f.name || f.id || f.tag); continue; }
    // Files are not given again from here, and edited text is its editor's: they are there or they are lost.
    if (f.files || f.text !== undefined) {
      if (f.files ? [...e.files].map(o => o.name + ' ' + o.size).join() !== f.files.join() : norm(e.innerText) !== f.text) lost.push(f.called || f.name || f.id || f.tag);
      continue;
    }
    if (f.selected) [...e.options].forEach((o, i) => { o.selected = f.selected.includes(i); });
    else if (f.checked !== undefined) e.checked = f.checked;
    else setter(e, f.value);
    if (f.secret) secrets.add(e);
    tell(e, 'input', 'change');
  }
  for (const [f, e] of all) if (e && f.value !== undefined && e.value !== f.value) lost.push(f.called || f.name || f.id || f.tag);
  scrollTo({left: s.x, top: s.y, behavior: 'instant'});
  return {lost, marks: marks()};
}

// What was filled with a secret is not to be read on a picture of the page.
const secrets = new Set();
const styles = new Map();
let veiling = false;
const cover = e => { if (!styles.has(e)) { styles.set(e, e.getAttribute('style')); e.style.setProperty('-webkit-text-security', 'disc', 'important'); } };
// A field that becomes one while a picture is taken is covered before it is filled.
secrets.add = e => { Set.prototype.add.call(secrets, e); if (veiling) cover(e); return secrets; };
function veil(on) {
  veiling = on;
  for (const e of secrets) {
    if (!e.isConnected) { secrets.delete(e); styles.delete(e); continue; }
    if (on) cover(e);
    if (!on && styles.has(e)) { const s = styles.get(e); styles.delete(e); if (s === null) e.removeAttribute('style'); else e.setAttribute('style', s); }
  }
  return secrets.size;
}
