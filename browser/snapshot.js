// The document of a frame as HTML that needs nothing else and runs nothing: a function that is called with a handle
// (0 for none), and gives the pieces of text between what others fill in, files by address and frames by handle.
(mark, limit) => {
  const {rootOf, keep, secrets} = __aether.of;
  const target = mark ? __aether.element(mark) : null;
  // The element is marked by a style at the end of the document or shadow root that it is in.
  const home = target && target.getRootNode();
  const marks = root => { if (root === home) text += '<style data-aether-mark="">[data-aether-target]{outline:3px solid #e5484d!important;outline-offset:2px!important}</style>'; };
  const parts = [], slots = [];
  const until = performance.now() + limit;
  let text = '', nodes = 0, cut = false;
  const slot = s => { parts.push(text); text = ''; slots.push(s); };
  const inText = s => s.replace(/[&<>\u00a0]/g, c => ({'&': '&amp;', '<': '&lt;', '>': '&gt;', '\u00a0': '&nbsp;'})[c]);
  const inValue = s => s.replace(/[&"<>\u00a0]/g, c => ({'&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;', '\u00a0': '&nbsp;'})[c]);
  const inStyle = s => s.replace(/<\/(style)/gi, '<\\/$1').replace(/<!--/g, '<\\!--');

  const gone = /^(script|noscript|base|object|embed|applet|portal|fencedframe)$/;
  const empty = /^(area|br|col|hr|img|input|link|meta|source|track|wbr|param)$/;
  const raw = /^(xmp|plaintext|noembed|noframes|listing)$/;
  const named = /^[^\s"'<>/=\u0000-\u001f]+$/;
  const never = /^(on|srcdoc$|srcset$|imagesrcset$|ping$|nonce$|integrity$|autofocus$|poster$|background$|http-equiv$|data-aether-)/i;
  const leads = /^(href|action|formaction|xlink:href|cite|longdesc|data|manifest)$/i;
  const telling = /((?:^|[?&;#])[^=&;#?]*(?:pass|pwd|secret|token|key|auth|session|sid|sig|code|nonce|csrf|xsrf|jwt|otp|ticket|credential)[^=&;#]*=)[^&;#]*/gi;
  const tidy = url => /^\s*(javascript|vbscript):/i.test(url) ? '#' : /^data:/i.test(url) ? (url.length > 100 ? '#' : url) : url.replace(/^([a-z+.-]+:\/\/)[^/@?#]*@/i, '$1').replace(telling, '$1***');

  // hidden says whether what a field holds is nobody's business.
  const hidden = e => /^(password|hidden|file)$/.test(e.type) || secrets.has(e) || /password|one-time-code|^cc-/.test(e.getAttribute('autocomplete') || '') || veiled(e);
  const veiled = e => { const how = getComputedStyle(e).webkitTextSecurity; return !!how && how !== 'none'; };

  const sheet = s => { try { return [...s.cssRules].map(r => r instanceof CSSImportRule ? (r.styleSheet ? sheet(r.styleSheet) : '') : r.cssText).join('\n'); } catch { return null; } };
  const imports = s => { try { return [...s.cssRules].some(r => r instanceof CSSImportRule); } catch { return false; } };
  function styles(list) {
    for (const s of list || []) { const css = sheet(s); if (css) text += '<style>' + inStyle(css) + '</style>'; }
  }

  function attributes(e, name) {
    const own = e.localName === 'input' ? (hidden(e) ? null : e.value) : undefined;
    for (const a of e.attributes) {
      let v = a.value;
      if (!named.test(a.name) || never.test(a.name)) continue;
      if (own !== undefined && /^(value|checked)$/.test(a.name)) {
        if (a.name === 'value' && own !== null && /^(checkbox|radio|submit|button|reset|image)$/.test(e.type)) text += ` value="${inValue(v)}"`;
        continue;
      }
      if (a.name === 'src') {
        if (/^(img|input)$/.test(name)) { picture(e.currentSrc || e.src || v); continue; }
        if (/^(iframe|frame|video|audio|source|track)$/.test(name)) { text += ` data-aether-src="${inValue(tidy(v))}"`; continue; }
      }
      if (e.namespaceURI !== 'http://www.w3.org/1999/xhtml' && /^(xlink:)?href$/.test(a.name)) {
        if (name === 'image') { text += ' href="'; slot({file: new URL(v, e.baseURI).href}); text += '"'; continue; }
        if (!v.startsWith('#') && name !== 'a') continue;
      }
      if (leads.test(a.name)) v = tidy(v);
      if (e.localName === 'option' && a.name === 'selected') continue;
      text += ` ${a.name}="${inValue(v)}"`;
    }
    if (e.localName === 'input' && own !== null) {
      if (/^(checkbox|radio)$/.test(e.type)) { if (e.checked) text += ' checked=""'; }
      else if (!/^(submit|button|reset|image)$/.test(e.type) && own !== '') text += ` value="${inValue(own)}"`;
    }
    if (e.localName === 'option' && e.selected) text += ' selected=""';
    if (e === target) text += ' data-aether-target=""';
  }
  function picture(url) {
    if (!url) return;
    text += ' src="';
    if (/^data:image\//i.test(url)) { if (url.length < 2e5) text += inValue(url); } else if (/^(https?|blob|file):/i.test(url)) slot({file: url});
    text += '"';
  }

  function element(e) {
    const html = e.namespaceURI === 'http://www.w3.org/1999/xhtml', name = html ? e.localName : e.nodeName;
    if (gone.test(name.toLowerCase()) || !named.test(name)) return;
    if (html && name === 'meta') { if (!e.hasAttribute('http-equiv') && !e.hasAttribute('charset') && !/csrf|token|key|nonce|verif/i.test(e.getAttribute('name') || e.getAttribute('property') || '')) { text += '<meta'; attributes(e, name); text += '>'; } return; }
    if (html && name === 'link') {
      if (!/\bstylesheet\b/i.test(e.rel) || !e.sheet || e.sheet.disabled) return;
      const css = imports(e.sheet) ? sheet(e.sheet) : null;
      if (css !== null) { text += `<style data-aether-href="${inValue(tidy(e.href))}">` + inStyle(css) + '</style>'; return; }
      text += `<link rel="stylesheet" media="${inValue(e.media || 'all')}" href="`;
      slot({file: e.href});
      text += '">';
      return;
    }
    if (html && name === 'style') {
      const own = e.textContent;
      const css = !own.trim() || e.sheet && imports(e.sheet) ? e.sheet && sheet(e.sheet) || '' : own;
      text += '<style' + (e.media ? ` media="${inValue(e.media)}"` : '') + '>' + inStyle(css) + '</style>';
      return;
    }
    const tag = raw.test(name) ? 'pre' : name;
    text += '<' + tag;
    attributes(e, name);
    if (html && /^(iframe|frame)$/.test(name)) {
      text += ' srcdoc="';
      slot({frame: keep(e)});
      text += '"></' + tag + '>';
      return;
    }
    text += '>';
    if (html && empty.test(name)) return;
    const root = rootOf(e);
    if (root) {
      text += `<template shadowrootmode="${root.mode}"${root.delegatesFocus ? ' shadowrootdelegatesfocus=""' : ''}>`;
      styles(root.adoptedStyleSheets);
      children(root);
      marks(root);
      text += '</template>';
    }
    if (html && name === 'textarea') { if (!hidden(e)) text += '\n' + inText(e.value); } else if (html && name === 'template') { /* it shows nothing */ } else if (secrets.has(e)) { text += '***'; } else {
      if (html && name === 'pre' && e.firstChild && e.firstChild.nodeType === 3 && e.firstChild.data.startsWith('\n')) text += '\n';
      if (html && name === 'head') text += '<meta charset="utf-8">';
      children(e);
      if (html && name === 'head') styles(document.adoptedStyleSheets);
    }
    text += '</' + tag + '>';
  }
  function children(n) {
    for (let c = n.firstChild; c; c = c.nextSibling) {
      if (++nodes % 500 === 0 && (performance.now() > until || nodes > 200000)) cut = true;
      if (cut) return;
      if (c.nodeType === 1) element(c);
      else if (c.nodeType === 3) text += inText(c.data);
    }
  }

  const type = document.doctype;
  if (type) text += '<!doctype ' + (named.test(type.name) ? type.name : 'html') + (type.publicId ? ` public "${inValue(type.publicId)}"` : '') + '>';
  if (document.documentElement) element(document.documentElement);
  marks(document);
  parts.push(text);
  return {parts, slots, cut, url: location.href, title: document.title, width: innerWidth, height: innerHeight, x: Math.round(scrollX), y: Math.round(scrollY), length: document.documentElement ? document.documentElement.scrollHeight : 0};
}
