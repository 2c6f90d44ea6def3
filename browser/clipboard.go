package browser

import (
	"context"
	"errors"

	"github.com/aether-rpa/aether/selector"
)

// A page may not look into the clipboard by itself. A person pastes into a field and copies out of one, and so does this:
// the field is there for that moment only, out of sight, and the page's own listeners hear nothing of it. What had the
// focus gets it back, with what was marked in it.
const (
	clipBegin = `(text => {
		const had = document.activeElement, range = had && 'selectionStart' in had ? [had.selectionStart, had.selectionEnd] : null;
		const host = document.createElement('div');
		host.style.cssText = 'position:fixed;left:-9999px;top:0;width:10px;height:10px';
		const field = document.createElement('textarea');
		host.attachShadow({mode: 'closed'}).append(field);
		for (const n of ['keydown', 'keypress', 'keyup', 'copy', 'paste', 'cut', 'beforeinput', 'input', 'focusin', 'focusout']) host.addEventListener(n, e => e.stopPropagation());
		document.documentElement.append(host);
		field.value = text;
		field.focus({preventScroll: true});
		field.select();
		__aether.clip = {field, done() {
			const v = field.value;
			host.remove();
			if (had && had.isConnected && had !== document.body) {
				had.focus({preventScroll: true});
				if (range) try { had.setSelectionRange(...range); } catch { /* fields of some types have no selection */ }
			}
			delete __aether.clip;
			return v;
		}};
		return true;
	})`
	clipEnd = `__aether.of.macrotask().then(() => __aether.clip ? {text: __aether.clip.done()} : {gone: true})`
)

// Pasted is the text in the clipboard, "" for none. The page must be one of a site: a picture or a PDF has no fields.
func (p *Page) Pasted(ctx context.Context) (string, error) {
	return p.clip(ctx, "", Key{Name: "v", Mods: 2})
}

// Copied puts a text into the clipboard.
func (p *Page) Copied(ctx context.Context, text string) error {
	if text == "" {
		return errors.New("nothing cannot be copied: a browser leaves the clipboard as it is then")
	}
	_, err := p.clip(ctx, text, Key{Name: "c", Mods: 2})
	return err
}

func (p *Page) clip(ctx context.Context, text string, k Key) (string, error) {
	ctx, end := p.begin(ctx)
	defer end()
	fail := func(err error) error { return p.ended(ctx, "read", selector.Target{}, nil, err) }
	if err := p.Front(ctx); err != nil {
		return "", fail(err)
	}
	if err := p.Eval(ctx, p.main(), clipBegin+"("+js(text)+")", nil); err != nil {
		return "", fail(err)
	}
	pressed := p.Keys(ctx, k)
	var r struct {
		Text string `json:"text"`
		Gone bool   `json:"gone"`
	}
	if err := p.Eval(ctx, p.main(), clipEnd, &r); err != nil {
		return "", fail(err)
	}
	if pressed != nil {
		return "", fail(pressed)
	}
	if r.Gone {
		return "", &Failure{Kind: Navigation, Action: "read", Detail: "the page went away meanwhile"}
	}
	return r.Text, nil
}
